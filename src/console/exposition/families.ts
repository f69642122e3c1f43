import { readIfPresent } from '../../base/files.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { VERSION } from '../../base/version.ts';
import { parseNotifyStatus, type ChannelStatus } from '../../contract/notify.ts';
import { PROMISE_STATES, type PromiseStatus } from '../../contract/promise.ts';
import { parseStatus, SERVICE_STATES, type ServiceStatus, type SupervisorStatus } from '../../contract/status.ts';
import type { Usage } from './process-usage.ts';
import type { Family, Labels, Sample } from './text-format.ts';

/*
 * What dkm tells of itself. Names and units as Prometheus has them (https://prometheus.io/docs/practices/naming/): states
 * are one series for each of them, 1 for the one that is so.
 */

/** More promises than this are not told one by one: each is five series. */
export const MOST_PROMISES = 2000;

const gauge = (name: string, help: string, samples: Sample[], unit?: 'seconds' | 'bytes'): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
  ...(unit !== undefined && { unit }),
});
const one = (value: number, labels: Labels = {}): Sample => ({ labels, value });
const seconds = (ms: number): number => ms / 1000;

/** What dkm is, and whether its supervisor runs. `status` is what it wrote last, if anything. Pure. */
export function supervisorFamilies(status: SupervisorStatus | undefined, isAlive: boolean): Family[] {
  const isRunning = status !== undefined && isAlive;
  return [
    { name: 'dkm_build', type: 'info', help: 'The version of the console that answers.', samples: [one(1, { version: VERSION, node: process.version })] },
    gauge('dkm_supervisor_up', 'Whether the supervisor runs: without it nobody watches the services.', [one(isRunning ? 1 : 0)]),
    gauge('dkm_supervisor_start_time_seconds', 'When the supervisor was started.', isRunning ? [one(seconds(status.startedAtMs))] : [], 'seconds'),
    gauge('dkm_warnings', 'What should be seen to though every service may be well.', isRunning ? [one(status.warnings?.length ?? 0)] : []),
  ];
}

/** The services, and what each uses, by process id. Pure. */
export function serviceFamilies(services: readonly ServiceStatus[], usage: ReadonlyMap<number, Usage>): Family[] {
  const each = (value: (service: ServiceStatus) => number | undefined): Sample[] =>
    services.flatMap((service) => {
      const found = value(service);
      return found === undefined ? [] : [one(found, { service: service.name })];
    });
  const used = (service: ServiceStatus): Usage | undefined => (service.pid === null ? undefined : usage.get(service.pid));
  const states = services.flatMap(({ name, state }) => SERVICE_STATES.map((known) => one(state === known ? 1 : 0, { service: name, state: known })));
  return [
    {
      name: 'dkm_service',
      type: 'info',
      help: 'A service and its version.',
      samples: services.map(({ name, version, role }) => one(1, { service: name, version, role })),
    },
    gauge(
      'dkm_service_up',
      'Whether the service runs, is ready and not unhealthy.',
      each(({ state, ready, health }) => (state === 'RUNNING' && ready && health !== 'unhealthy' ? 1 : 0)),
    ),
    gauge('dkm_service_state', 'The state of the service, as supervisord names them.', states),
    gauge(
      'dkm_service_healthy',
      'What the health probe found; not there while that is unknown.',
      each(({ health }) => (health === 'unknown' ? undefined : health === 'healthy' ? 1 : 0)),
    ),
    gauge(
      'dkm_service_restarts',
      'Restarts by the supervisor since the service was last started by hand.',
      each(({ restarts }) => restarts),
    ),
    gauge(
      'dkm_service_start_time_seconds',
      'When its present process was started.',
      each(({ pid, startedAtMs }) => (pid === null || startedAtMs === null ? undefined : seconds(startedAtMs))),
      'seconds',
    ),
    gauge(
      'dkm_service_memory_bytes',
      'Resident memory of its processes.',
      each((service) => used(service)?.memoryBytes),
      'bytes',
    ),
    {
      name: 'dkm_service_cpu_seconds',
      type: 'counter',
      unit: 'seconds',
      help: 'Processor time of its present processes.',
      samples: each((service) => used(service)?.cpuSeconds),
    },
  ];
}

/** The promises. Pure. */
export function promiseFamilies(promises: readonly PromiseStatus[]): Family[] {
  const told = promises.slice(0, MOST_PROMISES);
  const each = (value: (promise: PromiseStatus) => number | null): Sample[] =>
    told.flatMap((promise) => {
      const found = value(promise);
      return found === null ? [] : [one(found, { id: promise.id })];
    });
  const states = [...PROMISE_STATES, 'pending'] as const;
  return [
    gauge(
      'dkm_promises',
      'How many promises are in a state.',
      states.map((state) => one(promises.filter((promise) => promise.state === state).length, { state })),
    ),
    gauge(
      'dkm_promise_state',
      'The state of a promise.',
      told.flatMap(({ id, severity, state }) => states.map((known) => one(state === known ? 1 : 0, { id, severity, state: known }))),
    ),
    gauge(
      'dkm_promise_acknowledged',
      'Whether somebody knows that it is broken.',
      each(({ acknowledged }) => (acknowledged === undefined ? 0 : 1)),
    ),
    gauge(
      'dkm_promise_state_since_seconds',
      'Since when it is in its state.',
      each(({ sinceMs }) => (sinceMs === null ? null : seconds(sinceMs))),
      'seconds',
    ),
    gauge(
      'dkm_promise_last_check_seconds',
      'When it was checked last.',
      each(({ checkedAtMs }) => (checkedAtMs === null ? null : seconds(checkedAtMs))),
      'seconds',
    ),
    gauge(
      'dkm_promise_duration_seconds',
      'How long the last check took.',
      each(({ executionTimeMs }) => (executionTimeMs === null ? null : seconds(executionTimeMs))),
      'seconds',
    ),
  ];
}

/** How telling somebody goes. Pure. */
export function channelFamilies(channels: readonly ChannelStatus[]): Family[] {
  const each = (value: (channel: ChannelStatus) => number | null): Sample[] =>
    channels.flatMap((channel) => {
      const found = value(channel);
      return found === null ? [] : [one(found, { channel: channel.name, kind: channel.kind })];
    });
  return [
    gauge(
      'dkm_notifications_waiting',
      'Messages that are not delivered yet.',
      each(({ waiting }) => waiting),
    ),
    gauge(
      'dkm_notifications_dropped',
      'Messages dropped since the last success, as too many waited too long.',
      each(({ dropped }) => dropped),
    ),
    gauge(
      'dkm_notifications_given_up',
      'Messages that were refused for good and are kept to look at.',
      each(({ givenUp }) => givenUp),
    ),
    gauge(
      'dkm_notifications_failing',
      'Whether the last delivery failed.',
      each(({ lastError }) => (lastError === null ? 0 : 1)),
    ),
    gauge(
      'dkm_notifications_last_success_seconds',
      'When a message was delivered last.',
      each(({ lastSuccessMs }) => (lastSuccessMs === null ? null : seconds(lastSuccessMs))),
      'seconds',
    ),
  ];
}

/** Room on the disk of the storage. Pure. */
export function storageFamilies(space: { totalBytes: number; freeBytes: number } | null): Family[] {
  return [
    gauge('dkm_storage_free_bytes', 'Room that is left for dkm on the disk of its storage.', space === null ? [] : [one(space.freeBytes)], 'bytes'),
    gauge('dkm_storage_size_bytes', 'Size of the disk of its storage.', space === null ? [] : [one(space.totalBytes)], 'bytes'),
  ];
}

/** Memory, processor time and start of the console itself, under the names that every client library gives them. */
export function ownFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    gauge('process_resident_memory_bytes', 'Resident memory of the console.', [one(process.memoryUsage.rss())], 'bytes'),
    { name: 'process_cpu_seconds', type: 'counter', unit: 'seconds', help: 'Processor time of the console.', samples: [one((user + system) / 1e6)] },
    gauge('process_start_time_seconds', 'When the console was started.', [one(seconds(performance.timeOrigin))], 'seconds'),
  ];
}

/** What the supervisor wrote last, and whether it is still there. */
export async function readSupervisor(file: string): Promise<{ status: SupervisorStatus | undefined; isAlive: boolean }> {
  const status = parseStatus((await readIfPresent(file)) ?? '');
  return { status, isAlive: status !== undefined && isSameProcess(status.pid, status.pidStartTime) };
}

/** The channels of storage/notify/status.json; none where nobody is told. */
export async function readChannels(file: string): Promise<ChannelStatus[]> {
  return parseNotifyStatus((await readIfPresent(file)) ?? '')?.channels ?? [];
}
