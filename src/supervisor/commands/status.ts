import { EXIT } from '../../base/errors.ts';
import { readIfPresentSync } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { bytesInWords, coloured, say, spanInWords, table, type Colour } from '../../base/terminal.ts';
import { parsePromisesStatus, type PromiseStatus } from '../../contract/promise.ts';
import { parseStatus, type ServiceStatus, type SupervisorStatus } from '../../contract/status.ts';
import { memoryOf } from '../memory.ts';
import { changeInWords } from './interrupted-change.ts';
import type { Stray } from '../strays.ts';
import { leftBehind } from '../survivors.ts';

/** A service as `dkm status --json` shows it: its entry in status.json and what is only true at the moment of asking. */
export interface ShownService extends ServiceStatus {
  /** Seconds since its process started; null when it has none. */
  uptimeSeconds: number | null;
  /** Resident memory of its process and their children; null when it has none or the system does not tell. */
  memoryBytes: number | null;
}

/** `dkm status [service...]`. Reads run/status.json alone while a supervisor runs, so that it is quick. */
export async function status(layout: Layout, names: readonly string[], options: { json?: boolean }): Promise<number> {
  const { supervisor, services: all, orphans, warnings, broken } = await presentState(layout);
  if (names.length > 0) (await import('../installation.ts')).refuseUnknown(names, all);
  const shown = all.filter((service) => names.length === 0 || names.includes(service.name)).map(withPresent);
  const versionChange = (await changeInWords(layout)) ?? null;
  if (options.json) {
    const about = supervisor ? { version: supervisor.version, pid: supervisor.pid, startedAtMs: supervisor.startedAtMs } : null;
    say(JSON.stringify({ schema: 1, supervisor: about, services: shown, warnings, brokenPromises: broken.map(({ id }) => id), versionChange }, null, 1));
  } else {
    say(statusTable(shown));
    if (warnings.length > 0) say(`\n${warnings.map(({ message }) => `${coloured('Warning:', 'yellow')} ${message}`).join('\n')}`);
    if (broken.length > 0) say(`\n${coloured('Warning:', 'yellow')} ${brokenInWords(broken)}`);
    if (versionChange !== null) say(`\n${coloured('Warning:', 'yellow')} ${versionChange}`);
    if (orphans.length > 0) say('\nThe supervisor is gone, its services go on unwatched: "dkm start" takes them over, "dkm stop" stops them.');
    else if (!supervisor) say('\nNothing is running; "dkm start" starts it.');
  }
  return orphans.length > 0 ? EXIT.failed : exitCodeOf(shown);
}

/** What is known of an installation's services at the moment. */
interface PresentState {
  /** Undefined while none runs. */
  supervisor: SupervisorStatus | undefined;
  services: ServiceStatus[];
  orphans: Stray[];
  warnings: NonNullable<SupervisorStatus['warnings']>;
  /** Promises that are not kept and that nobody acknowledged. */
  broken: PromiseStatus[];
}

async function presentState(layout: Layout): Promise<PresentState> {
  const account = parseStatus(readIfPresentSync(layout.status) ?? '');
  const supervisor = account && isSameProcess(account.pid, account.pidStartTime) ? account : undefined;
  const orphans = supervisor ? [] : leftBehind(layout, account);
  const services = supervisor?.services ?? withOrphans(await stoppedServices(layout), orphans, account);
  return { supervisor, services, orphans, warnings: supervisor?.warnings ?? [], broken: brokenPromises(layout, supervisor) };
}

/** Services and broken promises for whoever shows them otherwise: `dkm top`. */
export async function servicesAndPromises(
  layout: Layout,
): Promise<{ isWatched: boolean; services: ShownService[]; warnings: string[]; broken: PromiseStatus[] }> {
  const { supervisor, services, warnings, broken } = await presentState(layout);
  return { isWatched: supervisor !== undefined, services: services.map(withPresent), warnings: warnings.map(({ message }) => message), broken };
}

function withOrphans(stopped: readonly ServiceStatus[], orphans: readonly Stray[], account: SupervisorStatus | undefined): ServiceStatus[] {
  return stopped.map((service) => {
    const orphan = orphans.find(({ name }) => name === service.name);
    if (orphan === undefined) return service;
    const told = account?.services.find(({ pid, pidStartTime }) => pid === orphan.pid && pidStartTime === orphan.startTime);
    return told ?? { ...service, state: 'RUNNING', pid: orphan.pid, pidStartTime: orphan.startTime, reason: 'nobody watches it' };
  });
}

/** 0 all that runs is well · 1 something is not · 3 nothing runs. Pure. */
export function exitCodeOf(services: readonly Pick<ServiceStatus, 'state' | 'health' | 'reason'>[]): number {
  if (services.some(isUnwell)) return EXIT.failed;
  return services.some(({ state }) => state === 'RUNNING') ? EXIT.fine : EXIT.notRunning;
}

function isUnwell({ state, health, reason }: Pick<ServiceStatus, 'state' | 'health' | 'reason'>): boolean {
  if (state === 'RUNNING') return health === 'unhealthy';
  return state !== 'STOPPED' || reason !== ''; // one that is stopped for a reason waits for another
}

/** Promises that are not kept and that nobody acknowledged, as the supervisor that runs found them. */
function brokenPromises(layout: Layout, supervisor: SupervisorStatus | undefined): PromiseStatus[] {
  const written = supervisor && parsePromisesStatus(readIfPresentSync(layout.promisesStatus) ?? '');
  return written?.pid === supervisor?.pid ? (written?.promises ?? []).filter(({ state, acknowledged }) => state === 'failed' && !acknowledged) : [];
}

const NAMED = 5;

/** The line of `dkm status` about promises. Pure. */
export function brokenInWords(broken: readonly Pick<PromiseStatus, 'id'>[]): string {
  const ids = broken.map(({ id }) => id);
  const named = [...ids.slice(0, NAMED), ...(ids.length > NAMED ? [`${ids.length - NAMED} more`] : [])].join(', ');
  return `${ids.length === 1 ? 'a promise is' : `${ids.length} promises are`} not kept: ${named}; see "dkm promise list".`;
}

async function stoppedServices(layout: Layout): Promise<ServiceStatus[]> {
  const { configuredServices } = await import('../installation.ts');
  return (await configuredServices(layout)).map(({ name, title, version, role, ports, logFiles }) => ({
    name,
    title,
    version,
    role,
    state: 'STOPPED',
    pid: null,
    pidStartTime: null,
    startedAtMs: null,
    restarts: 0,
    ready: false,
    health: 'unknown',
    reason: '',
    lastExit: null,
    ports,
    logFiles,
  }));
}

function withPresent(service: ServiceStatus): ShownService {
  return {
    ...service,
    uptimeSeconds: service.startedAtMs === null ? null : Math.max(0, Math.round((Date.now() - service.startedAtMs) / 1000)),
    memoryBytes: service.pid === null ? null : memoryOf(service.pid),
  };
}

const COLOUR_OF_STATE: Record<ServiceStatus['state'], Colour> = {
  STOPPED: 'grey',
  STARTING: 'yellow',
  RUNNING: 'green',
  BACKOFF: 'yellow',
  STOPPING: 'yellow',
  EXITED: 'yellow',
  FATAL: 'red',
};

function statusTable(services: readonly ShownService[]): string {
  const head = ['SERVICE', 'ROLE', 'STATE', 'HEALTH', 'PID', 'UPTIME', 'RESTARTS', 'MEMORY', 'PORTS'].map((title) => coloured(title, 'bold'));
  const rows = services.map((service) => [
    service.name,
    service.role,
    coloured(service.state, COLOUR_OF_STATE[service.state]),
    service.state === 'RUNNING' ? coloured(service.health, service.health === 'healthy' ? 'green' : 'red') : '-',
    service.pid === null ? '-' : String(service.pid),
    service.uptimeSeconds === null ? '-' : spanInWords(service.uptimeSeconds),
    String(service.restarts),
    service.memoryBytes === null ? '-' : bytesInWords(service.memoryBytes),
    service.ports.map(({ port, protocols }) => `${port}${protocols.includes('udp') ? '+udp' : ''}`).join(' ') || '-',
  ]);
  const reasons = services.filter((service) => service.reason !== '').map((service) => `${service.name}: ${service.reason}`);
  return [table([head, ...rows]), ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n');
}
