import { DkmError, messageOf } from '../base/errors.ts';
import type { CheckedPromise, PromiseResult, PromiseSpec, PromiseStatus } from '../contract/promise.ts';
import type { ServiceStatus } from '../contract/status.ts';
import { check, type CheckContext, type Checked } from './check.ts';
import { foundBefore, foundNow, type Found } from './found.ts';
import { Held } from './held.ts';
import { afterResult, definitionOf, knownOf, statusOf, type Known } from './known.ts';
import { endLeftovers } from './leftovers.ts';
import { Slots } from './slots.ts';
import { lastStatus, StatusFile } from './status-file.ts';
import { Timetable, type Moment } from './timetable.ts';

/*
 * Checks promises when they are due, or when somebody wants to know, and keeps run/promises.json. It lives in the
 * supervisor, so nothing that a check does may reach further than its own outcome.
 */

export interface RunnerOptions extends CheckContext {
  log: (line: string) => void;
  /** Is told what came of each check. */
  onResult: (result: PromiseResult) => void;
  /** Is told which promises there are, when that changed: those that others found among them. */
  onPromises: (specs: PromiseSpec[]) => void;
}

export interface Runner {
  /** Takes up what is to be checked from now on. */
  configure: (specs: readonly PromiseSpec[]) => void;
  /** While it is paused nothing is checked by itself, and what is being checked by itself ends without a result. */
  pause: (isPaused: boolean) => void;
  /** Checks now and reports one by one; all when no id is given. One that is being checked already is waited for. Throws `promise-unknown`. */
  check: (ids: readonly string[], report: (found: CheckedPromise) => void) => Promise<void>;
  /** Ends what is under way and settles when that and run/promises.json are done. */
  end: () => Promise<void>;
}

/** Checks that go on at the same time. */
export const SLOTS = 4;
/** It looks at clocks and acknowledgements this often. */
const LOOK_MS = 2_000;
const LOOK_AT_LEAST_MS = 20;
/** First checks wait for services that are being started, but not longer. */
const SERVICES_WITHIN_MS = 180_000;

/** A check that waits for its turn, is going on, or hangs. */
interface Run {
  definition: string;
  controller: AbortController;
  isStarted: boolean;
  /** Somebody wants to know. */
  isForced: boolean;
  /** Settles with what it found. */
  done: Promise<PromiseResult[]>;
}

/** Starts the runner of an installation; it checks nothing before it is configured. */
export function startRunner(options: RunnerOptions): Runner {
  return new PromiseRunner(options);
}

class PromiseRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #slots = new Slots(SLOTS);
  readonly #runs = new Map<string, Run>();
  readonly #timetable = new Timetable(now());
  readonly #startedMs = performance.now();
  readonly #held: Held;
  readonly #file: StatusFile;
  /** What the runner before knew, until the first configuration. */
  #before: ReadonlyMap<string, PromiseStatus>;
  #known = new Map<string, Known>();
  /** What others found, by the id of the one that found them. */
  readonly #found = new Map<string, Found>();
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isPaused = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#held = new Held(options.layout, options.log);
    this.#file = new StatusFile(options.layout, () => this.#statuses(), options.log);
    this.#before = new Map((lastStatus(options.layout)?.promises ?? []).map((status) => [status.id, status]));
    const left = endLeftovers(options.layout);
    if (left > 0) options.log(`processes of earlier checks were still there and were ended: ${left}`);
  }

  configure(specs: readonly PromiseSpec[]): void {
    const known = new Map<string, Known>();
    for (const spec of specs) {
      if (known.has(spec.id)) this.#options.log(`promise ${spec.id} is defined twice: the one of ${spec.origin} is left out`);
      else known.set(spec.id, this.#taken(spec));
    }
    this.#known = known;
    this.#forget();
    this.#before = new Map();
    const entries = [...known.values()].map(({ definition, spec: { id, schedule, jitterMs } }) => ({ id, schedule, jitterMs, definition }));
    for (const fault of this.#timetable.configure(entries, now())) this.#options.log(`promise ${fault}`);
    this.#tellPromises();
    this.#file.changed();
    if (!this.#isEnding) this.#lookLater(LOOK_AT_LEAST_MS);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) for (const run of this.#runs.values()) if (!run.isForced) run.controller.abort();
  }

  async check(ids: readonly string[], report: (found: CheckedPromise) => void): Promise<void> {
    const unknown = ids.filter((id) => this.#runnerOf(id) === undefined);
    if (unknown.length > 0) throw unknownPromise(unknown);
    const wanted = ids.length === 0 ? [...this.#known.keys()] : ids;
    const runners = new Set(wanted.map((id) => this.#runnerOf(id) ?? id));
    const isMeant = ({ spec: { id } }: PromiseResult, runner: string): boolean => wanted.includes(runner) || wanted.includes(id);
    await Promise.all(
      [...runners].map(async (runner) => {
        const results = await this.#checkNow(runner);
        if (this.#isEnding) throw new DkmError('interrupted', 'The supervisor ended before everything was checked.');
        for (const result of results) if (isMeant(result, runner)) report(checkedOf(result));
      }),
    );
    await this.#file.written(); // who asks next reads what came of it
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    for (const { controller } of this.#runs.values()) controller.abort();
    await Promise.all([...this.#runs.values()].map(({ done }) => done));
    await this.#file.end();
  }

  /** What is known of a promise from now on. */
  #taken(spec: PromiseSpec): Known {
    const known = this.#known.get(spec.id);
    if (known?.definition === definitionOf(spec)) return { ...known, spec };
    if (spec.check.kind === 'slapos') this.#found.set(spec.id, foundBefore(spec, this.#before.values()));
    else this.#found.delete(spec.id);
    return knownOf(spec, this.#before.get(spec.id));
  }

  /** What is not wanted any more, or not as it was, ends and leaves nothing. */
  #forget(): void {
    for (const [id, run] of this.#runs) if (this.#known.get(id)?.definition !== run.definition) run.controller.abort();
    for (const id of this.#found.keys()) if (!this.#known.has(id)) this.#found.delete(id);
  }

  #tellPromises(): void {
    const found = [...this.#found.values()].flatMap((known) => [...known.values()]);
    this.#guarded(() => this.#options.onPromises([...this.#known.values(), ...found].map(({ spec }) => spec)));
  }

  /** The id of the promise whose check tells of this one; undefined when there is none. */
  #runnerOf(id: string): string | undefined {
    if (this.#known.has(id)) return id;
    return [...this.#found].find(([, found]) => found.has(id))?.[0];
  }

  /** As it is defined now: a check that is just being ended is waited for. */
  async #checkNow(id: string): Promise<PromiseResult[]> {
    const run = this.#runs.get(id);
    if (run?.controller.signal.aborted) await run.done;
    else if (run) run.isForced = true;
    return this.#start(id, { isForced: true });
  }

  #start(id: string, { isForced = false } = {}): Promise<PromiseResult[]> {
    const known = this.#known.get(id);
    const current = this.#runs.get(id);
    if (current && !current.controller.signal.aborted) return current.done;
    // One of another definition that hangs, as on a disk that does not answer, does not keep this one from being checked.
    if (!known || this.#isEnding || current?.definition === known.definition) return Promise.resolve([]);
    const controller = new AbortController();
    const run: Run = { definition: known.definition, controller, isStarted: false, isForced, done: Promise.resolve([]) };
    this.#runs.set(id, run);
    run.done = this.#slots
      .run(() => this.#run(id, run, isForced), isForced)
      .catch((error: unknown) => {
        this.#gone(id, run);
        this.#options.log(`promise ${id} could not be checked: ${messageOf(error)}`);
        return [];
      });
    return run.done;
  }

  async #run(id: string, run: Run, isForced: boolean): Promise<PromiseResult[]> {
    const { controller } = run;
    const known = this.#known.get(id);
    if (!known || controller.signal.aborted) {
      this.#gone(id, run);
      return [];
    }
    run.isStarted = true;
    this.#file.changed({ isMinor: true });
    const startedAtMs = Date.now();
    const startedMs = performance.now();
    const checked = await check(known.spec, this.#options, { signal: controller.signal, isForced });
    const executionTimeMs = Math.round(performance.now() - startedMs);
    // One that hangs stays where it is, so that it is not started once more.
    void checked.gone.then(() => this.#gone(id, run));
    return controller.signal.aborted ? [] : this.#take(id, checked, { startedAtMs, executionTimeMs });
  }

  #gone(id: string, run: Run): void {
    if (this.#runs.get(id) === run) this.#runs.delete(id);
    if (this.#isEnding) return;
    // What was interrupted is looked at soon, and not a period later.
    if (run.controller.signal.aborted) this.#timetable.again(id, now());
    this.#file.changed({ isMinor: true });
  }

  /** Takes up what a check found, tells it, and returns it. */
  #take(id: string, { outcome, results }: Checked, times: Pick<PromiseResult, 'startedAtMs' | 'executionTimeMs'>): PromiseResult[] {
    const known = this.#known.get(id);
    if (!known) return [];
    const own = afterResult(known, { outcome, ...times });
    this.#known.set(id, own);
    const told = [own, ...(results ? this.#takeFound(own.spec, results) : [])];
    for (const each of told) this.#tell(each);
    this.#file.changed();
    return [own, ...(this.#found.get(id)?.values() ?? [])].flatMap((each) => this.#resultOf(each) ?? []);
  }

  /** Those that changed. */
  #takeFound(finder: PromiseSpec, results: Checked['results'] & object): Known[] {
    const before = this.#found.get(finder.id) ?? new Map<string, Known>();
    const isTaken = (id: string): boolean => (this.#runnerOf(id) ?? finder.id) !== finder.id || id === finder.id;
    const { found, changed } = foundNow(finder, results, before, isTaken);
    this.#found.set(finder.id, found);
    if ([...found.keys()].join('\n') !== [...before.keys()].join('\n')) this.#tellPromises();
    return changed;
  }

  #tell(known: Known): void {
    const result = this.#resultOf(known);
    if (!result) return;
    if (result.outcome.state === 'ok') this.#held.kept(known.spec.id);
    this.#guarded(() => this.#options.onResult(result));
  }

  #resultOf({ spec, outcome, checkedAtMs, executionTimeMs }: Known): PromiseResult | undefined {
    if (!outcome || checkedAtMs === null) return undefined;
    const acknowledged = outcome.state === 'ok' ? undefined : this.#held.of(spec.id);
    return { spec, outcome, startedAtMs: checkedAtMs, executionTimeMs: executionTimeMs ?? 0, ...(acknowledged && { acknowledged }) };
  }

  #statuses(): PromiseStatus[] {
    return [...this.#known].flatMap(([id, known]) => {
      const present = { nextAtMs: this.#isEnding ? null : this.#timetable.nextMs(id), isRunning: this.#runs.get(id)?.isStarted ?? false };
      return [known, ...(this.#found.get(id)?.values() ?? [])].map((each) => statusOf(each, { ...present, acknowledged: this.#held.of(each.spec.id) }));
    });
  }

  #lookLater(inMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), inMs);
  }

  #look(): void {
    this.#guarded(() => {
      const moment = now();
      if (this.#held.look()) this.#file.changed();
      if (this.#timetable.isHeld && this.#isTimeForFirst(moment)) this.#timetable.release(moment);
      if (!this.#isPaused) for (const id of this.#timetable.due(moment)) void this.#start(id);
      this.#file.mend();
    });
    this.#lookLater(Math.min(LOOK_MS, Math.max(LOOK_AT_LEAST_MS, this.#timetable.soonestMs - Date.now())));
  }

  #isTimeForFirst({ steadyMs }: Moment): boolean {
    return this.#options.services().every(isSettled) || steadyMs - this.#startedMs > SERVICES_WITHIN_MS;
  }

  /** What fails here must not end the supervisor. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.log(`promises: ${messageOf(error)}`);
    }
  }
}

function now(): Moment {
  return { wallMs: Date.now(), steadyMs: performance.now() };
}

/** True for a service that is ready, or that nobody expects to be soon. */
function isSettled({ state, ready, reason, held = false }: ServiceStatus): boolean {
  if (state === 'RUNNING') return ready;
  return held || state === 'EXITED' || state === 'FATAL' || (state === 'STOPPED' && reason === '');
}

/** A result as it is told to whoever asked for it. Pure. */
export function checkedOf({ spec: { id, title, severity }, outcome, startedAtMs, executionTimeMs, acknowledged }: PromiseResult): CheckedPromise {
  return { id, title, severity, ...outcome, startedAtMs, executionTimeMs, ...(acknowledged && { acknowledged }) };
}

/** For ids that nobody knows. */
export function unknownPromise(ids: readonly string[]): DkmError {
  return new DkmError('promise-unknown', `There is no promise ${ids.map((id) => `"${id}"`).join(' or ')} here.`, {
    hint: 'See what there is: dkm promise list',
  });
}
