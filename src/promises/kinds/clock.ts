import { readFile } from 'node:fs/promises';
import { run } from '../../base/exec.ts';
import { spanInWords } from '../../base/terminal.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { ask } from './ask.ts';
import type { KindContext, RunKind } from './kind.ts';
import { broken, kept, unknown } from './outcome.ts';

/*
 * This machine's clock, without speaking NTP: what another server says, whether something keeps the clock, and whether it
 * was moved. Each of the three may be untold; what could not be told is said.
 */

export interface ClockSettings {
  /** An http address whose Date header is compared; any status will do. */
  server?: string | undefined;
  /** Seconds that the two may differ. The header has no parts of seconds, and the way takes its time. */
  max_offset_s: number;
  /** True: something must keep the clock (NTP), where the system tells. */
  synchronised: boolean;
  /** Seconds that the clock may be moved at once while dkm runs. */
  max_jump_s: number;
  /** Hours for which a move is told. */
  told_h: number;
  /** What it means that the server cannot be asked. */
  no_data: PromiseOutcome['state'];
}

/** What is known of the clock; undefined is untold. */
export interface ClockFacts {
  /** Seconds that the other server's clock is ahead of this one's. */
  aheadSeconds: number | undefined;
  /** Why the other one could not be asked. */
  unasked: string | undefined;
  isSynchronised: boolean | undefined;
  /** The last move that was too large: by how many seconds, and how long ago. */
  moved: { bySeconds: number; agoSeconds: number } | undefined;
  /** Seconds that the machine has been up. */
  upSeconds: number | undefined;
}

/** NTP needs a while after the machine was started. */
const SYNCHRONISED_AFTER_SECONDS = 600;

export const clock: RunKind<ClockSettings> = async (settings, context) => {
  const upSeconds = await uptime();
  const moved = noteMove(settings, context.now(), upSeconds);
  const [asked, isSynchronised] = await Promise.all([
    settings.server === undefined ? undefined : askDate(settings.server, context),
    settings.synchronised ? synchronisedState(context) : undefined,
  ]);
  return clockOutcome(settings, { aheadSeconds: asked?.aheadSeconds, unasked: asked?.why, isSynchronised, moved, upSeconds });
};

/** What is known means this. Pure. */
export function clockOutcome(settings: ClockSettings, facts: ClockFacts): PromiseOutcome {
  const { server, max_offset_s, synchronised } = settings;
  const values = { ahead_s: facts.aheadSeconds, moved_s: facts.moved?.bySeconds };
  const faults = clockFaults(settings, facts);
  if (faults.length > 0) return broken(faults.join(' '), values);
  const untold = [
    ...(server !== undefined && facts.aheadSeconds === undefined ? [`${server} ${facts.unasked ?? 'does not tell its time'}`] : []),
    ...(synchronised && facts.isSynchronised === undefined ? ['this machine does not tell whether something keeps its clock'] : []),
  ];
  const told = [
    ...(facts.aheadSeconds === undefined ? [] : [`it agrees with ${server ?? ''} to within ${max_offset_s} s`]),
    ...(facts.isSynchronised === true ? ['something keeps it'] : []),
  ];
  const notTold = untold.length === 0 ? '' : ` Not known: ${untold.join('; ')}.`;
  if (server !== undefined && facts.aheadSeconds === undefined && settings.no_data !== 'ok')
    return (settings.no_data === 'failed' ? broken : unknown)(`The clock could not be compared.${notTold}`, values);
  return kept(`The clock was not moved${told.length === 0 ? '' : `, and ${told.join(', and ')}`}.${notTold}`, values);
}

function clockFaults({ server, max_offset_s, synchronised }: ClockSettings, { aheadSeconds, isSynchronised, moved, upSeconds }: ClockFacts): string[] {
  const isFresh = upSeconds !== undefined && upSeconds < SYNCHRONISED_AFTER_SECONDS;
  return [
    ...(aheadSeconds !== undefined && Math.abs(aheadSeconds) > max_offset_s
      ? [`The clock differs from that of ${server ?? ''} by more than ${max_offset_s} s: it is ${aheadSeconds > 0 ? 'behind' : 'ahead'}.`]
      : []),
    ...(moved === undefined ? [] : [`The clock was set ${moved.bySeconds > 0 ? 'forward' : 'back'} by ${spanInWords(Math.abs(moved.bySeconds))}.`]),
    ...(synchronised && isSynchronised === false && !isFresh ? ['Nothing keeps the clock of this machine: it is not synchronised.'] : []),
  ];
}

/** The header has no parts of seconds: half of one is the best guess. */
const HALF_SECOND_MS = 500;

async function askDate(url: string, context: KindContext): Promise<{ aheadSeconds: number | undefined; why: string | undefined }> {
  const before = context.now();
  const reply = await ask({ url, method: 'HEAD', verifyTls: false, mostBytes: 0 }, context);
  if (reply.kind === 'failed') return { aheadSeconds: undefined, why: reply.why };
  if (reply.dateMs === undefined) return { aheadSeconds: undefined, why: 'does not tell its time' };
  return { aheadSeconds: (reply.dateMs + HALF_SECOND_MS - (before + context.now()) / 2) / 1000, why: undefined };
}

/** What the kernel knows, through systemd; where there is none, in a container say, nobody tells. */
async function synchronisedState({ signal }: KindContext): Promise<boolean | undefined> {
  const asked = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], { timeoutMs: 5_000, signal }).catch(() => undefined);
  if (asked?.code !== 0) return undefined;
  return { yes: true, no: false }[asked.stdout.trim()];
}

/** Seconds since the machine was started, times of sleep included; undefined where the system does not tell. */
async function uptime(): Promise<number | undefined> {
  const text = await readFile('/proc/uptime', 'utf8').catch(() => '');
  const seconds = Number(text.split(' ')[0] || NaN);
  return Number.isNaN(seconds) ? undefined : seconds;
}

/** What is remembered between runs, as long as this process lives. */
const memory: { startMs?: number; move?: { bySeconds: number; atMs: number } } = {};

/** The wall clock less the time since the start stays the same, unless somebody moves the clock. */
function noteMove({ max_jump_s, told_h }: ClockSettings, nowMs: number, upSeconds: number | undefined): ClockFacts['moved'] {
  const steadyMs = upSeconds === undefined ? performance.now() : upSeconds * 1000;
  const bySeconds = jumpSeconds(memory.startMs, nowMs - steadyMs);
  memory.startMs = nowMs - steadyMs;
  if (Math.abs(bySeconds) > max_jump_s) memory.move = { bySeconds, atMs: steadyMs };
  const { move } = memory;
  if (move === undefined) return undefined;
  const agoSeconds = (steadyMs - move.atMs) / 1000;
  return agoSeconds < told_h * 3600 ? { bySeconds: move.bySeconds, agoSeconds } : undefined;
}

/** Seconds by which the clock was moved between two looks at "now less the time since the start"; 0 at the first. Pure. */
export function jumpSeconds(beforeMs: number | undefined, nowMs: number): number {
  return beforeMs === undefined ? 0 : (nowMs - beforeMs) / 1000;
}
