import semver from 'semver';
import { DkmError } from '../../src/base/errors.ts';

/** A version and the digest of its bundle.json. */
export interface Build {
  version: string;
  bundle: string;
}

/**
 * Whether a bundle may take an installation's place: `same` when it is what is there, else what kind of step it would
 * be. Throws `preflight-refused` for a step back that was not forced. Pure.
 */
export function versionGate(present: Build, offered: Build, force: boolean): 'same' | 'newer' | 'other-build' | 'older' {
  if (present.version === offered.version) return present.bundle === offered.bundle ? 'same' : 'other-build';
  if (isNewer(offered.version, present.version)) return 'newer';
  if (force) return 'older';
  throw new DkmError('preflight-refused', `dkm ${present.version} is installed; this bundle is ${offered.version}, which is not newer. Nothing was changed.`, {
    hint: 'To go back to a version that was updated: dkm rollback. To take an older one all the same: add --force.',
  });
}

/** Versions that cannot be compared count as not newer: then a person decides. */
function isNewer(offered: string, present: string): boolean {
  return semver.valid(offered) !== null && semver.valid(present) !== null && semver.gt(offered, present);
}
