import { statSync } from 'node:fs';
import { DkmError } from '../base/errors.ts';
import { lastLines, run } from '../base/exec.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { endingInWords, likelyCause, type Ending } from './causes.ts';
import { serviceEnvironment } from './environment.ts';
import { readTail, readTailOfAll, type LogEnds } from '../log-files/logs.ts';
import { wasMemoryKill } from './out-of-memory.ts';

const CAUSE_LINES = 40;
const SHOWN_LINES = 8;

/** Runs the commands that a service's manifest wants run before every start. Throws `service-failed` with what the first failing one printed. */
export async function prepareService(spec: ServiceSpec): Promise<void> {
  await runEach(spec, spec.beforeStart);
}

/** Has a service's own program look at its configuration as it is now. Throws `service-failed` with what it finds wrong. */
export async function checkConfiguration(spec: ServiceSpec): Promise<void> {
  await runEach(spec, spec.check);
}

async function runEach(spec: ServiceSpec, commands: readonly string[][]): Promise<void> {
  for (const [command = '', ...args] of commands) {
    const finished = await run(command, args, { cwd: spec.directory, env: serviceEnvironment(spec), timeoutMs: spec.startTimeoutMs });
    if (finished.code === 0) continue;
    const output = lastLines(finished.stderr || finished.stdout, CAUSE_LINES);
    const cause = likelyCause({ code: finished.code, signal: finished.signal, lastLines: output });
    const shown = output === '' ? '' : `\n${lastLines(output, SHOWN_LINES)}`;
    throw new DkmError('service-failed', `preparing it failed (${endingInWords(finished)}): ${cause}${shown}`);
  }
}

/** A process that ended, and what was there when it started. */
export interface EndedProcess extends Pick<Ending, 'code' | 'signal'> {
  pid: number;
  logs: LogEnds;
  memoryKills: number | null;
}

/** Why a service's process ended, in words, from how it ended and what it printed last. Never throws. */
export async function explainEnding({ logFiles }: Pick<ServiceSpec, 'logFiles'>, ended: EndedProcess): Promise<string> {
  const memoryKill = ended.signal === 'SIGKILL' ? await wasMemoryKill(ended.pid, ended.memoryKills) : 'unknown';
  const lastLines = await tailOfLogs(logFiles, CAUSE_LINES, ended.logs);
  return `it ended (${endingInWords(ended)}): ${likelyCause({ code: ended.code, signal: ended.signal, lastLines, memoryKill })}`;
}

/** The ends of several logs, of what came after `since`; a log that cannot be read has none. */
export async function tailOfLogs(files: readonly string[], count: number, since: LogEnds = {}): Promise<string> {
  const tails = await Promise.all(files.map((file) => tailOf(file, count, since[file]).catch(() => '')));
  return tails.filter((tail) => tail !== '').join('\n');
}

/** Of what came after `since` bytes; over the rotated logs when that is not known, or not there any more. */
async function tailOf(file: string, count: number, since: number | undefined): Promise<string> {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return since === undefined || bytes < since ? readTailOfAll(file, count) : readTail(file, count, since);
}
