import { existsSync } from 'node:fs';
import { DkmError } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isLocked } from '../../base/lock.ts';
import { sayAside } from '../../base/terminal.ts';

/** Commands that only look: they neither wait for a restore nor take one back. */
const LOOKING = [...['status', 'logs', 'version', 'verify', 'doctor', 'support', 'top', 'graph', 'find', 'send'], ...['completion', 'complete-names', 'man']];

/**
 * Before any command: a restore that was killed is taken back, as until then conf/ itself may be missing. Throws `locked`
 * while a restore is under way; but `dkm start --foreground` is what that restore itself has systemd start.
 */
export async function takeBackInterruptedRestore(layout: Layout, commandName: string, { foreground = false } = {}): Promise<void> {
  if (!existsSync(layout.restoreJournal)) return; // nearly always: nothing else is loaded
  const { isWithinChange } = await import('../../change/installed-dkm.ts');
  if (isWithinChange() || commandName === 'restore' || (foreground && isLocked(layout.installLock))) return;
  if (!LOOKING.includes(commandName)) {
    const { recoverRestore } = await import('../../backup/recover.ts');
    for (const line of await recoverRestore(layout, { start: commandName !== 'stop' })) sayAside(line);
  } else if (!existsSync(layout.settings)) {
    throw new DkmError('locked', 'A restore is under way here, or was interrupted.', {
      hint: 'Unless it is under way, "dkm start" takes it back and starts what ran before.',
    });
  }
}
