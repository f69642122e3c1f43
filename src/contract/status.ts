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

function isStatus(value: unknown): value is SupervisorStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { schema, pid, startedAtMs, services } = value as Partial<SupervisorStatus>;
  return schema === 1 && Number.isInteger(pid) && typeof startedAtMs === 'number' && Array.isArray(services) && services.every(isServiceStatus);
}

function isServiceStatus(value: unknown): value is ServiceStatus {
  if (typeof value !== 'object' || value === null) return false;
  const { name, state, pid, ready, restarts, ports, logFiles } = value as Partial<ServiceStatus>;
  return (
    typeof name === 'string' &&
    SERVICE_STATES.some((known) => known === state) &&
    (pid === null || Number.isInteger(pid)) &&
    typeof ready === 'boolean' &&
    typeof restarts === 'number' &&
    Array.isArray(ports) &&
    Array.isArray(logFiles)
  );
}
