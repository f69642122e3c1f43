import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { DkmError } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { openBundle, type OpenBundle } from '../bundle/open.ts';
import type { BackupAbout } from '../contract/backup.ts';
import { BUNDLE_FILE, readBundle } from '../contract/bundle.ts';

/** The version in use, for a restore in place. Throws `preflight-refused` when the backup is of a newer one. */
export async function presentBundle(layout: Layout, about: BackupAbout): Promise<OpenBundle> {
  const bundle = await readBundle(layout.current);
  refuseNewer(about, bundle.version);
  return openBundle(realpathSync(layout.current), bundle);
}

/** The backup's own version where this installation still has it, else the one in use, which must not be older. */
export async function bundleForCopy(layout: Layout, about: BackupAbout): Promise<OpenBundle> {
  for (const folder of readdirSync(layout.versions)) {
    const root = join(layout.versions, folder);
    if (!existsSync(join(root, BUNDLE_FILE))) continue;
    const bundle = await readBundle(root);
    if (bundle.version === about.version) return openBundle(root, bundle);
  }
  return presentBundle(layout, about);
}

/** Programs read what earlier versions of them wrote; the other way round nobody promises. */
function refuseNewer(about: BackupAbout, present: string): void {
  if (compare(about.version, present) <= 0) return;
  throw new DkmError('preflight-refused', `The backup is of dkm ${about.version}, and ${present} is installed here: its data may be of a newer format.`, {
    hint: `Update first: unpack the bundle of dkm ${about.version} and run ./installer -u -d on this directory. Then restore.`,
  });
}

function compare(a: string, b: string): number {
  return semver.valid(a) !== null && semver.valid(b) !== null ? semver.compare(a, b) : a === b ? 0 : 1;
}
