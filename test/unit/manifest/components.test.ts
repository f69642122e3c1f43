import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import semver from 'semver';
import parseSpdx from 'spdx-expression-parse';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { render, templateContext } from '../../../src/manifest/context.ts';
import { OWN_TEMPLATES } from '../../../src/manifest/host-promises.ts';
import { loadManifests } from '../../../src/manifest/load.ts';
import type { Manifest, ServiceManifest } from '../../../src/manifest/schema.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MANIFESTS = await loadManifests(join(ROOT, 'vendor-manifests'));

/** Every text of a service in which something may be filled in. */
function templatesOf(service: ServiceManifest): string[] {
  const probes = [service.ready, service.health.probe].flatMap((probe) => (probe?.kind === 'http' ? [probe.url] : probe?.kind === 'file' ? [probe.path] : []));
  return [
    ...service.command,
    ...service.before_start.flat(),
    ...service.check.flat(),
    ...Object.values(service.environment),
    service.directory,
    ...(service.log === undefined ? [] : [service.log]),
    ...probes,
  ];
}

const licencesOf = ({ licence, sources }: Manifest): string[] => [
  licence,
  ...sources.flatMap((source) => (source.kind === 'pypi' ? source.packages.map((own) => own.licence) : [])),
];

describe.each(MANIFESTS.map((manifest) => [manifest.name, manifest] as const))('%s', (name, manifest) => {
  const context = templateContext(name, fixedSettings('all'), layoutOf('/srv/dkm'));

  it('states its licences as SPDX', () => {
    for (const licence of licencesOf(manifest)) expect(() => parseSpdx(licence)).not.toThrow();
  });

  it('fills in whatever its service asks for, and starts absolute programs', () => {
    const { service } = manifest;
    if (service === undefined) return;
    for (const template of templatesOf(service)) expect(() => render(template, context, name)).not.toThrow();
    for (const [program] of [service.command, ...service.before_start, ...service.check]) expect(render(program!, context, name)).toMatch(/^\//);
  });

  it('claims to open its log anew only where it is told the name of the file', async () => {
    const { service } = manifest;
    if (service === undefined || service.reopen === 'restart') return;
    const files = await renderTemplates(name, { ...context, retention: { rule: [], aggregation: [] }, alerts: [] });
    const told = [...service.command.map((template) => render(template, context, name)), ...[...files].map(([, text]) => text)];
    expect(told.some((text) => text.includes(context.dir.logs))).toBe(true);
  });

  it('waits for ports that are its own', () => {
    const { service, ports } = manifest;
    const probes = [service?.ready, service?.health.probe].filter((probe) => probe?.kind === 'tcp');
    expect(ports.map((port) => port.name)).toEqual(expect.arrayContaining(probes.map((probe) => probe.port)));
  });

  it('names the secrets that its templates read', async () => {
    const folder = join(ROOT, 'templates', name);
    const read = new Set<string>();
    for (const [path] of await renderTemplates(name, { ...context, retention: { rule: [], aggregation: [] }, alerts: [] })) {
      const source = [join(folder, `${path}.hbs`), join(folder, path)].find((file) => existsSync(file))!;
      for (const [, secret] of (await readFile(source, 'utf8')).matchAll(/\bsecret "([^"]+)"/g)) read.add(secret!);
    }
    expect([...read].sort()).toEqual([...manifest.secrets].sort());
  });

  it('has a Python range that is one', () => {
    if (manifest.requires.python !== undefined) expect(semver.validRange(manifest.requires.python)).not.toBeNull();
  });

  it('pins every package and file that names a digest for one', () => {
    for (const source of manifest.sources) {
      if (source.kind === 'pypi') expect(source.packages.filter(({ sha256 }) => sha256.length === 0)).toEqual([]);
      if (source.kind === 'npm') expect(Object.keys(source.integrity).sort()).toEqual(Object.keys(source.package).sort());
      if (source.kind === 'http') expect(source.checksum_url).toBeDefined();
    }
  });
});

describe('the components together', () => {
  it('leave no template folder without a manifest', async () => {
    const names = [OWN_TEMPLATES, ...MANIFESTS.map(({ name }) => name)];
    expect((await readdir(join(ROOT, 'templates'))).filter((folder) => !names.includes(folder))).toEqual([]);
  });

  it('have a component of every role', () => {
    expect(new Set(MANIFESTS.map(({ role }) => role))).toEqual(new Set(['runtime', 'store', 'query', 'dashboards', 'collector', 'extra']));
  });

  it('say the same of a Python package that two of them bring', () => {
    const seen = new Map<string, string>();
    for (const source of MANIFESTS.flatMap(({ sources }) => sources)) {
      if (source.kind !== 'pypi') continue;
      for (const own of source.packages) {
        const other = seen.get(own.name);
        if (other !== undefined) expect(JSON.stringify(own)).toBe(other);
        seen.set(own.name, JSON.stringify(own));
      }
    }
  });
});

describe('go-carbon and carbon-cache', () => {
  // Each brings the files whole, as a component's templates are its own; which of the two is installed must not matter to who edits them.
  it.each(['storage-schemas.conf.hbs', 'storage-aggregation.conf.hbs'])('have the same template of %s', async (file) => {
    const [one, other] = await Promise.all(['go-carbon', 'carbon-cache'].map((name) => readFile(join(ROOT, 'templates', name, 'conf/whisper', file), 'utf8')));
    expect(one).toBe(other);
  });
});
