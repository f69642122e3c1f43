import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../base/digest.ts';
import { existsAs, listTree } from '../base/files.ts';
import type { Platform } from '../base/platform.ts';
import { BUNDLE_FILE, formatBundle, type Bundle, type BundledComponent } from '../contract/bundle.ts';
import { OWN_TEMPLATES, PROMISES_FILE } from '../manifest/host-promises.ts';
import { RETENTION_FILE } from '../manifest/retention.ts';
import { knownLicence } from './licences.ts';
import { nodeVersion } from './node-runtime.ts';
import type { NpmPackage } from './npm-packages.ts';
import { missingInBundle, type Missing, type Obtained } from './obtain.ts';
import { sbomOf, type SbomComponent } from './sbom.ts';
import type { StagedComponent } from './stage.ts';
import { thirdPartyList } from './third-party.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A component with everything that goes into the bundle. */
export type BundleComponent = StagedComponent & Pick<Obtained, 'verified'>;

export interface AssembleInput {
  version: string;
  platform: Platform;
  executable: string;
  components: readonly BundleComponent[];
  /** Manifests that go along without their components: what the machine has may take their place. */
  alongside: readonly Manifest[];
  missing: readonly Missing[];
  packages: readonly NpmPackage[];
  manifestsFolder: string;
  templatesFolder: string;
  /** dkm's manual page: what its command line says, in roff. */
  manualPage: string;
  /** The project's own folder: LICENSE and NOTICE are in it. */
  project: string;
}

export const SBOM_FILE = 'sbom.cdx.json';
/** Where `man` looks below a directory of MANPATH. */
const MANUAL_PAGE = 'share/man/man1/dkm.1';

/** Puts the bundle together in an empty directory and returns its bundle.json's content. */
export async function assembleBundle(root: string, input: AssembleInput): Promise<Bundle> {
  const files: Bundle['files'] = {};
  const { components, packages } = input;
  files['installer'] = await addFile(input.executable, join(root, 'installer'), true);
  for (const component of components) {
    const { name, role } = component.manifest;
    // The runtime is what the executable is made of; it is not there a second time.
    if (role !== 'runtime') await addTree(component.files, root, `components/${name}`, files);
    await addTree(component.licences, root, `licenses/${name}`, files);
  }
  for (const { name } of [...components.map(({ manifest }) => manifest), ...input.alongside]) await addManifest(input, name, root, files);
  for (const name of [PROMISES_FILE, RETENTION_FILE]) {
    if (existsAs(join(input.manifestsFolder, name))) await addNamed(input.manifestsFolder, name, root, 'vendor-manifests', files);
  }
  await addTemplates(input, OWN_TEMPLATES, root, files);
  for (const name of ['LICENSE', 'NOTICE']) if (existsAs(join(input.project, name))) await addNamed(input.project, name, root, 'licenses/dkm', files);
  await addText(root, MANUAL_PAGE, input.manualPage, files);
  const described = components.map((component) => describeComponent(component, input.platform, files));
  await addText(root, 'licenses/THIRD-PARTY.md', thirdPartyList(described, packages), files);
  for (const each of packages) {
    for (const [name, text] of Object.entries(each.texts)) await addText(root, `licenses/dkm/npm/${each.name}@${each.version}/${name}`, text, files);
  }
  const executable = files['installer'] as { sha256: string };
  const sbomComponents = described.map((each, index) => sbomComponent(each, components[index] as BundleComponent));
  await addText(
    root,
    SBOM_FILE,
    sbomOf({ version: input.version, platform: input.platform, executable: executable.sha256, components: sbomComponents, packages }),
    files,
  );
  const bundle: Bundle = {
    schema: 1,
    name: 'dkm',
    version: input.version,
    platform: input.platform,
    components: described,
    missing: missingInBundle(input.missing),
    files: Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  await writeFile(join(root, BUNDLE_FILE), formatBundle(bundle), { mode: 0o644 });
  return bundle;
}

/** Every file of a bundle in the order in which it is packed: what describes it comes first. */
export function archiveOrder(bundle: Bundle): string[] {
  return [BUNDLE_FILE, ...Object.keys(bundle.files)];
}

async function addManifest(input: AssembleInput, name: string, root: string, files: Bundle['files']): Promise<void> {
  await addNamed(input.manifestsFolder, `${name}.toml`, root, 'vendor-manifests', files);
  await addTemplates(input, name, root, files);
}

async function addTemplates({ templatesFolder }: AssembleInput, name: string, root: string, files: Bundle['files']): Promise<void> {
  const templates = join(templatesFolder, name);
  if (existsAs(templates)) await addTree(templates, root, `templates/${name}`, files);
}

async function addNamed(from: string, name: string, root: string, folder: string, files: Bundle['files']): Promise<void> {
  files[`${folder}/${name}`] = await addFile(join(from, name), join(root, folder, name), false);
}

async function addText(root: string, path: string, text: string, files: Bundle['files']): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, text, { mode: 0o644 });
  await chmod(target, 0o644);
  files[path] = { sha256: sha256(text), size: Buffer.byteLength(text), executable: false };
}

async function addTree(from: string, root: string, below: string, files: Bundle['files']): Promise<void> {
  for (const path of await listTree(from)) {
    const source = join(from, path);
    const target = join(root, below, path);
    const status = await lstat(source);
    if (status.isSymbolicLink()) files[`${below}/${path}`] = { link: await addLink(await readlink(source), target) };
    else files[`${below}/${path}`] = await addFile(source, target, (status.mode & 0o100) !== 0);
  }
}

async function addLink(link: string, target: string): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  await symlink(link, target);
  return link;
}

/** Smaller files are read whole. */
const WHOLE_FILE_BYTES = 1 << 20;

/** Copies a file, hashing it on the way: a bundle's digests are those of what was written. */
async function addFile(from: string, to: string, executable: boolean): Promise<{ sha256: string; size: number; executable: boolean }> {
  await mkdir(dirname(to), { recursive: true });
  const mode = executable ? 0o755 : 0o644;
  const { size } = await lstat(from);
  const digest = size > WHOLE_FILE_BYTES ? await copyHashed(from, to) : await copyWhole(from, to);
  await chmod(to, mode); // whatever the umask
  return { sha256: digest, size: (await lstat(to)).size, executable };
}

async function copyWhole(from: string, to: string): Promise<string> {
  const content = await readFile(from);
  await writeFile(to, content);
  return sha256(content);
}

async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  const source = createReadStream(from, { highWaterMark: 1 << 17 });
  source.on('data', (chunk) => hash.update(chunk));
  await pipeline(source, createWriteStream(to));
  return hash.digest('hex');
}

function describeComponent({ manifest, spec, artifacts, verified }: BundleComponent, platform: Platform, files: Bundle['files']): BundledComponent {
  const own = Object.entries(files).filter(([path]) => path.startsWith(`components/${manifest.name}/`));
  const hint = `Correct licence in vendor-manifests/${manifest.name}.toml.`;
  return {
    name: manifest.name,
    title: manifest.title,
    version: manifest.role === 'runtime' ? nodeVersion({ manifest, spec }, platform) : manifest.version,
    role: manifest.role,
    preference: manifest.preference,
    licence: knownLicence(manifest.name, manifest.licence, hint),
    source: spec.kind,
    verified,
    artifacts: artifacts.map(({ file, sha256: digest, size, origin, verified: level }) => ({ file, sha256: digest, size, origin, verified: level })),
    size: own.reduce((sum, [, file]) => sum + ('size' in file ? file.size : 0), 0),
    files: own.length,
  };
}

function sbomComponent(bundled: BundledComponent, { manifest, spec, artifacts }: BundleComponent): SbomComponent {
  const artifactLicences = Object.fromEntries(
    artifacts.flatMap(({ file, licence }) => (licence === undefined ? [] : [[file, knownLicence(`${manifest.name}: ${file}`, licence, '')]])),
  );
  return { ...bundled, spec, description: manifest.description, homepage: manifest.homepage, artifactLicences };
}
