import { DkmError } from '../base/errors.ts';
import { lastLines, run } from '../base/exec.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { endingInWords, likelyCause, type Ending } from './causes.ts';
import { serviceEnvironment } from './environment.ts';
import { readTail } from './logs.ts';

const CAUSE_LINES = 40;
const SHOWN_LINES = 8;

/** Runs the commands that a service's manifest wants run before every start. Throws `service-failed` with what the first failing one printed. */
export async function prepareService(spec: ServiceSpec): Promise<void> {
  for (const [command = '', ...args] of spec.beforeStart) {
    const finished = await run(command, args, { cwd: spec.directory, env: serviceEnvironment(spec), timeoutMs: spec.startTimeoutMs });
    if (finished.code === 0) continue;
    const output = lastLines(finished.stderr || finished.stdout, CAUSE_LINES);
    const cause = likelyCause({ code: finished.code, signal: finished.signal, lastLines: output });
    const shown = output === '' ? '' : `\n${lastLines(output, SHOWN_LINES)}`;
    throw new DkmError('service-failed', `preparing it failed (${endingInWords(finished)}): ${cause}${shown}`);
  }
}

/** Why a service's process ended, in words, from how it ended and what it printed last. Never throws. */
export async function explainEnding({ logFiles }: Pick<ServiceSpec, 'logFiles'>, ending: Pick<Ending, 'code' | 'signal'>): Promise<string> {
  return `it ended (${endingInWords(ending)}): ${likelyCause({ ...ending, lastLines: await tailOfLogs(logFiles, CAUSE_LINES) })}`;
}

/** The ends of several logs; a log that cannot be read has none. */
export async function tailOfLogs(files: readonly string[], count: number): Promise<string> {
  const tails = await Promise.all(files.map((file) => readTail(file, count).catch(() => '')));
  return tails.filter((tail) => tail !== '').join('\n');
}
