import { setTimeout as pause } from 'node:timers/promises';
import { DkmError } from '../base/errors.ts';
import { lastLines, startDetached } from '../base/exec.ts';
import { makeDirectory, readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { isSameProcess } from '../base/process-identity.ts';
import { isExecutable, selfCommand } from '../base/self.ts';
import { STRAY_VARIABLE, type ServiceSpec } from '../contract/service.ts';
import { parseStatus } from '../contract/status.ts';
import { RUN_VARIABLE } from '../promises/leftovers.ts';
import { askSupervisor, isListening, type ControlOperation, type ControlReply, type ServiceOutcome } from './control.ts';
import { configured, refuseUnknown } from './installation.ts';
import { hostLimits, refuseLimits } from './limits.ts';
import { readWatched } from './read-watched.ts';
import { readTail } from '../log-files/logs.ts';
import { requestStart } from './start-request.ts';
import { leftBehind } from './survivors.ts';

/*
 * The commands' side of the supervisor: start it where it is needed, hand it a request, tell what came of it.
 */

const STARTED_WITHIN_MS = 15_000;
const WINNER_LISTENS_WITHIN_MS = 3_000;
const POLL_MS = 20;
const TRIES = 3;
/**
 * The supervisor is at rest nearly always, so memory counts and speed does not: without V8's compiler it needs 6 MiB
 * less. (Node needs that compiler to run TypeScript, so not when the sources are run.) pm2 uses Buffer() in a way Node
 * warns of. Services do not inherit this (see environment.ts).
 */
export const SUPERVISOR_NODE_OPTIONS = '--jitless --max-semi-space-size=1 --no-deprecation';

/** Changes into run/, where the supervisor's socket is (see CONTROL_SOCKET). */
export function enterRun(layout: Layout): void {
  process.chdir(layout.run);
}

/** Makes sure that a supervisor listens; true when there was none. Of several that are started at the same moment one stays. */
export async function ensureSupervisor(layout: Layout): Promise<boolean> {
  await makeDirectory(layout.logs);
  enterRun(layout);
  if (await isListening()) return false;
  const [command, ...args] = selfCommand();
  // Called by a service's own process, or by a check, it would be taken for one.
  // Checks of a disk that does not answer keep threads; four, as usual, would soon be all.
  const env = {
    ...process.env,
    UV_THREADPOOL_SIZE: '16',
    [STRAY_VARIABLE]: undefined,
    [RUN_VARIABLE]: undefined,
    ...(isExecutable() && { NODE_OPTIONS: SUPERVISOR_NODE_OPTIONS }),
  };
  const pid = startDetached(command, [...args, 'supervise', layout.root], layout.supervisorLog, { cwd: layout.run, env });
  let deadline = performance.now() + STARTED_WITHIN_MS;
  while (!(await isListening())) {
    // One that lost the race for the lock ends at once, and the winner listens soon.
    if (!isSameProcess(pid, null)) deadline = Math.min(deadline, performance.now() + WINNER_LISTENS_WITHIN_MS);
    if (performance.now() > deadline) throw await notStarted(layout);
    await pause(POLL_MS);
  }
  return true;
}

async function notStarted(layout: Layout): Promise<DkmError> {
  const tail = lastLines(await readTail(layout.supervisorLog, 12), 12);
  return new DkmError('supervisor-unreachable', `The supervisor did not start. The end of its log:\n${tail}`, { hint: `See ${layout.supervisorLog}.` });
}

/**
 * Has the supervisor do something for the named services (none: all). Without a supervisor, `start` and `restart`
 * start one; undefined for the rest, as there is nothing they could do (unless a killed one left services behind).
 */
export async function command(
  layout: Layout,
  operation: ControlOperation,
  services: string[],
  onReply: (reply: ControlReply) => void,
): Promise<ServiceOutcome[] | undefined> {
  // Stopping must be possible whatever was written into conf/dkm.toml meanwhile.
  const isStop = operation === 'stop' || operation === 'shutdown';
  const { services: specs, ...limits } = isStop ? { services: [] } : await configured(layout);
  if (!isStop) refuseUnknown(services, specs);
  const needsOne = operation === 'start' || operation === 'restart';
  if (needsOne || operation === 'restart-changed') refuseLimits(specs, hostLimits(), layout.settings);
  const watched = WATCHING.includes(operation) ? await readWatched(layout) : undefined;
  for (const message of watched?.faults ?? []) onReply({ kind: 'fault', message });
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (needsOne) await requestStart(layout);
    const isNew = (needsOne || (await hasSurvivors(layout))) && (await ensureSupervisor(layout));
    enterRun(layout);
    const told = isStop && isNew ? await specsIfReadable(layout) : specs;
    const outcomes = await askSupervisor({ operation, services, specs: told, ...limits, ...watched?.told }, onReply);
    if (outcomes !== undefined || !needsOne) return outcomes;
  }
  throw new DkmError('supervisor-unreachable', 'The supervisor was ending each time it was asked.', { hint: 'Is another "dkm stop" under way? Try again.' });
}

/** What has the supervisor take up promises anew. */
const WATCHING: readonly ControlOperation[] = ['start', 'restart', 'restart-changed', 'reload'];

/** A new supervisor may find services of which nothing was written down: it is told what they are, as far as that can be read. */
async function specsIfReadable(layout: Layout): Promise<ServiceSpec[]> {
  return configured(layout).then(
    ({ services }) => services,
    () => [],
  );
}

/** True when a killed supervisor left services behind: a new one takes them over. */
async function hasSurvivors(layout: Layout): Promise<boolean> {
  return leftBehind(layout, parseStatus((await readIfPresent(layout.status)) ?? '')).length > 0;
}
