import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import type { Target } from './apply.ts';
import { ownerOf, refuseStrangers, type Owner } from './owner.ts';

/** What every dkmadmin command is told. */
export interface Place {
  directory?: string;
  root: string;
}

/** Where a dkmadmin command works: the installation, whose it is, and the machine. */
export interface Site {
  layout: Layout;
  owner: Owner;
  isRoot: boolean;
  userConfiguration: string;
  home: string;
  target: Target;
}

/** Finds the installation that is meant. Throws `not-an-installation`, also for a user who is neither its owner nor root. */
export function siteOf(place: Place): Site {
  // versions/<version>/installer: the links in bin/ are resolved by the system already.
  const named = place.directory === undefined ? dirname(dirname(dirname(process.execPath))) : resolve(place.directory);
  if (!existsSync(join(named, 'bin', 'dkm'))) {
    throw new DkmError('not-an-installation', `${named} is not an installed directory: it has no bin/dkm.`, {
      hint: 'Run the dkmadmin in the bin/ of an installed directory, or name the directory with --directory.',
    });
  }
  const layout = layoutOf(realpathSync(named)); // systemd's settings want the real one
  const owner = ownerOf(layout.root);
  refuseStrangers(owner, layout.root);
  const home = homedir();
  return {
    layout,
    owner,
    isRoot: process.geteuid?.() === 0,
    userConfiguration: process.env['XDG_CONFIG_HOME'] || join(home, '.config'),
    home,
    target: { root: resolve(place.root), environment: environment() },
  };
}

/** For commands. A session without a login (su, cron) does not know where the user's systemd is. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] || `/run/user/${process.getuid?.() ?? 0}` };
}
