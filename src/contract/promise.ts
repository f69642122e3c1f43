import { isEither, isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

/*
 * Promises: small checks that something is as it should be. A `PromiseSpec` is what is to be checked, with everything
 * filled in; the commands make it (src/promises/definitions) and hand it to the supervisor, which reads no configuration
 * itself. `run/promises.json` is what came of it: written by the supervisor alone, whole and atomically; read by
 * `dkm promise`, the console and whoever else wants to know. Times are in milliseconds.
 */

/** What an outcome can be. `no-data`: nobody can tell, as when the store has no points of a metric. */
export const PROMISE_STATES = ['ok', 'failed', 'no-data'] as const;
export type PromiseState = (typeof PROMISE_STATES)[number];

/** How bad it is when it is not kept. */
export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What one run found. */
export interface PromiseOutcome {
  state: PromiseState;
  /** One or more lines for people. While nothing changes it stays the same: figures that move belong into `values`. */
  message: string;
  /** What was measured, by name, with the unit in the name (`free_bytes`). */
  values?: Record<string, number>;
  /** What an executable printed on standard error, or said of itself. */
  error?: string;
  /** More on what is promised, for whoever looks at it. */
  description?: string;
}

/** How a promise is checked, apart from what kind it is. */
export interface PromiseSpec {
  /** Its file's name, exactly; unique. */
  id: string;
  title: string;
  /** Where it was defined: a component's name, `host`, or a path relative to the installed directory. */
  origin: string;
  severity: Severity;
  /** Cron expression with five fields, in the machine's time zone. */
  schedule: string;
  /** It is started up to this much later, always by the same amount, so that not all start at once. */
  jitterMs: number;
  timeoutMs: number;
  check: PromiseCheck;
  /** Files that the monitoring interface shows with it (absolute). */
  publicPaths: string[];
  privatePaths: string[];
}

/** The kinds of checks. Further kinds are added here, in src/promises/kinds and in docs/promises.md. */
export type PromiseCheck =
  /** An executable that prints JSON (`message`) or text; exit code 0 means kept. */
  | { kind: 'executable'; path: string }
  /** All plug-ins and legacy promises of a SlapOS partition, run by the real `monitor.runpromise`; each becomes a promise of its own. */
  | { kind: 'slapos'; program: string; configuration: string; partition: string }
  /** One that is built in; its settings are checked by its own kind. */
  | { kind: 'built-in'; name: string; settings: Record<string, unknown> };

/** What came of one run, as the runner tells whoever keeps or spreads it (src/monitor, src/notify). */
export interface PromiseResult {
  spec: PromiseSpec;
  outcome: PromiseOutcome;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  executionTimeMs: number;
  /** Set while somebody knows of it. */
  acknowledged?: Acknowledgement;
}

/** What `dkm check` found of one promise; a line of the supervisor's socket, and of `dkm check --json`. */
export interface CheckedPromise extends PromiseOutcome {
  id: string;
  title: string;
  severity: Severity;
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  executionTimeMs: number;
  acknowledged?: Acknowledgement;
}

/** One promise in run/promises.json. */
export interface PromiseStatus {
  id: string;
  title: string;
  origin: string;
  severity: Severity;
  schedule: string;
  /** `executable`, `slapos`, or the name of the built-in kind. */
  kind: string;
  /** `pending`: it has not been checked yet. */
  state: PromiseState | 'pending';
  message: string;
  values: Record<string, number>;
  /** As in its last outcome. */
  error?: string;
  description?: string;
  /** Digest of what is checked: an outcome is of use to a later supervisor while this is the same. */
  definition?: string;
  /** Since when it is in this state. */
  sinceMs: number | null;
  checkedAtMs: number | null;
  executionTimeMs: number | null;
  /** When it is checked next; null when it is never by itself. */
  nextAtMs: number | null;
  isRunning: boolean;
  /** Somebody knows of it; it is not told again until then, or until it was well in between. */
  acknowledged?: Acknowledgement;
}

export interface Acknowledgement {
  by: string;
  comment: string;
  sinceMs: number;
  untilMs: number;
}

/** run/promises.json */
export interface PromisesStatus {
  schema: 1;
  /** The supervisor that wrote it. */
  pid: number;
  pidStartTime: string | null;
  bootId: string;
  promises: PromiseStatus[];
}

const isSpan: Shape = (value) => isNumber(value) && (value as number) >= 0;
const isId: Shape = (value) => typeof value === 'string' && isPromiseId(value);
const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/') && !value.includes('\0');
const isOrNull = (shape: Shape): Shape => isEither(isOneOf(null), shape);

/** True for what may be the name of a promise: a file's name that is not hidden, without control characters. */
export function isPromiseId(text: string): boolean {
  return text.length > 0 && Buffer.byteLength(text) <= 200 && !text.startsWith('.') && !/[/\p{Cc}]/u.test(text);
}

const isCheck = isEither(
  isRecordWith({ kind: isOneOf('executable'), path: isPath }),
  isEither(
    isRecordWith({ kind: isOneOf('slapos'), program: isPath, configuration: isPath, partition: isPath }),
    isRecordWith({ kind: isOneOf('built-in'), name: isText, settings: isRecordWith({}) }),
  ),
);

const isSpec = isRecordWith({
  id: isId,
  title: isText,
  origin: isText,
  severity: isOneOf(...SEVERITIES),
  schedule: isText,
  jitterMs: isSpan,
  timeoutMs: isSpan,
  check: isCheck,
  publicPaths: isListOf(isPath),
  privatePaths: isListOf(isPath),
});

/** True for a promise as the commands of this version hand it to the supervisor. */
export function isPromiseSpec(value: unknown): value is PromiseSpec {
  return isSpec(value);
}

/** True for an acknowledgement as it is written. */
export const isAcknowledgement: Shape = isRecordWith({ by: isText, comment: isText, sinceMs: isNumber, untilMs: isNumber });

const isStatus = isRecordWith({
  schema: isOneOf(1),
  pid: isInteger,
  pidStartTime: isOrNull(isText),
  bootId: isText,
  promises: isListOf(
    isRecordWith(
      {
        id: isId,
        title: isText,
        origin: isText,
        severity: isOneOf(...SEVERITIES),
        schedule: isText,
        kind: isText,
        state: isOneOf(...PROMISE_STATES, 'pending'),
        message: isText,
        values: isRecordOf(isNumber),
        sinceMs: isOrNull(isNumber),
        checkedAtMs: isOrNull(isNumber),
        executionTimeMs: isOrNull(isNumber),
        nextAtMs: isOrNull(isNumber),
        isRunning: isFlag,
      },
      { acknowledged: isAcknowledgement, error: isText, description: isText, definition: isText },
    ),
  ),
});

/** Reads the text of run/promises.json; undefined when it is not what a supervisor of this schema writes. */
export function parsePromisesStatus(text: string): PromisesStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? (value as PromisesStatus) : undefined;
  } catch {
    return undefined;
  }
}
