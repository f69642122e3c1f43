import { constants } from 'node:os';
import { isEither, isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, type Shape } from '../base/shape.ts';
import { ROLES, type Role } from './install-type.ts';

/*
 * What the supervisor needs to run a service: a manifest's [service] with every template filled in. Made by
 * `src/supervisor/services.ts` in the dkm command that needs it and handed to the supervisor over its socket, so
 * that the supervisor itself reads no configuration. Times are in milliseconds.
 */

/** Names a service's log file, in the environment of each of its processes: src/supervisor/strays.ts finds them by it. */
export const STRAY_VARIABLE = 'DKM_SERVICE_LOG';

export type Probe =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'http'; url: string; status: number; contains?: string }
  | { kind: 'file'; path: string; maxAgeMs?: number };

export interface ServicePort {
  name: string;
  title: string;
  address: string;
  port: number;
  protocols: ('tcp' | 'udp')[];
}

export interface ServiceSpec {
  name: string;
  title: string;
  version: string;
  role: Role;
  /** Program (absolute path) and its arguments. */
  command: string[];
  /** Run to their end before each start, those of `check` last. */
  beforeStart: string[][];
  /** Commands that check the configuration and change nothing. */
  check: string[][];
  environment: Record<string, string>;
  directory: string;
  /** Names of the services that must be ready first. */
  after: string[];
  ready: Probe;
  health: { probe: Probe; intervalMs: number; timeoutMs: number; failures: number };
  startTimeoutMs: number;
  stop: { signal: NodeJS.Signals; timeoutMs: number };
  reloadSignal?: NodeJS.Signals;
  reopen: NodeJS.Signals | 'self' | 'restart';
  /** `on-failure`: an exit with code 0 is final. */
  restart: 'always' | 'on-failure';
  ports: ServicePort[];
  /** What the service prints is appended here. */
  outputFile: string;
  /** Every log file of the service, `outputFile` among them. */
  logFiles: string[];
  autostart: boolean;
  /** Directories it stores data in; before their file system is full it is stopped. */
  storesIn: string[];
  limits: ServiceLimits;
}

/** What a service may use; what is left out is not limited by dkm. */
export interface ServiceLimits {
  /** Resident memory of its processes together; above that it is restarted. */
  memoryBytes?: number;
  /** Niceness, -20 (first) to 19 (last). */
  nice?: number;
  /** Open files, as conf/dkm.toml says: it has this many, or is not started. */
  openFiles?: number;
  /** Open files it needs, as its manifest says: it has this many, or as many as this user may have. */
  neededOpenFiles?: number;
}

/** Free space below which the supervisor warns and stops stores (conf/dkm.toml, [disk]); left out: what suits the disk. */
export interface DiskLimits {
  warnFreeBytes?: number;
  stopFreeBytes?: number;
}

/** How much of the services' logs is kept. The supervisor rotates them; the commands tell it how (conf/dkm.toml, [logs]). */
export interface LogLimits {
  /** A log that is larger is rotated. */
  maxBytes: number;
  /** A log whose first line is older is rotated. */
  maxAgeMs: number;
  /** Rotated logs kept per log. */
  keep: number;
  /** All logs and rotated logs together; the oldest rotated ones go first. */
  totalBytes: number;
}

const isName: Shape = (value) => typeof value === 'string' && /^[a-z][a-z0-9-]*$/.test(value);
const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/') && !value.includes('\0');
const isSignal: Shape = (value) => typeof value === 'string' && Object.hasOwn(constants.signals, value);
const isSpan: Shape = (value) => isNumber(value) && (value as number) >= 0;
const isCommand: Shape = (value) => isListOf(isText)(value) && (value as string[]).length > 0;
const isProbe = isEither(
  isRecordWith({ kind: isOneOf('tcp'), host: isText, port: isInteger }),
  isEither(
    isRecordWith({ kind: isOneOf('http'), url: isText, status: isInteger }, { contains: isText }),
    isRecordWith({ kind: isOneOf('file'), path: isText }, { maxAgeMs: isSpan }),
  ),
);
const isSpec = isRecordWith(
  {
    name: isName,
    title: isText,
    version: isText,
    role: isOneOf(...ROLES),
    command: isCommand,
    beforeStart: isListOf(isCommand),
    check: isListOf(isCommand),
    environment: isRecordOf(isText),
    directory: isPath,
    after: isListOf(isText),
    ready: isProbe,
    health: isRecordWith({ probe: isProbe, intervalMs: isSpan, timeoutMs: isSpan, failures: isInteger }),
    startTimeoutMs: isSpan,
    stop: isRecordWith({ signal: isSignal, timeoutMs: isSpan }),
    reopen: isEither(isSignal, isOneOf('self', 'restart')),
    restart: isOneOf('always', 'on-failure'),
    ports: isListOf(isRecordWith({ name: isText, title: isText, address: isText, port: isInteger, protocols: isListOf(isOneOf('tcp', 'udp')) })),
    outputFile: isPath,
    logFiles: isListOf(isPath),
    autostart: isFlag,
    storesIn: isListOf(isText),
    limits: isRecordWith({}, { memoryBytes: isSpan, nice: isInteger, openFiles: isInteger, neededOpenFiles: isInteger }),
  },
  { reloadSignal: isSignal },
);

/** True for what a dkm of this version hands to its supervisor. */
export function isServiceSpec(value: unknown): value is ServiceSpec {
  return isSpec(value);
}

/** True for limits of free space as they are handed to the supervisor. */
export function isDiskLimits(value: unknown): value is DiskLimits {
  return isRecordWith({}, { warnFreeBytes: isSpan, stopFreeBytes: isSpan })(value);
}

/** True for limits of logs as they are handed to the supervisor. */
export function isLogLimits(value: unknown): value is LogLimits {
  return isRecordWith({ maxBytes: isSpan, maxAgeMs: isSpan, keep: isSpan, totalBytes: isSpan })(value);
}
