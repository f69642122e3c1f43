import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { listTree, readIfPresent, writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { OpenBundle } from '../bundle/open.ts';
import { withKey } from '../configuration/edit-settings.ts';
import { generatedFiles } from '../configuration/generated-files.ts';
import type { FileChange } from '../configuration/merge.ts';
import { applyChanges, configurationChanges } from '../configuration/written.ts';
import type { BackupAbout } from '../contract/backup.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { installedComponents } from '../manifest/installed.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A configuration that was made fit for another place or version. */
export interface Fitted {
  settings: Settings;
  components: Manifest[];
  changes: FileChange[];
  /** Files that still name the directory the backup was made of; only people can tell what they mean. */
  namingOldDirectory: string[];
}

/** Where a configuration is, and what it is to be for. */
export interface Fitting {
  about: BackupAbout;
  /** Where it was unpacked. */
  staged: Layout;
  /** Where it will be. */
  target: Layout;
  bundle: OpenBundle;
  /** First of its ports from now on; as in the backup when left out. */
  port?: number;
}

/**
 * Generates an unpacked configuration anew, for the directory, port and version it is going to be used with, and merges
 * that with the administrator's edits: what dkm wrote last is in the backup, too.
 */
export async function fitConfiguration({ about, staged, target, bundle, port }: Fitting): Promise<Fitted> {
  if (port !== undefined) {
    const text = await readFile(staged.settings, 'utf8');
    await writeAtomic(staged.settings, withKey(text, staged.settings, 'install.port', String(port)), 0o600);
  }
  const settings = await readSettings(staged.settings);
  refuseLackingProviders(settings, bundle);
  const components = installedComponents(bundle.manifests, settings);
  const files = generatedFiles({ bundle, components, settings, layout: target, promiseSettings: await readIfPresent(staged.promiseSettings) });
  const changes = await configurationChanges(staged, files);
  await applyChanges(staged, changes, files);
  const namingOldDirectory = about.root === target.root ? [] : await filesNaming(staged, about.root);
  return { settings, components, changes, namingOldDirectory };
}

function refuseLackingProviders({ install }: Settings, { bundle, manifests }: OpenBundle): void {
  const lacking = Object.entries(install.providers).filter(([, name]) => !manifests.some((manifest) => manifest.name === name));
  if (lacking.length === 0) return;
  const found = lacking.map(([role, name]) => `${name} (${role})`).join(', ');
  throw new DkmError('preflight-refused', `The backup is of an installation with ${found}, and dkm ${bundle.version} here has no such component.`, {
    hint: 'Install a bundle that has it, and restore into that.',
  });
}

/** Configuration files in which a directory's path stands; secrets are not looked into. */
async function filesNaming(staged: Layout, directory: string): Promise<string[]> {
  const paths = (await listTree(staged.conf)).filter((path) => !path.startsWith('secrets/') && !path.endsWith('.new'));
  const texts = await Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(staged.conf, path), 'utf8') })));
  return texts.filter(({ text }) => names(text, directory)).map(({ path }) => join('conf', path));
}

/** True when a text has the directory's path, and not only that of another one whose name begins so. */
function names(text: string, directory: string): boolean {
  const after = text.split(directory).slice(1);
  return after.some((rest) => !/^[\w.-]/.test(rest));
}
