import { existsSync } from 'node:fs';
import { replaceBy } from '../../base/exec.ts';
import type { Layout } from '../../base/layout.ts';
import { sayAside } from '../../base/terminal.ts';

/**
 * For commands that change something: a change of version that was killed is taken back first, and then the command is
 * done by the dkm that is installed after that, as this process may be of the version that went. Throws `locked` while a
 * change is under way. With `start` false the services that ran before it are not started again.
 */
export async function takeBackInterruptedChange(layout: Layout, options: { start?: boolean } = {}): Promise<void> {
  if (!existsSync(layout.changeJournal)) return; // nearly always: nothing else is loaded
  const [{ recoverChange, recoveryInWords }, { dkmCommand, endWithChange, isWithinChange }] = await Promise.all([
    import('../../change/recover.ts'),
    import('../../change/installed-dkm.ts'),
  ]);
  if (isWithinChange()) return endWithChange();
  const recovery = await recoverChange(layout, options);
  if (!recovery) return;
  for (const line of recoveryInWords(recovery)) sayAside(line);
  const [command, ...args] = dkmCommand(layout);
  replaceBy(command, [...args, ...wordsTyped()], process.env);
}

/** What was typed after the program's name; `--directory` is in what the installed dkm is called with, or is where it is. */
function wordsTyped(): string[] {
  const words = process.argv.slice(2);
  const first = words[0] === 'dkm' ? words.slice(1) : words;
  return withoutDirectory(first);
}

/** Pure. */
export function withoutDirectory(words: readonly string[]): string[] {
  const index = words.findIndex((word) => /^(-d|--directory)(=|$)/.test(word) || /^-d./.test(word));
  if (index < 0) return [...words];
  const takesNext = words[index] === '-d' || words[index] === '--directory';
  return words.filter((_, at) => at !== index && !(takesNext && at === index + 1));
}

/** A line for `dkm status` about a change of version that has not ended; undefined when there is none. */
export async function changeInWords(layout: Layout): Promise<string | undefined> {
  if (!existsSync(layout.changeJournal)) return undefined;
  const [{ unfinishedChange }, { isLocked }] = await Promise.all([import('../../change/recover.ts'), import('../../base/lock.ts')]);
  const begin = unfinishedChange(layout);
  if (begin === undefined) return undefined;
  const what = `${begin.kind === 'update' ? 'An update' : 'A rollback'} from dkm ${begin.from.version} to ${begin.to.version}`;
  return isLocked(layout.installLock) ? `${what} is under way.` : `${what} was interrupted: "dkm start" takes it back and starts what ran before.`;
}
