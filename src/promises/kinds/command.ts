import { signalGroup, startWatched, type WatchedEnding } from '../../base/exec.ts';
import { messageOf } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { endMarked, newMark, RUN_VARIABLE } from '../leftovers.ts';
import { boundedSignal, within } from './bounded.ts';
import type { RunKind } from './kind.ts';
import { broken, excerpt, kept } from './outcome.ts';
import { textFault, type TextRules } from './pattern.ts';

/** A command ends as it should. No shell is involved. The rules are about the end of what it prints. */
export interface CommandSettings extends TextRules {
  /** The program and its arguments. */
  command: string[];
  /** Any of these exit codes. */
  exit_code: number[];
  directory: string;
  /** Added to the environment. */
  environment: Record<string, string>;
}

/** Bytes of each of its outputs that are looked at: the last ones. */
const MOST_BYTES = 256 << 10;

export const command: RunKind<CommandSettings> = async (settings, context) => {
  const [program = '', ...args] = settings.command;
  const signal = boundedSignal(context);
  const mark = newMark(context.layout);
  try {
    const { group, ended } = await startWatched(program, args, {
      cwd: settings.directory,
      env: { ...process.env, ...settings.environment, [RUN_VARIABLE]: mark },
      keepBytes: MOST_BYTES,
    });
    const kill = (): void => {
      signalGroup(group, 'SIGKILL');
      endMarked(mark);
    };
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    const ending = await ended.finally(() => signal.removeEventListener('abort', kill));
    if (signal.aborted) return broken(`${program} did not end within ${Math.round(within(context) / 1000)} s and was ended.`);
    return commandOutcome(settings, ending);
  } catch (error) {
    return broken(`${messageOf(error)}`);
  }
};

/** What its end means. Pure. */
export function commandOutcome(settings: CommandSettings, { code, signal, stdout, stderr }: WatchedEnding): PromiseOutcome {
  const [program = ''] = settings.command;
  const printed = stdout.bytes.toString('utf8');
  const fault = endFault(settings, code, signal) ?? outputFault(settings, printed);
  const values = code === null ? {} : { exit_code: code };
  if (fault === undefined) return kept(`${program} ended as it should.`, values);
  // What it says may be another thing each time, so it is not a part of the message.
  const said = excerpt((stderr.bytes.length > 0 ? stderr.bytes.toString('utf8') : printed).slice(-1_000), 1_000);
  return { ...broken(`${program} ${fault}.`, values), ...(said !== '' && { error: said }) };
}

function endFault({ exit_code }: CommandSettings, code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === null) return `was ended by ${signal ?? 'a signal'}`;
  return exit_code.includes(code) ? undefined : `ended with exit code ${code}, expected ${exit_code.join(' or ')}`;
}

function outputFault(settings: CommandSettings, printed: string): string | undefined {
  const fault = textFault(printed, settings);
  return fault === undefined ? undefined : `printed what ${fault}`;
}
