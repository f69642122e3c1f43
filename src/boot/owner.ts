import { lstatSync } from 'node:fs';
import { DkmError } from '../base/errors.ts';
import { outputOf } from '../base/exec.ts';

/** Who an installation belongs to and runs as. */
export interface Owner {
  userId: number;
  groupId: number;
  /** Name, or the number where the system has no name for it. */
  user: string;
  group: string;
}

/** The owner of a directory, with the group it would log in with. Throws `not-an-installation` when there is no such directory. */
export function ownerOf(directory: string): Owner {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new DkmError('not-an-installation', `${directory} is not a directory.`, { hint: 'Name an installed directory with --directory.' });
  const user = outputOf('id', ['-un', '--', String(stat.uid)])?.trim();
  const groupId = user === undefined ? stat.gid : Number(outputOf('id', ['-g', '--', user])?.trim() ?? stat.gid);
  const group = user === undefined ? undefined : outputOf('id', ['-gn', '--', user])?.trim();
  return { userId: stat.uid, groupId, user: user ?? String(stat.uid), group: group ?? String(groupId) };
}

/** Throws `not-an-installation` for everyone but the owner and root, who alone may start somebody's programs at boot. */
export function refuseStrangers(owner: Owner, directory: string): void {
  const me = process.geteuid?.();
  if (me === 0 || me === owner.userId) return;
  throw new DkmError('not-an-installation', `${directory} belongs to ${owner.user}.`, { hint: `Run it as ${owner.user} or as root.` });
}

/**
 * Does something with the rights of an owner, and nothing else meanwhile: what root reads or writes in somebody's
 * directory could be a link to anything.
 */
export async function asOwner<T>(owner: Owner, work: () => T | Promise<T>): Promise<T> {
  const { seteuid, setegid, setgroups, getgroups } = process;
  if (process.geteuid?.() !== 0 || owner.userId === 0 || !seteuid || !setegid || !setgroups || !getgroups) return work();
  const groups = getgroups();
  setgroups([owner.groupId]);
  setegid(owner.groupId);
  seteuid(owner.userId);
  try {
    return await work();
  } finally {
    seteuid(0);
    setegid(0);
    setgroups(groups);
  }
}
