import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, messageOf } from '../base/errors.ts';
import { lastLines, signalGroup } from '../base/exec.ts';
import { readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { isSameProcess } from '../base/process-identity.ts';
import { parseStatus, type ServiceStatus, type SupervisorStatus } from '../contract/status.ts';
import { leftBehind } from '../supervisor/survivors.ts';
import { installedDkm } from './installed-dkm.ts';

/** A service that is meant to run. */
export type RunningService = Pick<ServiceStatus, 'name' | 'state' | 'health' | 'reason' | 'pid'>;

/** What runs in an installation at a moment. */
export interface Running {
  /** Services that are meant to run, well or not. */
  wanted: RunningService[];
  /** Those of them that do, and are well. */
  well: string[];
}

/** What the supervisor wrote last, if it is still there; undefined when none is. */
export async function liveAccount(layout: Layout): Promise<SupervisorStatus | undefined> {
  const account = parseStatus((await readIfPresent(layout.status)) ?? '');
  return account && isSameProcess(account.pid, account.pidStartTime) ? account : undefined;
}

/** What runs now; services whose supervisor was killed run, too. */
export async function runningServices(layout: Layout): Promise<Running> {
  const services: RunningService[] = (await liveAccount(layout))?.services ?? (await unwatched(layout));
  const wanted = services.filter(({ state, reason }) => !['STOPPED', 'STOPPING', 'EXITED'].includes(state) || (state === 'STOPPED' && reason !== ''));
  return { wanted, well: wanted.filter(isWell).map(({ name }) => name) };
}

/** Services whose supervisor is gone. */
async function unwatched(layout: Layout): Promise<RunningService[]> {
  const left = leftBehind(layout, parseStatus((await readIfPresent(layout.status)) ?? ''));
  return left.map(({ name, pid }) => ({ name, pid, state: 'RUNNING', health: 'unknown', reason: 'nobody watches it' }));
}

/** RUNNING, and not known to be unhealthy. */
export function isWell({ state, health }: Pick<ServiceStatus, 'state' | 'health'>): boolean {
  return state === 'RUNNING' && health !== 'unhealthy';
}

const ENDED_WITHIN_MS = 90_000;
const POLL_MS = 50;

/**
 * Stops everything with the installed dkm, and where that fails (it may be the one that does not work) by signals.
 * Throws `change-failed` when something still runs in the end.
 */
export async function stopEverything(layout: Layout): Promise<void> {
  if (await nothingRuns(layout)) return;
  const complaint = await installedDkm(layout, ['stop', '--json']).then(
    ({ code, stderr }) => (code === 0 ? '' : lastLines(stderr, 3)),
    (error: unknown) => messageOf(error),
  );
  if (!(await nothingRuns(layout))) await stopBySignals(layout);
  if (await nothingRuns(layout)) return;
  throw new DkmError('change-failed', `What runs in ${layout.root} could not be stopped${complaint === '' ? '' : `: ${complaint}`}.`, {
    hint: `See ${layout.supervisorLog}.`,
  });
}

async function nothingRuns(layout: Layout): Promise<boolean> {
  return (await liveAccount(layout)) === undefined && (await unwatched(layout)).length === 0;
}

/** The supervisor stops its services on SIGTERM; services without one are told themselves, and killed when that does not help. */
async function stopBySignals(layout: Layout): Promise<void> {
  const account = await liveAccount(layout);
  if (account) process.kill(account.pid, 'SIGTERM');
  for (let deadline = Date.now() + ENDED_WITHIN_MS; (await liveAccount(layout)) && Date.now() < deadline;) await pause(POLL_MS);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of await unwatched(layout)) if (pid !== null) signalGroup(pid, signal);
    for (let deadline = Date.now() + ENDED_WITHIN_MS / 9; !(await nothingRuns(layout)) && Date.now() < deadline;) await pause(POLL_MS);
  }
}

/** Stops some services; where the installed dkm cannot do that, everything. */
export async function stopSome(layout: Layout, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const { code } = await installedDkm(layout, ['stop', ...names, '--json']).catch(() => ({ code: 1 }));
  const isAlive = (service: RunningService): boolean => names.includes(service.name) && service.pid !== null;
  if (code !== 0 || (await runningServices(layout)).wanted.some(isAlive)) await stopEverything(layout);
}

/** Why services did not start, by name; empty when all did. */
export async function startServices(layout: Layout, names: readonly string[], signal?: AbortSignal): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const { code, stdout, stderr } = await installedDkm(layout, ['start', ...names, '--json'], signal);
  const failed = failuresIn(stdout);
  if (code !== 0 && failed.size === 0) failed.set('dkm start', lastLines(stderr || stdout, 5) || `exit code ${code ?? 'unknown'}`);
  return failed;
}

/** The reason, and the beginning of what the program itself printed. */
function firstLines(text: string): string {
  return text.split('\n').slice(0, 5).join('\n');
}

/** What `dkm start --json` says about services that failed; read loosely, as it may be another version's. */
function failuresIn(stdout: string): Map<string, string> {
  try {
    const { services = [] } = JSON.parse(stdout) as { services?: { service?: unknown; ok?: unknown; message?: unknown }[] };
    return new Map(services.filter(({ ok }) => ok === false).map(({ service, message }) => [String(service), firstLines(String(message))]));
  } catch {
    return new Map();
  }
}
