import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import TOML from '@iarna/toml';
import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../src/alerts/alerts.ts';
import { grafanaGroups } from '../../src/alerts/grafana.ts';
import { layoutOf } from '../../src/base/layout.ts';
import { ROLES_OF_TYPE } from '../../src/contract/install-type.ts';
import { templateContext } from '../../src/manifest/context.ts';
import { loadHostPromises, OWN_TEMPLATES } from '../../src/manifest/host-promises.ts';
import { loadManifests } from '../../src/manifest/load.ts';
import { loadRetention } from '../../src/manifest/retention.ts';
import { fixedSettings } from '../helpers/fixed-settings.ts';
import { renderTemplates } from '../helpers/render-templates.ts';

/*
 * What the templates make, for three installations. Look at the difference before you take it over:
 * npx vitest run --project golden --update
 */

const FOLDER = join(import.meta.dirname, '../../vendor-manifests');
const RETENTION = await loadRetention(FOLDER);
const MANIFESTS = await loadManifests(FOLDER);
const HOST = await loadHostPromises(FOLDER);
const TYPES = ['all', 'server', 'agent'] as const;

/** Every file of an installation with every provider: path → text. */
async function filesOf(type: (typeof TYPES)[number], component: string): Promise<[string, string][]> {
  const [settings, layout] = [fixedSettings(type), layoutOf('/srv/dkm')];
  // Rules of the store's own metrics are there where one was chosen.
  const chosen = { ...settings, install: { ...settings.install, providers: { store: type === 'server' ? 'carbon-cache' : 'go-carbon' } } };
  const alerts = grafanaGroups(alertsOf({ manifests: MANIFESTS, host: HOST, settings: chosen, layout, promiseSettings: undefined }));
  const context = templateContext(component, settings, layout, RETENTION, alerts);
  return [...(await renderTemplates(component, context))];
}

/** A template that is copied as it is has nothing to compare with but itself. */
const isCopied = (component: string, path: string): boolean => existsSync(join(import.meta.dirname, '../../templates', component, path));

/** Dashboards are pages of JSON made of src/dashboards; dashboards.test.ts compares what they show. */
const isDashboard = (path: string): boolean => path.startsWith('conf/dashboards/');

const CASES = TYPES.flatMap((type) =>
  [OWN_TEMPLATES, ...MANIFESTS.filter(({ role }) => ROLES_OF_TYPE[type].includes(role)).map(({ name }) => name)].map((name) => [type, name] as const),
);

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.each(CASES)('%s: %s', (type, component) => {
  it('makes the files it made before', async () => {
    const filledIn = (await filesOf(type, component)).filter(([path]) => !isCopied(component, path) && !isDashboard(path));
    for (const [path, text] of filledIn) await expect(text).toMatchFileSnapshot(join('templates', type, component, path));
  });

  it('makes TOML and JSON that can be read', async () => {
    for (const [path, text] of await filesOf(type, component)) {
      if (/\.toml$|telegraf\.conf$/.test(path)) expect(() => TOML.parse(text), path).not.toThrow();
      if (path.endsWith('.json')) expect(() => JSON.parse(text) as unknown, path).not.toThrow();
    }
  });

  it.skipIf(!hasPython)('makes Python that compiles (skipped without python3: apt-get install python3)', async () => {
    const modules = (await filesOf(type, component)).filter(([path]) => path.endsWith('.py'));
    for (const [path, text] of modules) {
      const compiled = spawnSync('python3', ['-c', 'import sys; compile(sys.stdin.read(), sys.argv[1], "exec")', path], { input: text, encoding: 'utf8' });
      expect(compiled.stderr, path).toBe('');
    }
  });

  it('leaves no address open that the settings did not', async () => {
    const everywhere = (await filesOf(type, component)).filter(([, text]) => /^[^#]*\b0\.0\.0\.0\b/m.test(text)).map(([path]) => path);
    expect(everywhere.filter(() => type !== 'server')).toEqual([]);
  });
});
