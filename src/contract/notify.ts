import { isEither, isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

/*
 * Who is told when a promise breaks: conf/notify.toml with its defaults filled in. Made by the commands, handed to the
 * supervisor. It holds no secrets, only the names of files that hold them. Times are in milliseconds.
 * And storage/notify/status.json: how telling goes, channel by channel.
 */

export interface NotifySpec {
  /** What this machine is called in messages. */
  host: string;
  /** Where the console is reached by whoever reads a message; empty: messages carry no link. */
  link: string;
  channels: Channel[];
  rules: NotifyRules;
  /** Of a promise, the first that matches. */
  exceptions: RuleException[];
  heartbeat?: Heartbeat;
}

/** When something is told. */
export interface NotifyRules {
  /** A change is told when `failures` of the last `of` runs failed. */
  failures: number;
  of: number;
  /** A state that has lasted this long counts however few runs there were, as those of a promise that is checked once a day; 0: runs alone count. */
  atLatestMs: number;
  /** Told again while it is not kept and nobody acknowledged it; 0: never. */
  reminderMs: number;
  /** More than `digestFrom` changes within this time become one message. */
  digestWithinMs: number;
  digestFrom: number;
  /** Say so, too, when it is kept again. */
  recovery: boolean;
  /** Say so, too, when nobody can tell whether it is kept. */
  noData: boolean;
  /** More changes than this within an hour become one message that says so; 0: every change is told. */
  flapChanges: number;
}

/** What holds for promises whose id matches one of these globs, in place of the rules. */
export interface RuleException {
  promises: string[];
  failures?: number;
  of?: number;
  atLatestMs?: number;
  reminderMs?: number;
  noData?: boolean;
}

/** A sign of life for a dead man's switch elsewhere: it tells somebody when it stops. */
export interface Heartbeat {
  intervalMs: number;
  timeoutMs: number;
  /** As a channel of kind `webhook`: `url` or `urlFile`, `caFile`, `verifyTls`, `proxy`. */
  settings: Record<string, unknown>;
}

/** Somebody to tell. */
export interface Channel {
  /** Lower-case letters, digits, dashes and underscores: its folder in the spool. */
  name: string;
  kind: 'webhook' | 'email' | 'command';
  /** Only these severities; both when empty. */
  severities: string[];
  /** Only promises whose id matches one of these globs; all when empty. */
  promises: string[];
  /** Times of day ("22:00-06:30"), in the machine's time zone, in which it is not told, but after. */
  quietHours: string[];
  /** In quiet hours, too. */
  criticalBreaksQuiet: boolean;
  /** Many changes in one message; false where each has to stand alone, as for incidents that are closed one by one. */
  digest: boolean;
  /** The kind's own settings, checked by the kind: see src/notify/channels. */
  settings: Record<string, unknown>;
}

/** What may be a channel's name. */
export const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;

const isSpan: Shape = (value) => isNumber(value) && (value as number) >= 0;
const isCount: Shape = (value) => isInteger(value) && (value as number) >= 0;
const isChannelName: Shape = (value) => typeof value === 'string' && CHANNEL_NAME.test(value);

const isSpec = isRecordWith(
  {
    host: isText,
    link: isText,
    channels: isListOf(
      isRecordWith({
        name: isChannelName,
        kind: isOneOf('webhook', 'email', 'command'),
        severities: isListOf(isText),
        promises: isListOf(isText),
        quietHours: isListOf(isText),
        criticalBreaksQuiet: isFlag,
        digest: isFlag,
        settings: isRecordOf(() => true),
      }),
    ),
    rules: isRecordWith({
      failures: isCount,
      of: isCount,
      atLatestMs: isSpan,
      reminderMs: isSpan,
      digestWithinMs: isSpan,
      digestFrom: isCount,
      recovery: isFlag,
      noData: isFlag,
      flapChanges: isCount,
    }),
    exceptions: isListOf(
      isRecordWith({ promises: isListOf(isText) }, { failures: isCount, of: isCount, atLatestMs: isSpan, reminderMs: isSpan, noData: isFlag }),
    ),
  },
  { heartbeat: isRecordWith({ intervalMs: isSpan, timeoutMs: isSpan, settings: isRecordOf(() => true) }) },
);

/** True for rules as the commands of this version hand them to the supervisor. */
export function isNotifySpec(value: unknown): value is NotifySpec {
  return isSpec(value);
}

/** How telling one channel goes. */
export interface ChannelStatus {
  name: string;
  kind: Channel['kind'];
  lastSuccessMs: number | null;
  /** What went wrong last; null when it went well since. */
  lastError: { atMs: number; message: string; isPermanent: boolean } | null;
  /** Messages that are not delivered yet. */
  waiting: number;
  /** When delivery is tried next; null when nothing waits. */
  nextAttemptMs: number | null;
  /** Messages that were dropped because too many waited too long, since the last success. */
  dropped: number;
  /** Messages that the other side refused for good and that are kept to look at. */
  givenUp: number;
}

/** storage/notify/status.json, written by the supervisor alone, whole and atomically. */
export interface NotifyStatus {
  schema: 1;
  channels: ChannelStatus[];
  heartbeat: { lastSuccessMs: number | null; lastError: { atMs: number; message: string } | null } | null;
}

const isOrNull = (shape: Shape): Shape => isEither(isOneOf(null), shape);

const isStatus = isRecordWith({
  schema: isOneOf(1),
  channels: isListOf(
    isRecordWith({
      name: isText,
      kind: isOneOf('webhook', 'email', 'command'),
      lastSuccessMs: isOrNull(isNumber),
      lastError: isOrNull(isRecordWith({ atMs: isNumber, message: isText, isPermanent: isFlag })),
      waiting: isInteger,
      nextAttemptMs: isOrNull(isNumber),
      dropped: isInteger,
      givenUp: isInteger,
    }),
  ),
  heartbeat: isOrNull(isRecordWith({ lastSuccessMs: isOrNull(isNumber), lastError: isOrNull(isRecordWith({ atMs: isNumber, message: isText })) })),
});

/** Reads the text of storage/notify/status.json; undefined when it is not what a supervisor of this schema writes. */
export function parseNotifyStatus(text: string): NotifyStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? (value as NotifyStatus) : undefined;
  } catch {
    return undefined;
  }
}

/** What came of a test message. */
export interface ChannelTest {
  channel: string;
  ok: boolean;
  /** What was done and what came back. */
  message: string;
}
