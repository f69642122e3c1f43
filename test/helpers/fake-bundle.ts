import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../../src/base/digest.ts';
import { listTree } from '../../src/base/files.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { BUNDLE_FILE, formatBundle, type Bundle } from '../../src/contract/bundle.ts';
import { parseManifest } from '../../src/manifest/load.ts';

/** A component of a fake bundle: its manifest, and its files and templates by path. */
export interface FakeComponent {
  manifest: string;
  /** Below components/<name>/; a file beginning with `#!` is executable, `-> target` is a link. */
  files?: Record<string, string>;
  /** Below templates/<name>/. */
  templates?: Record<string, string>;
  /** False: manifest and templates only. */
  bundled?: boolean;
}

/** What a fake bundle differs in from the usual one. */
export interface FakeBundleOptions {
  version?: string;
  components?: FakeComponent[];
  missing?: Bundle['missing'];
  change?: (bundle: Bundle) => Bundle;
}

/** A program that runs until it is ended. */
const SLEEPER = '#!/bin/sh\nexec sleep 3600\n';

function manifest(name: string, role: string, more: string): string {
  return `name = "${name}"
title = "${name[0]?.toUpperCase()}${name.slice(1)}"
description = "Stands in for a ${role}."
homepage = "https://example.org/${name}"
version = "1.2.3"
licence = "MIT"
role = "${role}"
preference = ${name.endsWith('-2') ? 2 : 1}
${more}
[[sources]]
kind = "built-in"
`;
}

const service = (ready: string): string => `
[service]
command = ["{{component}}/bin/serve"]
${ready}
`;

/** The usual components, one for each role, with what real ones need: ports, directories, links, secrets, templates. */
export const FAKE_COMPONENTS: FakeComponent[] = [
  {
    manifest:
      manifest('store', 'store', `directories = ["storage/whisper"]`) +
      `[[ports]]\nname = "carbon"\nprotocols = ["tcp", "udp"]\nlisten = "carbon"\ntitle = "Metrics"\n[[ports]]\nname = "storeHttp"\nlisten = "loopback"\ntitle = "Store's own HTTP"\n` +
      service(`ready = { kind = "tcp", port = "carbon" }`),
    files: { 'bin/serve': SLEEPER, 'share/notes.txt': 'notes\n', 'share/latest': '-> notes.txt' },
    templates: { 'conf/store/store.toml.hbs': 'data = {{quote (path dir.storage "whisper")}}\nlisten = {{quote (address listen.carbon port.carbon)}}\n' },
  },
  {
    manifest:
      manifest('query', 'query', '') +
      `[[ports]]\nname = "query"\nlisten = "query"\ntitle = "Graphite query API"\n` +
      service(`ready = { kind = "tcp", port = "query" }`),
    files: { 'bin/serve': SLEEPER },
    templates: { 'conf/query.yaml.hbs': 'listen: {{quote (address listen.query port.query)}}\n' },
  },
  {
    manifest:
      manifest(
        'dashboards',
        'dashboards',
        `directories = ["storage/dashboards/db"]\nsecrets = ["admin-password", "session-key"]\nlinks = { static = "current/components/dashboards/public" }`,
      ) +
      `[[ports]]\nname = "dashboards"\nlisten = "dashboards"\ntitle = "Dashboards"\n` +
      service(`ready = { kind = "tcp", port = "dashboards" }`),
    files: { 'bin/serve': SLEEPER, 'public/index.html': '<!doctype html>\n' },
    templates: {
      'conf/dashboards/main.ini.hbs': 'password_file = {{quote (secret "admin-password")}}\nserver = {{quote (url connect.query)}}\n',
      'conf/dashboards/host.json': '{ "legend": "{{name}}" }\n',
    },
  },
  {
    manifest: manifest('collectd', 'collector', `directories = ["conf/collectd.d"]`) + service(`ready = { kind = "file", path = "{{dir.run}}/collectd.pid" }`),
    files: { 'bin/serve': SLEEPER },
    templates: { 'conf/collectd.conf.hbs': 'Hostname {{quote host.reversed}}\nServer {{quote connect.carbon.host}} {{connect.carbon.port}}\n' },
  },
];

/** Makes an unpacked bundle in `root`, which must not exist, and returns its bundle.json's content. */
export async function makeFakeBundle(
  root: string,
  { version = '1.0.0', components = FAKE_COMPONENTS, missing = [], change = (bundle) => bundle }: FakeBundleOptions = {},
): Promise<Bundle> {
  write(join(root, 'installer'), '#!/bin/sh\necho installer\n');
  write(join(root, 'licenses', 'dkm', 'LICENSE'), 'A licence.\n');
  for (const component of components) writeComponent(root, component);
  const files: Bundle['files'] = {};
  for (const path of await listTree(root)) files[path] = describeFile(join(root, path));
  const bundle = change({
    schema: 1,
    name: 'dkm',
    version,
    platform: currentPlatform(),
    components: components.filter(isBundled).map((component) => describeComponent(component)),
    missing,
    files,
  });
  write(join(root, BUNDLE_FILE), formatBundle(bundle));
  return bundle;
}

function isBundled({ bundled = true }: FakeComponent): boolean {
  return bundled;
}

function writeComponent(root: string, component: FakeComponent): void {
  const { name } = parseManifest(component.manifest, 'fake.toml');
  write(join(root, 'vendor-manifests', `${name}.toml`), component.manifest);
  for (const [path, text] of Object.entries(component.templates ?? {})) write(join(root, 'templates', name, path), text);
  if (!isBundled(component)) return;
  for (const [path, text] of Object.entries(component.files ?? {})) write(join(root, 'components', name, path), text);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (text.startsWith('-> ')) {
    symlinkSync(text.slice(3), path);
    return;
  }
  writeFileSync(path, text);
  chmodSync(path, text.startsWith('#!') ? 0o755 : 0o644);
}

function describeFile(path: string): Bundle['files'][string] {
  if (lstatSync(path).isSymbolicLink()) return { link: readlinkSync(path) };
  const { size, mode } = statSync(path);
  return { sha256: sha256(readFileSync(path)), size, executable: (mode & 0o100) !== 0 };
}

function describeComponent(component: FakeComponent): Bundle['components'][number] {
  const { name, title, version, role, preference, licence } = parseManifest(component.manifest, 'fake.toml');
  const texts = Object.values(component.files ?? {});
  const size = texts.reduce((sum, text) => sum + text.length, 0);
  return { name, title, version, role, preference, licence, source: 'built-in', verified: 'local', artifacts: [], size, files: texts.length };
}
