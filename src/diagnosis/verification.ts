import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { sha256 } from '../base/digest.ts';
import { existsAs, listTree } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { bundleSize } from '../bundle/open.ts';
import { faultsOfFiles } from '../bundle/verify.ts';
import { BUNDLE_FILE, readBundle, type Bundle } from '../contract/bundle.ts';
import { readGenerated } from '../contract/generated.ts';
import { secretFindings } from './checks/permissions.ts';
import { configurationEntries } from '../redaction/configuration-files.ts';
import { linkFaults } from './links.ts';
import type { Scene } from './scene.ts';

/*
 * `dkm verify`: is what is installed what the bundle brought? Configuration is the administrator's: edits are told, and
 * are no fault.
 */

/** One version below versions/. */
export interface VerifiedVersion {
  version: string;
  inUse: boolean;
  files: number;
  faults: string[];
}

/** What became of a configuration file since dkm wrote it. */
export type ConfigurationState = 'as-generated' | 'edited' | 'missing' | 'not-generated' | 'waiting';

export interface Verification {
  ok: boolean;
  versions: VerifiedVersion[];
  /** `bin/`, `current`, and the links of components. */
  links: string[];
  configuration: { path: string; state: ConfigurationState }[];
  secrets: string[];
  /** What could not be looked at. */
  unread: string[];
}

/** Called as files are read. */
export type OnVerified = (version: string, doneBytes: number, totalBytes: number) => void;

/** Compares an installed directory with what was installed. Never throws: what cannot be read is told. */
export async function verifyInstallation({ layout, components, settings }: Scene, onVerified: OnVerified = () => undefined): Promise<Verification> {
  const unread: string[] = [];
  const or = async <T>(otherwise: T, look: () => T | Promise<T>): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      unread.push(messageOf(error));
      return otherwise;
    }
  };
  const versions = await or([], () => verifiedVersions(layout, onVerified));
  const links = await or([], () => linkFaults(layout, components));
  const configuration = await or([], () => configurationStates(layout));
  const secrets = await or([], async () => [...missingSecrets(layout, components), ...(await secretFindings(layout)).map(({ what }) => what)]);
  if (settings === undefined) unread.push(`${layout.settings} cannot be read: links and secrets of components were not looked at. See: dkm doctor`);
  const isMissing = configuration.some(({ state }) => state === 'missing');
  const ok = versions.length > 0 && versions.every(({ faults }) => faults.length === 0) && links.length + secrets.length + unread.length === 0 && !isMissing;
  return { ok, versions, links, configuration, secrets, unread };
}

async function verifiedVersions({ versions, current }: Layout, onVerified: OnVerified): Promise<VerifiedVersion[]> {
  const inUse = basename(await readlink(current).catch(() => ''));
  const names = (await readdir(versions, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const verified: VerifiedVersion[] = [];
  // One after the other: each uses all the disk gives.
  for (const version of names.sort()) {
    const { files, faults } = await verifyFiles(join(versions, version), (done, total) => onVerified(version, done, total)).catch((error: unknown) => ({
      files: 0,
      faults: [messageOf(error)],
    }));
    verified.push({ version, inUse: version === inUse, files, faults });
  }
  return verified;
}

async function verifyFiles(root: string, onProgress: (doneBytes: number, totalBytes: number) => void): Promise<{ files: number; faults: string[] }> {
  const bundle = await readBundle(root);
  const total = bundleSize(bundle);
  const changed = await faultsOfFiles(root, bundle, (done) => onProgress(done, total));
  const added = (await listTree(root)).filter((path) => path !== BUNDLE_FILE && bundle.files[path] === undefined).map((path) => `${path}: was added`);
  return { files: Object.keys(bundle.files).length, faults: [...changed, ...added, ...(await modeFaults(root, bundle))].sort() };
}

async function modeFaults(root: string, bundle: Bundle): Promise<string[]> {
  const faults: string[] = [];
  for (const [path, expected] of Object.entries(bundle.files)) {
    if ('link' in expected) continue;
    const stat = await lstat(join(root, path)).catch(() => undefined);
    if (stat === undefined || !stat.isFile()) continue; // told already
    if (((stat.mode & 0o100) !== 0) !== expected.executable)
      faults.push(`${path}: ${expected.executable ? 'is not executable' : 'is executable and should not be'}`);
    if ((stat.mode & 0o022) !== 0) faults.push(`${path}: other users may change it (mode ${(stat.mode & 0o777).toString(8)})`);
  }
  return faults;
}

async function configurationStates(layout: Layout): Promise<Verification['configuration']> {
  const { files } = await readGenerated(layout.generated);
  const missing = Object.keys(files).filter((path) => !existsAs(join(layout.root, path)));
  const present = await Promise.all(
    (await configurationEntries(layout))
      .filter(({ path }) => join(layout.root, path) !== layout.settings)
      .map(async ({ path, kind }) => ({ path, state: await stateOf(layout, path, kind, files[path]?.sha256) })),
  );
  return [...missing.map((path) => ({ path, state: 'missing' as const })), ...present];
}

async function stateOf({ root }: Layout, path: string, kind: string, written: string | undefined): Promise<ConfigurationState> {
  if (written === undefined) return path.endsWith('.new') && existsSync(join(root, path.slice(0, -'.new'.length))) ? 'waiting' : 'not-generated';
  return kind === 'file' && sha256(await readFile(join(root, path))) === written ? 'as-generated' : 'edited';
}

function missingSecrets({ root, secrets }: Layout, components: Scene['components']): string[] {
  const names = new Set(components.flatMap((component) => component.secrets));
  return [...names].filter((name) => !existsAs(join(secrets, name))).map((name) => `${join(secrets, name).slice(root.length + 1)}: is missing`);
}
