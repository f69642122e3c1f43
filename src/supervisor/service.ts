import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { signalGroup } from '../base/exec.ts';
import type { ServiceSpec } from '../contract/service.ts';
import type { ServiceState, ServiceStatus } from '../contract/status.ts';
import { endingInWords } from './causes.ts';
import { afterFailure, NO_FAILURES, type FailureRecord } from './flapping.ts';
import { endsOfLogs, type LogEnds } from '../log-files/logs.ts';
import { memoryKills } from './out-of-memory.ts';
import { explainEnding, prepareService } from './prepare.ts';
import { signalProcess, type RunningProcess } from './process.ts';
import { SLOW_RETRY_MS, transition, type ServiceAction, type ServiceEvent } from './states.ts';
import { watchMemory, watchProcess, type WatchEvents } from './watch.ts';

/** Starts a service's process. */
export interface Engine {
  launch(spec: ServiceSpec): Promise<RunningProcess>;
}

/**
 * One service: holds its state, carries out what the table in `states.ts` says, and tells of every change.
 * Only `#apply` changes the state, and it runs without waiting, so that two commands at once cannot disagree.
 */
export class Service {
  /** As it is configured now: what the next process is started with. */
  #spec: ServiceSpec;
  /** What the present process was started with. */
  #running: ServiceSpec;
  readonly #engine: Engine;
  readonly #onChange: (service: Service) => void;
  #state: ServiceState = 'STOPPED';
  #wanted = false;
  /** Why it may not run now, though it may be wanted; empty when it may. */
  #held = '';
  /** Wanted again while it was being stopped. */
  #startAgain = false;
  #process: RunningProcess | undefined;
  #startedAtMs: number | null = null;
  /** By the clock that never goes back. */
  #readySinceMs: number | null = null;
  /** What was there before the present process, so that its end is not explained by that of an earlier one. */
  #before: { logs: LogEnds; memoryKills: number | null } = { logs: {}, memoryKills: null };
  #health: ServiceStatus['health'] = 'unknown';
  #reason = '';
  #lastExit: string | null = null;
  #failures: FailureRecord = NO_FAILURES;
  #restarts = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Ends the probing of one process when that process is over. */
  #watch = new AbortController();

  constructor(spec: ServiceSpec, engine: Engine, onChange: (service: Service) => void) {
    this.#spec = spec;
    this.#running = spec;
    this.#engine = engine;
    this.#onChange = onChange;
  }

  get name(): string {
    return this.#spec.name;
  }

  get spec(): ServiceSpec {
    return this.#spec;
  }

  /** How it takes signals: as the process it has was started, or else as it is configured. */
  get signals(): Pick<ServiceSpec, 'reloadSignal' | 'reopen'> {
    return this.#process ? this.#running : this.#spec;
  }

  get state(): ServiceState {
    return this.#state;
  }

  get isReady(): boolean {
    return this.#state === 'RUNNING';
  }

  get isWanted(): boolean {
    return this.#wanted;
  }

  /** True while a process exists, or soon will. */
  get isAlive(): boolean {
    return this.#process !== undefined || this.#state === 'STARTING';
  }

  /** True when the present process was started with another configuration. */
  get hasNewConfiguration(): boolean {
    return !isDeepStrictEqual(this.#spec, this.#running);
  }

  /** Takes a new configuration; a running process goes on with the one it was started with. */
  configure(spec: ServiceSpec): void {
    this.#spec = spec;
  }

  /** Wants it to run: its failures are forgotten. */
  start(): void {
    this.#wanted = true;
    if (this.#held !== '') return this.#tellHeld();
    this.#startAgain = this.#state === 'STOPPING';
    if (!this.isAlive) {
      this.#failures = NO_FAILURES;
      this.#restarts = 0;
    }
    this.#apply('start');
    if (this.#startAgain) this.#changed();
  }

  /** Wants it to run, as soon as what it needs is ready. */
  waitFor(names: readonly string[]): void {
    this.#wanted = true;
    if (this.#held !== '') return this.#tellHeld();
    this.#reason = `it waits for ${names.join(' and ')}`;
    this.#changed();
  }

  /** True when it is wanted and only waits for others. */
  get isWaiting(): boolean {
    return this.#wanted && this.#held === '' && this.#state === 'STOPPED';
  }

  /** Stops it cleanly, and keeps it from starting until `release`. What is wanted of it stays as it is. */
  hold(reason: string): void {
    if (this.#held === reason) return;
    const mayHaveRun = this.#held === '';
    this.#held = reason;
    this.#startAgain = false;
    if (mayHaveRun && this.#state !== 'EXITED') this.#apply('stop');
    if (this.#wanted) this.#tellHeld();
  }

  /** Lets it start again: at once when it is just being stopped, and else when `startWaiting` comes by. */
  release(): void {
    if (this.#held === '') return;
    this.#held = '';
    this.#startAgain = this.#wanted && this.#state === 'STOPPING';
    if (!this.#wanted) return;
    this.#reason = 'it may run again';
    this.#changed();
  }

  /** True when it is wanted and `hold` keeps it from running. */
  get isHeld(): boolean {
    return this.#wanted && this.#held !== '';
  }

  #tellHeld(): void {
    this.#reason = this.#held;
    this.#changed();
  }

  #heldReason(): string {
    return this.#wanted ? this.#held : '';
  }

  #mayRun(): boolean {
    return this.#wanted && this.#held === '';
  }

  /** Wants it not to run. */
  stop(): void {
    this.#wanted = false;
    this.#startAgain = false;
    if (this.#state === 'STOPPED') this.#reason = '';
    this.#apply('stop');
  }

  /** Sends a signal to its process; false when it has none. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#process !== undefined && signalProcess(this.#process, signal);
  }

  /** Goes on with a process that outlived the supervisor that started it. */
  adopt(process: RunningProcess, startedAtMs: number | null): void {
    this.#wanted = true;
    this.#state = 'STARTING';
    this.#attach(process, startedAtMs ?? Date.now());
    this.#changed();
  }

  status(): ServiceStatus {
    const { name, title, version, role, ports, logFiles } = this.#process ? this.#running : this.#spec;
    return {
      name,
      title,
      version,
      role,
      state: this.#state,
      pid: this.#process?.pid ?? null,
      pidStartTime: this.#process?.startTime ?? null,
      startedAtMs: this.#process ? this.#startedAtMs : null,
      restarts: this.#restarts,
      ready: this.isReady,
      health: this.#health,
      reason: this.#reason,
      lastExit: this.#lastExit,
      ports,
      logFiles,
      ...(this.isHeld && { held: true }),
    };
  }

  #apply(event: ServiceEvent): void {
    const next = transition(this.#state, event);
    if (!next) return;
    this.#state = next.to;
    for (const action of next.actions) this.#act(action);
    this.#changed();
  }

  #changed(): void {
    this.#onChange(this);
  }

  #act(action: ServiceAction): void {
    switch (action) {
      case 'launch':
        void this.#launch();
        return;
      case 'terminate':
        if (this.#process) void this.#terminate(this.#process);
        return;
      case 'cancel-retry':
        clearTimeout(this.#retryTimer);
        return;
      case 'plan-retry':
        this.#planRetry();
        return;
      case 'plan-slow-retry':
        this.#retryTimer = setTimeout(() => this.#retry(), SLOW_RETRY_MS);
        return;
    }
  }

  async #launch(): Promise<void> {
    const spec = this.#spec;
    this.#running = spec;
    this.#startAgain = false;
    this.#health = 'unknown';
    this.#reason = 'starting';
    try {
      await prepareService(spec);
      // Somebody may have stopped it, and even wanted it again, while it was being prepared.
      if (this.#state !== 'STARTING') return this.#apply(this.#mayRun() ? 'exit-again' : 'exit-unwanted');
      this.#before = { logs: endsOfLogs(spec.logFiles), memoryKills: memoryKills() };
      this.#attach(await this.#engine.launch(spec), Date.now());
      if (this.#state !== 'STARTING') this.#act('terminate');
    } catch (error) {
      this.#reason = messageOf(error);
      if (this.#state === 'STARTING') this.#apply('launch-failed');
      else this.#apply(this.#mayRun() ? 'exit-again' : 'exit-unwanted');
    }
  }

  #attach(process: RunningProcess, startedAtMs: number): void {
    this.#process = process;
    this.#startedAtMs = startedAtMs;
    this.#watch = new AbortController();
    void process.ended.then((ending) => this.#onEnd(process, ending));
    void watchProcess(this.#running, this.#watch.signal, this.#watchEvents());
    void watchMemory(this.#running, process.pid, this.#watch.signal, (reason) => {
      this.#reason = reason;
      this.#apply('too-big');
    });
    this.#changed();
  }

  async #onEnd(process: RunningProcess, ending: { code: number | null; signal: string | null }): Promise<void> {
    this.#watch.abort();
    signalGroup(process.pid, 'SIGKILL'); // what it started does not outlive it
    this.#process = undefined;
    this.#startedAtMs = null;
    this.#health = 'unknown';
    this.#lastExit = endingInWords(ending);
    const cause = this.#state === 'STOPPING' ? this.#reason : await explainEnding(this.#running, { ...ending, pid: process.pid, ...this.#before });
    // What is wanted may have changed while the logs were read, so it is looked at after that.
    const event = this.#eventOfEnd(ending.code);
    this.#reason = event === 'exit-unwanted' ? this.#heldReason() : event === 'exit-final' ? 'it ended by itself, with success' : cause;
    this.#apply(event);
  }

  #eventOfEnd(code: number | null): ServiceEvent {
    if (!this.#mayRun()) return 'exit-unwanted';
    if (this.#startAgain) return 'exit-again';
    return this.#running.restart === 'on-failure' && code === 0 && this.#state !== 'STOPPING' ? 'exit-final' : 'exit-wanted';
  }

  #planRetry(): void {
    const nowMs = performance.now();
    const wellMs = this.#readySinceMs === null ? 0 : nowMs - this.#readySinceMs;
    this.#readySinceMs = null;
    const { record, next } = afterFailure(this.#failures, { nowMs, wellMs });
    this.#failures = record;
    if (next.kind === 'park') {
      if (next.why !== undefined) this.#reason = `${next.why}: ${this.#reason}`;
      queueMicrotask(() => this.#apply('give-up'));
      return;
    }
    this.#retryTimer = setTimeout(() => this.#retry(), next.pauseMs);
  }

  #retry(): void {
    this.#restarts += 1;
    this.#apply('retry');
  }

  #watchEvents(): WatchEvents {
    return {
      onWaiting: (reason) => (this.#reason = reason),
      onReady: () => {
        this.#readySinceMs = performance.now();
        this.#health = 'healthy';
        this.#reason = '';
        this.#apply('ready');
      },
      onLate: (reason) => {
        this.#reason = reason;
        this.#apply('late');
      },
      onHealth: (health, reason) => this.#noteHealth(health, reason),
      onSick: (reason) => {
        this.#reason = reason;
        this.#apply('sick');
      },
    };
  }

  #noteHealth(health: ServiceStatus['health'], reason: string): void {
    if (this.#health === health && this.#reason === reason) return;
    this.#health = health;
    this.#reason = reason;
    this.#changed();
  }

  async #terminate(process: RunningProcess): Promise<void> {
    const { signal, timeoutMs } = this.#running.stop;
    signalProcess(process, signal);
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), timeoutMs);
    const outcome = await Promise.race([process.ended, late]);
    clearTimeout(timer);
    if (outcome !== 'late') return;
    signalProcess(process, 'SIGKILL');
    signalGroup(process.pid, 'SIGKILL');
  }
}
