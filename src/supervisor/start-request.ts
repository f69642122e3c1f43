import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { isListening } from './control.ts';

/*
 * An installation that systemd starts at boot is to run below systemd also after "dkm stop" and "dkm start", as every
 * update does. The owner may not start a unit of the system, so systemd watches a file for that (`<unit>.path`, made by
 * "dkmadmin install-boot") and starts the unit when the file is written. The file names that watching unit.
 */

const ANSWERED_WITHIN_MS = 10_000;
const POLL_MS = 100;

/** The file that systemd watches; made by the supervisor when systemd starts it. */
export function startRequestFile(layout: Pick<Layout, 'run'>): string {
  return join(layout.run, 'start-request');
}

/** Has systemd start the supervisor, where it is systemd's to start, and waits until it listens. Changes into run/ for that. */
export async function requestStart(layout: Layout): Promise<void> {
  const watchingUnit = (await readIfPresent(startRequestFile(layout)))?.trim() ?? '';
  if (watchingUnit === '' || !existsSync(watchingUnit)) return;
  process.chdir(layout.run);
  const deadline = performance.now() + ANSWERED_WITHIN_MS;
  // Written again and again, as systemd does not look while the unit is still ending. Without an answer (systemd is not
  // running, as in a rescue shell) the caller starts a supervisor as ever.
  while (!(await isListening()) && performance.now() < deadline) {
    writeFileSync(startRequestFile(layout), `${watchingUnit}\n`, { mode: 0o600 });
    await pause(POLL_MS);
  }
}
