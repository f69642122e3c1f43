import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { render, templateContext } from '../../../src/manifest/context.ts';
import { loadManifest } from '../../../src/manifest/load.ts';
import { loadRetention } from '../../../src/manifest/retention.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/*
 * What the templates make, read by the programs they are for: each component's own `check`, in a
 * directory whose name is none of the easy ones.
 */

const MANIFESTS = join(import.meta.dirname, '../../../vendor-manifests');
const ARTIFACTS = process.env['DKM_TEST_ARTIFACTS'] ?? '';

/** Installs a component's configuration and runs the checks of its manifest; what failed, with what it said. */
async function check(component: string, program: { path: string; as: string } | { system: string }): Promise<string[]> {
  const layout = layoutOf(join(temporaryDirectory(), "a b é'c"));
  const settings: Settings = fixedSettings('all');
  if ('system' in program) settings.install.system_collectd = program.system;
  const context = templateContext(component, settings, layout, await loadRetention(MANIFESTS));
  const manifest = await loadManifest(join(MANIFESTS, `${component}.toml`));
  for (const folder of [layout.logs, ...manifest.directories.map((own) => join(layout.root, own))]) await mkdir(folder, { recursive: true });
  if ('path' in program) {
    await mkdir(dirname(join(context.component, program.as)), { recursive: true });
    await symlink(program.path, join(context.component, program.as));
  }
  for (const [path, text] of await renderTemplates(component, context)) {
    await mkdir(dirname(join(layout.root, path)), { recursive: true });
    await writeFile(join(layout.root, path), text);
  }
  return failuresOf([...manifest.service!.before_start, ...manifest.service!.check], manifest.service!.directory, (text) => render(text, context, component));
}

async function failuresOf(commands: string[][], directory: string, fill: (text: string) => string): Promise<string[]> {
  const failures: string[] = [];
  for (const command of commands) {
    const [program = '', ...args] = command.map(fill);
    const { code, stdout, stderr } = await run(program, args, { cwd: fill(directory), timeoutMs: 30_000 });
    if (code !== 0) failures.push(`${program} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  }
  return failures;
}

describe('the configuration from templates is accepted by', () => {
  it.for(['go-carbon', 'carbonapi', 'telegraf'])('%s', async (name, { skip }) => {
    const path = join(ARTIFACTS, name);
    skip(ARTIFACTS === '' || !existsSync(path), `DKM_TEST_ARTIFACTS names no folder with the program ${name}`);
    expect(await check(name, { path, as: `bin/${name}` })).toEqual([]);
  });

  it('collectd', async ({ skip }) => {
    const system = '/usr/sbin/collectd';
    skip(!existsSync(system), 'no system collectd here: apt-get install collectd-core');
    expect(await check('collectd', { system })).toEqual([]);
  });
});
