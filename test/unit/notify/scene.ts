import type { Channel, NotifyRules, NotifySpec } from '../../../src/contract/notify.ts';
import type { Acknowledgement, PromiseResult, PromiseState, Severity } from '../../../src/contract/promise.ts';
import { decide, type Decision, type Happening } from '../../../src/notify/decide.ts';
import { emptyMemory, memoryText, parseMemory, type Memory } from '../../../src/notify/memory.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Noon of a day without a change of time, in UTC. */
export const NOON = Date.UTC(2026, 5, 10, 12);

const RULES: NotifyRules = {
  failures: 1,
  of: 1,
  atLatestMs: 0,
  reminderMs: 0,
  digestWithinMs: 0,
  digestFrom: 100,
  recovery: true,
  noData: true,
  flapChanges: 0,
};

/** A channel that is told everything at once. */
export function channel(more: Partial<Channel> = {}): Channel {
  return {
    name: 'ops',
    kind: 'command',
    severities: [],
    promises: [],
    quietHours: [],
    criticalBreaksQuiet: false,
    digest: true,
    settings: { argv: ['true'], timeoutMs: 1000 },
    ...more,
  };
}

/** Rules that tell every change at once, but for what is given. */
export function spec(rules: Partial<NotifyRules> = {}, more: Partial<NotifySpec> = {}): NotifySpec {
  return { host: 'box', link: '', channels: [channel()], rules: { ...RULES, ...rules }, exceptions: [], ...more };
}

interface ResultOptions {
  id?: string;
  severity?: Severity;
  message?: string;
  acknowledged?: Acknowledgement;
}

/** What a run found. */
export function result(
  state: PromiseState,
  { id = 'disk', severity = 'critical', message = `it is ${state}`, acknowledged }: ResultOptions = {},
): PromiseResult {
  const check = { kind: 'built-in', name: 'disk', settings: {} } as const;
  return {
    spec: {
      id,
      title: `Title of ${id}`,
      origin: 'host',
      severity,
      schedule: '* * * * *',
      jitterMs: 0,
      timeoutMs: 1000,
      check,
      publicPaths: [],
      privatePaths: [],
    },
    outcome: { state, message },
    startedAtMs: 0,
    executionTimeMs: 1,
    ...(acknowledged && { acknowledged }),
  };
}

/** Acknowledged until then. */
export function acknowledgedUntil(untilMs: number): Acknowledgement {
  return { by: 'admin', comment: '', sinceMs: 0, untilMs };
}

/** Plays what happens on a clock of its own, wakes when it was asked to, and notes what was told and when. */
export class Scene {
  nowMs = NOON;
  spec: NotifySpec;
  memory: Memory = emptyMemory();
  /** `minute channel event:promise,event:promise` */
  readonly told: string[] = [];
  readonly decisions: Decision[] = [];
  #wakeAtMs: number | null = null;

  constructor(of: NotifySpec, atMs = NOON) {
    this.spec = of;
    this.nowMs = atMs;
    this.#start = atMs;
  }

  readonly #start: number;

  happen(happening: Happening): this {
    const decision = decide(this.memory, happening, this.nowMs, this.spec);
    this.memory = decision.memory;
    this.#wakeAtMs = decision.wakeAtMs;
    this.decisions.push(decision);
    for (const { channel: name, items } of decision.tellings) {
      const minute = Math.round((this.nowMs - this.#start) / MINUTE);
      this.told.push(`${minute} ${name} ${items.map(({ event, id }) => `${event}:${id}`).join(',')}`);
    }
    return this;
  }

  run(state: PromiseState, options: ResultOptions = {}): this {
    return this.happen({ kind: 'result', result: result(state, options) });
  }

  /** Lets time pass, as a supervisor would: it wakes when it wanted to. */
  pass(ms: number): this {
    const end = this.nowMs + ms;
    for (let wakes = 0; this.#wakeAtMs !== null && this.#wakeAtMs <= end; wakes += 1) {
      if (wakes > 1000) throw new Error('it wakes again and again');
      this.nowMs = Math.max(this.nowMs, this.#wakeAtMs);
      this.happen({ kind: 'wake' });
    }
    this.nowMs = end;
    return this;
  }

  /** One run a minute: `f` failed, `o` ok, `n` no data, `.` none. */
  runs(pattern: string, options: ResultOptions = {}): this {
    for (const letter of pattern) {
      const state = ({ f: 'failed', o: 'ok', n: 'no-data' } as const)[letter as 'f'];
      if (letter !== '.') this.run(state, options);
      this.pass(MINUTE);
    }
    return this;
  }

  /** As after a restart of the supervisor: what was written down is all that is left. */
  restart(): this {
    const read = parseMemory(memoryText(this.memory));
    if (!read) throw new Error('memory.json cannot be read again');
    this.memory = read;
    return this;
  }
}
