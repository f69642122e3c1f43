import { isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

/*
 * Who is told when a promise breaks: conf/notify.toml with its defaults filled in. Made by the commands, handed to the
 * supervisor. It holds no secrets, only the names of files that hold them. Times are in milliseconds.
 */

export interface NotifySpec {
  channels: Channel[];
  rules: NotifyRules;
}

/** When something is told. */
export interface NotifyRules {
  /** A change is told when `failures` of the last `of` runs failed. */
  failures: number;
  of: number;
  /** Told again while it is not kept and nobody acknowledged it; 0: never. */
  reminderMs: number;
  /** More than `digestFrom` changes within this time become one message. */
  digestWithinMs: number;
  digestFrom: number;
  /** Say so, too, when it is kept again. */
  recovery: boolean;
}

/** Somebody to tell. */
export interface Channel {
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
  /** The kind's own settings, checked by the kind: see src/notify/channels. */
  settings: Record<string, unknown>;
}

const isSpan: Shape = (value) => isNumber(value) && (value as number) >= 0;

const isSpec = isRecordWith({
  channels: isListOf(
    isRecordWith({
      name: isText,
      kind: isOneOf('webhook', 'email', 'command'),
      severities: isListOf(isText),
      promises: isListOf(isText),
      quietHours: isListOf(isText),
      criticalBreaksQuiet: isFlag,
      settings: isRecordOf(() => true),
    }),
  ),
  rules: isRecordWith({
    failures: isInteger,
    of: isInteger,
    reminderMs: isSpan,
    digestWithinMs: isSpan,
    digestFrom: isInteger,
    recovery: isFlag,
  }),
});

/** True for rules as the commands of this version hand them to the supervisor. */
export function isNotifySpec(value: unknown): value is NotifySpec {
  return isSpec(value);
}
