import { DkmError } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isLocked } from '../../base/lock.ts';
import { becomeSupervisor } from '../foreground.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

/** `dkm start --foreground`: this process becomes the supervisor. */
export async function startInForeground(layout: Layout, services: readonly string[]): Promise<never> {
  if (services.length > 0) {
    throw new DkmError('usage', '--foreground starts all services: it takes no names.', {
      hint: 'Set autostart = false in conf/dkm.toml for what is not to start.',
    });
  }
  // One that is under way has systemd start us by its own "dkm start".
  if (!isLocked(layout.installLock)) await takeBackInterruptedChange(layout, { start: false });
  return becomeSupervisor(layout);
}
