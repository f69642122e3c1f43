import { DkmError, messageOf, systemCodeOf } from '../../base/errors.ts';
import { lastLines, signalGroup, startWatched, type WatchedEnding } from '../../base/exec.ts';
import { isListOf, isNumber, isRecordWith, isText } from '../../base/shape.ts';
import { atMost } from './presets/preset.ts';
import { oneLine } from '../compose.ts';
import type { Message } from '../message.ts';
import { never, notNow, textOf, type Delivery, type Sender } from './sender.ts';

export interface CommandSettings {
  /** Program and arguments; no shell. */
  argv: string[];
  timeoutMs: number;
}

/** True for the settings of a command as this version's commands hand them over. */
export const isCommandSettings = isRecordWith({ argv: isListOf(isText), timeoutMs: isNumber });

/** Environment and arguments share one limit of the system; the whole message is on standard input. */
const LONGEST_VARIABLE = 8_000;

/** What of dkm's own environment a program is given. */
const KEPT_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

/** Bytes that are kept of each output. */
const KEEP_BYTES = 4_096;

/** Tells by running a program, started in the installed directory; it has done it when it ends with exit code 0. */
export function commandSender({ argv, timeoutMs }: CommandSettings, directory: string): Sender {
  const [program = '', ...args] = argv;
  return {
    async deliver(message, signal) {
      try {
        const input = `${JSON.stringify({ ...message, text: textOf(message) })}\n`;
        const { group, ended } = await startWatched(program, args, { cwd: directory, env: environmentFor(message), keepBytes: KEEP_BYTES, input });
        return await endedInTime(group, ended, timeoutMs, signal);
      } catch (error) {
        return isUnstartable(error) ? never(messageOf(error)) : notNow(messageOf(error));
      }
    },
  };
}

/** The program and its children are killed when they take too long, or dkm ends. */
async function endedInTime(group: number, ended: Promise<WatchedEnding>, timeoutMs: number, signal: AbortSignal): Promise<Delivery> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const kill = (): void => void signalGroup(group, 'SIGKILL');
  if (limit.aborted) kill();
  limit.addEventListener('abort', kill, { once: true });
  const ending = await ended;
  limit.removeEventListener('abort', kill);
  if (ending.signal === 'SIGKILL' && signal.aborted) return notNow('it was ended, as dkm is ending');
  if (ending.signal === 'SIGKILL' && limit.aborted) return notNow(`it did not finish within ${timeoutMs / 1000} s and was ended`);
  return judged(ending);
}

/** `DKM_…` variables for a short script; names and meanings stand in docs/notifications.md. */
export function environmentFor(message: Message): Record<string, string> {
  const [promise] = message.promises;
  const own = Object.fromEntries(KEPT_VARIABLES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const told: Record<string, string> = {
    DKM_MESSAGE_ID: message.id,
    DKM_EVENT: message.event,
    DKM_CHANNEL: message.channel,
    DKM_HOST: message.host,
    DKM_LINK: message.link,
    DKM_SUBJECT: message.subject,
    DKM_TEXT: textOf(message),
    DKM_COUNT: String(message.promises.length),
    DKM_PROMISE: message.promises.map(({ id }) => id).join(' '),
    DKM_TITLE: promise?.title ?? '',
    DKM_SEVERITY: message.promises.some(({ severity }) => severity === 'critical') ? 'critical' : (promise?.severity ?? ''),
    DKM_STATE: promise?.state ?? '',
    DKM_INCIDENT: promise?.incident ?? '',
  };
  // A program's environment can hold everything but NUL.
  for (const [name, value] of Object.entries(told)) own[name] = atMost(value, LONGEST_VARIABLE).replaceAll('\0', '');
  return own;
}

function judged({ code, signal, stdout, stderr }: WatchedEnding): Delivery {
  const complaint = stderr.bytes.toString('utf8').trim();
  const said = oneLine(lastLines(complaint === '' ? stdout.bytes.toString('utf8') : complaint, 3), 300);
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  const message = said === '' ? how : `${how}: ${said}`;
  return code === 0 ? { ok: true, message } : notNow(message);
}

/** There is no such program, or it may not be run: that is for a person to mend. */
function isUnstartable(error: unknown): boolean {
  const cause = error instanceof DkmError ? systemCodeOf(error.cause) : undefined;
  return cause === 'ENOENT' || cause === 'EACCES' || cause === 'ENOEXEC';
}
