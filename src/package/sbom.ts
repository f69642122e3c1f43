import { sha256 } from '../base/digest.ts';
import type { BundledArtifact, BundledComponent } from '../contract/bundle.ts';
import type { AnySpec } from '../sources/api.ts';
import type { NpmPackage } from './npm-packages.ts';
import { artifactPurl, npmPurl } from './purl.ts';

/** A bundled component and the kind of source it came from. */
export interface SbomComponent extends BundledComponent {
  spec: AnySpec;
  description: string;
  homepage: string;
  /** Licence expressions of its artifacts, where they differ from its own. */
  artifactLicences: Record<string, string>;
}

export interface SbomInput {
  version: string;
  platform: string;
  /** SHA-256 of the executable. */
  executable: string;
  components: readonly SbomComponent[];
  packages: readonly NpmPackage[];
}

interface Part {
  type: 'application' | 'library' | 'file';
  'bom-ref': string;
  name: string;
  version?: string;
  description?: string;
  licenses?: { expression: string }[];
  hashes?: { alg: 'SHA-256'; content: string }[];
  purl?: string;
  externalReferences?: { type: 'website' | 'vcs'; url: string }[];
  properties?: { name: string; value: string }[];
  components?: Part[];
}

/**
 * The bundle's parts in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). Pure; it holds no time, and its serial
 * number comes from its content: the same bundle gives the same text.
 */
export function sbomOf(input: SbomInput): string {
  const ref = `dkm@${input.version}`;
  const components = [...input.components.map(componentPart), ...input.packages.map(packagePart)];
  const content = {
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': ref,
        name: 'dkm',
        version: input.version,
        licenses: [{ expression: 'Apache-2.0' }],
        hashes: [{ alg: 'SHA-256', content: input.executable }],
        properties: [{ name: 'dkm:platform', value: input.platform }],
      },
    },
    components,
    dependencies: [{ ref, dependsOn: components.map((part) => part['bom-ref']) }, ...components.map((part) => ({ ref: part['bom-ref'] }))],
  };
  const serial = uuidOf(sha256(JSON.stringify(content)));
  return `${JSON.stringify({ $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${serial}`, ...content }, null, 1)}\n`;
}

/** A UUID made of a digest: version 8, RFC 9562. */
function uuidOf(digest: string): string {
  const variant = ((Number.parseInt(digest[16] ?? '0', 16) & 3) | 8).toString(16);
  return [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `${variant}${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-');
}

function componentPart(component: SbomComponent): Part {
  const { name, version, description, licence, homepage, source, verified, role, artifacts } = component;
  const ref = `component:${name}`;
  const [only] = artifacts;
  const isOne = artifacts.length === 1 && only !== undefined;
  return {
    type: 'application',
    'bom-ref': ref,
    name,
    version,
    description,
    licenses: [{ expression: licence }],
    ...(isOne && { hashes: [{ alg: 'SHA-256', content: only.sha256 }], purl: artifactPurl(component.spec, only, component) }),
    externalReferences: [{ type: 'website', url: homepage }],
    properties: Object.entries({ role, source, verified, ...(isOne && { origin: only.origin }) }).map(([key, value]) => ({ name: `dkm:${key}`, value })),
    ...(artifacts.length > 1 && { components: artifacts.map((artifact) => artifactPart(ref, component, artifact)) }),
  };
}

function artifactPart(parent: string, component: SbomComponent, artifact: BundledArtifact): Part {
  const licence = component.artifactLicences[artifact.file];
  return {
    type: 'library',
    'bom-ref': `${parent}/${artifact.file}`,
    name: artifact.file,
    ...(licence !== undefined && { licenses: [{ expression: licence }] }),
    hashes: [{ alg: 'SHA-256', content: artifact.sha256 }],
    purl: artifactPurl(component.spec, artifact, component),
    properties: [
      { name: 'dkm:origin', value: artifact.origin },
      { name: 'dkm:verified', value: artifact.verified },
    ],
  };
}

function packagePart({ name, version, licence, repository }: NpmPackage): Part {
  return {
    type: 'library',
    'bom-ref': `npm:${name}@${version}`,
    name,
    version,
    licenses: [{ expression: licence }],
    purl: npmPurl(name, version),
    ...(/^https?:\/\//.test(repository) && { externalReferences: [{ type: 'vcs', url: repository }] }),
  };
}
