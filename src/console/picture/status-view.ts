import { readFile } from 'node:fs/promises';
import { isNotFound, messageOf } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { parseStatus, type ServiceStatus, type SupervisorStatus } from '../../contract/status.ts';
import type { ServiceRow, StatusAnswer, Wellbeing } from '../answers.ts';

/** Tells whether a process with this id and start time is there. */
export type IsAlive = (pid: number, startTime: string | null) => boolean;

/** Reads run/status.json and says what it means now. */
export async function readStatus(file: string, isAlive: IsAlive = isSameProcess): Promise<StatusAnswer> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return isNotFound(error)
      ? withoutStatus('missing', 'The supervisor has not written its status yet. "bin/dkm start" starts it.')
      : withoutStatus('unreadable', `The supervisor's status cannot be read: ${messageOf(error)}`);
  }
  const status = parseStatus(text);
  return status === undefined ? withoutStatus('unreadable', "The supervisor's status is not in a form this console knows.") : statusAnswer(status, isAlive);
}

/** The log files (absolute) of a service, as its supervisor wrote them down; none for one that is not known. They are never sent anywhere. */
export async function readLogFiles(file: string, name: string): Promise<string[]> {
  const status = parseStatus((await readIfPresent(file)) ?? '');
  return status?.services.find((service) => service.name === name)?.logFiles ?? [];
}

function withoutStatus(state: 'missing' | 'unreadable', message: string): StatusAnswer {
  return { nowMs: Date.now(), supervisor: { state, message, version: null, startedAtMs: null, pid: null }, services: [], warnings: [] };
}

/** The page's view of a status: nothing that a supervisor which is gone wrote is shown as if it were still so. */
export function statusAnswer(status: SupervisorStatus, isAlive: IsAlive, nowMs = Date.now()): StatusAnswer {
  const alive = isAlive(status.pid, status.pidStartTime);
  const message = alive ? '' : `The supervisor (process ${status.pid}) is not running: nobody watches the services. "bin/dkm start" starts it.`;
  return {
    nowMs,
    supervisor: { state: alive ? 'running' : 'dead', message, version: status.version, startedAtMs: status.startedAtMs, pid: status.pid },
    services: status.services.map((service) => serviceRow(service, alive ? wellbeingOf(service) : unwatched(service, isAlive))),
    warnings: alive ? (status.warnings ?? []) : [],
  };
}

interface Verdict {
  wellbeing: Wellbeing;
  word: string;
  reason: string;
}

function serviceRow(service: ServiceStatus, verdict: Verdict): ServiceRow {
  const { name, title, version, role, startedAtMs, restarts, ports, lastExit } = service;
  return {
    name,
    title,
    version,
    role,
    ...verdict,
    startedAtMs: service.pid === null ? null : startedAtMs,
    restarts,
    lastExit,
    pid: service.pid,
    held: service.held ?? false,
    ports: ports.map(({ name: portName, title: portTitle, address, port, protocols }) => ({ name: portName, title: portTitle, address, port, protocols })),
  };
}

/** How a service is, in a word that a person would use, and why. */
export function wellbeingOf(service: ServiceStatus): Verdict {
  const { state, ready, health, reason } = service;
  if (state === 'RUNNING' && health === 'unhealthy') return { wellbeing: 'bad', word: 'Unhealthy', reason };
  if (state === 'RUNNING' && !ready) return { wellbeing: 'busy', word: 'Starting', reason };
  if (state === 'RUNNING') return { wellbeing: 'good', word: health === 'healthy' ? 'Healthy' : 'Running', reason };
  return { ...VERDICTS[state], reason };
}

const VERDICTS: Record<Exclude<ServiceStatus['state'], 'RUNNING'>, { wellbeing: Wellbeing; word: string }> = {
  STARTING: { wellbeing: 'busy', word: 'Starting' },
  STOPPING: { wellbeing: 'busy', word: 'Stopping' },
  BACKOFF: { wellbeing: 'bad', word: 'Trying again' },
  FATAL: { wellbeing: 'bad', word: 'Failed' },
  STOPPED: { wellbeing: 'off', word: 'Stopped' },
  EXITED: { wellbeing: 'off', word: 'Ended' },
};

function unwatched(service: ServiceStatus, isAlive: IsAlive): Verdict {
  const there = service.pid !== null && isAlive(service.pid, service.pidStartTime);
  const reason = `Last known state: ${service.state}. ${there ? 'Its process is still there, unwatched.' : 'Its process is not there.'}`;
  return { wellbeing: 'unknown', word: 'Unknown', reason };
}
