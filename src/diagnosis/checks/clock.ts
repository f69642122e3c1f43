import { run } from '../../base/exec.ts';
import { spanInWords } from '../../base/terminal.ts';
import { secondsRunning } from '../../host/processes.ts';
import { warning, type Check, type Found } from '../finding.ts';

/*
 * This machine's own clock: whether it was set while services ran, and whether something keeps it.
 */

/** Seconds that the clock may have been moved by NTP or by hand without a gap, or an overlap, in what was measured. */
const JUMP_SECONDS = 10;

export const clockJump: Check = {
  name: 'clock',
  look({ account, supervisorRuns, layout }) {
    if (!supervisorRuns || account === undefined) return [];
    const running = secondsRunning(account.pid);
    return running === undefined ? [] : jumpFindings((Date.now() - account.startedAtMs) / 1000 - running, layout.status);
  },
};

/** What it means that the clock went so many seconds further than time did. Pure. */
export function jumpFindings(jumpSeconds: number, where: string): Found[] {
  if (Math.abs(jumpSeconds) <= JUMP_SECONDS) return [];
  const what = `The clock was set ${jumpSeconds > 0 ? 'forward' : 'back'} by ${spanInWords(Math.abs(jumpSeconds))} since the services were started.`;
  return [warning(what, where, 'Where it is right now: dkm restart. Have it kept by NTP: timedatectl set-ntp true')];
}

export const clockKept: Check = {
  name: 'clock-synchronised',
  async look({ layout }, signal) {
    // Where there is no systemd, in a container say, it fails: then the clock is somebody else's business.
    const asked = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeoutMs: 5_000, signal }).catch(() => undefined);
    if (asked?.code !== 0 || asked.stdout.trim() !== 'no') return [];
    return [warning('Nothing keeps the clock of this machine: it is not synchronised.', layout.root, 'Have it kept by NTP: timedatectl set-ntp true')];
  },
};
