import { isEither, isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

/*
 * `run/status.json`: the supervisor's account of itself and its services. Written by the supervisor alone, whole
 * and atomically, whenever something changed; read by `dkm status`, the console and whoever else wants to know.
 * Stable: fields are added, never renamed; `schema` changes when a reader must.
 *
 * It is read without a schema library, so that `dkm status` starts quickly; `parseStatus` is its only reader.
 */

/** As in supervisord, whose words administrators know: http://supervisord.org/subprocess.html#process-states */
export const SERVICE_STATES = ['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL'] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

export interface ServiceStatus {
  name: string;
  title: string;
  version: string;
  role: string;
  state: ServiceState;
  /** Null while no process runs. */
  pid: number | null;
  /** The process's start time in clock ticks since boot; with the pid it names one process and no other. */
  pidStartTime: string | null;
  /** Start of the present process, milliseconds since the epoch. */
  startedAtMs: number | null;
  /** Restarts by the supervisor since the service was last started by hand. */
  restarts: number;
  /** True once its readiness probe succeeded for the present process. */
  ready: boolean;
  health: 'healthy' | 'unhealthy' | 'unknown';
  /** Why it is not RUNNING and healthy; empty when it is. */
  reason: string;
  /** Exit code or signal of the last process that ended. */
  lastExit: string | null;
  ports: { name: string; title: string; address: string; port: number; protocols: string[] }[];
  logFiles: string[];
  /** True when the supervisor stopped it and will start it again by itself; `reason` says why and when. */
  held?: boolean;
}

/** What an administrator should see to, though every service may be well. */
export interface StatusWarning {
  about: 'disk';
  /** A directory on the file system in question. */
  directory: string;
  /** Milliseconds since the epoch. */
  sinceMs: number;
  /** What is the matter and what follows from it, in words. */
  message: string;
}

export interface SupervisorStatus {
  schema: 1;
  version: string;
  pid: number;
  pidStartTime: string | null;
  /** Which run of the machine this is about; empty where the system does not tell. */
  bootId: string;
  startedAtMs: number;
  services: ServiceStatus[];
  warnings?: StatusWarning[];
}

/** Reads status.json's text; undefined when it is not what a supervisor of this schema writes. */
export function parseStatus(text: string): SupervisorStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isStatus(value) ? value : undefined;
}

const isOrNull = (shape: Shape): Shape => isEither(isOneOf(null), shape);

const isServiceStatus = isRecordWith(
  {
    name: isText,
    title: isText,
    version: isText,
    role: isText,
    state: isOneOf(...SERVICE_STATES),
    pid: isOrNull(isInteger),
    pidStartTime: isOrNull(isText),
    startedAtMs: isOrNull(isNumber),
    restarts: isNumber,
    ready: isFlag,
    health: isOneOf('healthy', 'unhealthy', 'unknown'),
    reason: isText,
    lastExit: isOrNull(isText),
    ports: isListOf(isRecordWith({ name: isText, title: isText, address: isText, port: isInteger, protocols: isListOf(isText) })),
    logFiles: isListOf(isText),
  },
  { held: isFlag },
);

const isSupervisorStatus = isRecordWith(
  {
    schema: isOneOf(1),
    version: isText,
    pid: isInteger,
    pidStartTime: isOrNull(isText),
    bootId: isText,
    startedAtMs: isNumber,
    services: isListOf(isServiceStatus),
  },
  { warnings: isListOf(isRecordWith({ directory: isText, sinceMs: isNumber, message: isText })) },
);

function isStatus(value: unknown): value is SupervisorStatus {
  return isSupervisorStatus(value);
}
