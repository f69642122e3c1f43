import { setTimeout as pause } from 'node:timers/promises';
import type { SupervisorStatus } from '../../src/contract/status.ts';
import { isSameProcess } from '../../src/base/process-identity.ts';
import { SERVICES, type ServiceName } from './sequence.ts';
import type { Seen, Site } from './site.ts';

/*
 * What must hold whatever was done to an installation. Each takes the site as it is now; those that need a moment
 * (a service comes back) are given a bound.
 */

/** Something that must hold and did not. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** How often each invariant was looked at. */
export type Checked = Record<string, number>;

/** Counts a check and throws where it does not hold. */
export function hold(checked: Checked, invariant: string, fault: string | undefined): void {
  checked[invariant] = (checked[invariant] ?? 0) + 1;
  if (fault !== undefined) throw new Violation(invariant, fault);
}

const POLL_MS = 40;

/** Waits until a fault is gone and returns undefined; what it was, when it stays. */
export async function faultWithin(withinMs: number, find: () => string | undefined | Promise<string | undefined>): Promise<string | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const fault = await find();
    if (fault === undefined || performance.now() > deadline) return fault;
    await pause(POLL_MS);
  }
}

/** Supervisors that wait for the lock (another command started one, too) become superfluous soon. */
const SUPERFLUOUS_WITHIN_MS = 25_000;
const SETTLED_WITHIN_MS = 15_000;

/** Holds at every moment. */
export async function checkAlways(site: Site, checked: Checked): Promise<void> {
  const doubles = site.doubles();
  hold(checked, 'never two processes of one service', doubles === '' ? undefined : `started while another was there: ${doubles}`);
  hold(checked, 'never two supervisors', await faultWithin(2_000, () => activeSupervisors(site)));
  const { code, stdout, stderr } = await site.dkm(['status', '--json']);
  const isKnown = code === 0 || code === 1 || code === 3;
  hold(checked, 'dkm status answers', isKnown && isJson(stdout) ? undefined : `exit code ${code}: ${stdout}${stderr}`);
}

/** Holds soon after the last fault was lifted; `wanted` are the services that should run. */
export async function checkSettled(site: Site, wanted: ReadonlySet<ServiceName>, checked: Checked): Promise<void> {
  hold(checked, 'one supervisor is left', await faultWithin(SUPERFLUOUS_WITHIN_MS, () => countFault(site.look().supervisors.length, 1, 'supervisors')));
  hold(checked, 'what is wanted runs', await faultWithin(SETTLED_WITHIN_MS, () => wantedFault(site, wanted)));
  hold(checked, 'status.json is true', await faultWithin(SETTLED_WITHIN_MS, () => untruthOf(site.status(), site.look())));
  hold(checked, 'no orphan children', await faultWithin(SETTLED_WITHIN_MS, () => orphans(site.look())));
}

/** Holds soon after everything was stopped. */
export async function checkStopped(site: Site, checked: Checked): Promise<void> {
  hold(checked, 'a stop leaves nothing', await faultWithin(SETTLED_WITHIN_MS, () => remains(site.look())));
}

function activeSupervisors(site: Site): string | undefined {
  const ready = [...site.supervisorLog().matchAll(/is ready, process (\d+)/g)].map((match) => Number(match[1]));
  const active = site.look().supervisors.filter(({ pid }) => ready.includes(pid));
  return active.length > 1 ? `processes ${active.map(({ pid }) => pid).join(', ')} are both at work` : undefined;
}

function countFault(found: number, expected: number, what: string): string | undefined {
  return found === expected ? undefined : `expected ${expected} ${what}, found ${found}`;
}

function wantedFault(site: Site, wanted: ReadonlySet<ServiceName>): string | undefined {
  const seen = site.look();
  for (const name of SERVICES) {
    const fault = countFault(seen.services.get(name)?.length ?? 0, wanted.has(name) ? 1 : 0, `processes of ${name}`);
    if (fault !== undefined) return `${fault}; status.json: ${JSON.stringify(site.status()?.services.find((service) => service.name === name))}`;
    const state = site.status()?.services.find((service) => service.name === name);
    if (wanted.has(name) && !(state?.state === 'RUNNING' && state.health === 'healthy')) return `${name} is ${JSON.stringify(state)}`;
  }
  return undefined;
}

/** What status.json says that is not so. */
function untruthOf(status: SupervisorStatus | undefined, seen: Seen): string | undefined {
  if (status === undefined) return 'there is no readable status.json while a supervisor runs';
  if (!isSameProcess(status.pid, status.pidStartTime)) return `its supervisor, process ${status.pid}, is not there`;
  for (const { name, pid } of status.services) {
    const found = seen.services.get(name)?.map((process) => process.pid) ?? [];
    if (found.length !== (pid === null ? 0 : 1) || (pid !== null && found[0] !== pid)) return `${name}: it says ${pid}, found ${found.join(', ') || 'none'}`;
  }
  return undefined;
}

/** Processes whose service is over. */
function orphans(seen: Seen): string | undefined {
  const leaders = new Set([...seen.services.values()].flat().map(({ pid }) => pid));
  const left = seen.others.filter(({ group }) => !leaders.has(group));
  return left.length === 0 ? undefined : `left behind: ${describe(left)}`;
}

function remains(seen: Seen): string | undefined {
  const left = [...seen.supervisors, ...[...seen.services.values()].flat(), ...seen.others, ...seen.commands];
  return left.length === 0 ? undefined : `still there: ${describe(left)}`;
}

function describe(processes: Seen['others']): string {
  return processes.map(({ pid, words }) => `${pid} (${words.slice(0, 8).join(' ').slice(0, 160)})`).join(', ');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
