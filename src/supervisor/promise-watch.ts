import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { isListOf } from '../base/shape.ts';
import { isMonitorSpec, type MonitorSpec } from '../contract/monitor.ts';
import { isNotifySpec, type ChannelTest, type NotifySpec } from '../contract/notify.ts';
import { isPromiseSpec, type CheckedPromise, type PromiseResult, type PromiseSpec } from '../contract/promise.ts';
import { isReportSpec, type ReportSpec } from '../contract/report.ts';
import type { ServiceStatus } from '../contract/status.ts';
import type { Monitor } from '../monitor/monitor.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Runner } from '../promises/runner.ts';
import { serviceEnvironment } from './environment.ts';
import { Reporter } from './report.ts';

/*
 * Promises in the supervisor: who runs them, who keeps what came of them, who tells it, and who counts it. Each is loaded when there is
 * something for it to do, and none of them can do the services any harm.
 */

/** What the supervisor is told about promises; what is left out stays as it was. */
export interface WatchTold {
  promises?: PromiseSpec[];
  monitor?: MonitorSpec;
  notify?: NotifySpec;
  report?: ReportSpec;
}

interface Options {
  layout: Layout;
  services: () => readonly ServiceStatus[];
  log: (line: string) => void;
}

export class PromiseWatch {
  readonly #options: Options;
  #told: WatchTold = {};
  /** Taking up what was told, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #runner: Runner | undefined;
  #monitor: Monitor | undefined;
  #notifier: Notifier | undefined;
  readonly #reporter: Reporter;
  #specs: PromiseSpec[] = [];
  #pauses = 0;
  #isEnding = false;

  constructor(options: Options) {
    this.#options = options;
    this.#reporter = new Reporter(options);
  }

  /** What it was told last, for the supervisor after this one. */
  get told(): WatchTold {
    return this.#told;
  }

  /** Notes what an earlier supervisor was told, in case that nobody can tell this one. */
  remember(told: WatchTold): void {
    this.#told = told;
  }

  /** Takes up what is told, without keeping the caller waiting. */
  configure({ promises, monitor, notify, report }: WatchTold, { isReload = false } = {}): void {
    const told = { ...this.#told, ...(promises && { promises }), ...(monitor && { monitor }), ...(notify && { notify }), ...(report && { report }) };
    if (told.report) this.#reporter.configure(told.report);
    const isKnown = !isReload && this.#runner !== undefined && isDeepStrictEqual(told, this.#told);
    this.#told = told;
    if (isKnown) return;
    this.#work = this.#work.then(() => this.#takeUp()).catch((error: unknown) => this.#options.log(`promises could not be taken up: ${messageOf(error)}`));
  }

  /** Until the function it returns is called nothing is checked by itself: what is stopped on purpose is not broken. */
  pause(): () => void {
    this.#pauses += 1;
    this.#runner?.pause(true);
    let isOver = false;
    return () => {
      if (!isOver) this.#pauses -= 1;
      isOver = true;
      this.#runner?.pause(this.#pauses > 0);
    };
  }

  /** Checks promises now; see Runner.check. */
  async check(ids: readonly string[], report: (promise: CheckedPromise) => void): Promise<void> {
    await this.#work;
    await (await this.#running()).check(ids, report);
  }

  /** Tells that this is a test, on one channel or on all; as `notify` says, which is not taken up, or else as it was told. */
  async testNotify(channel: string | undefined, notify = this.#told.notify): Promise<ChannelTest[]> {
    const { testChannels } = await import('../notify/test-channels.ts');
    return testChannels(notify, this.#options.layout, channel);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.#reporter.end();
    await this.#work;
    await this.#safely('the runner of promises', () => inTime(this.#runner?.end()));
    await this.#safely('the monitor', () => inTime(this.#monitor?.end()));
    await this.#safely('the notifier', () => inTime(this.#notifier?.end()));
  }

  async #takeUp(): Promise<void> {
    const { promises = [], monitor, notify } = this.#told;
    if (this.#isEnding || (promises.length === 0 && !this.#runner)) return;
    await this.#safely('the notifier', async () => {
      this.#notifier ??= await this.#newNotifier();
      if (notify) await this.#notifier.configure(notify);
    });
    if (monitor) await this.#safely('the monitor', async () => (this.#monitor ??= await this.#newMonitor()));
    (await this.#running()).configure(promises);
  }

  async #running(): Promise<Runner> {
    const { startRunner } = await import('../promises/runner.ts');
    const { layout, services, log } = this.#options;
    this.#runner ??= startRunner({
      layout,
      services,
      log,
      environment: serviceEnvironment({ environment: {} }),
      onResult: (result) => this.#tell(result),
      onPromises: (specs) => {
        this.#specs = specs;
        this.#reporter.present(specs);
        this.#tellPromises();
      },
    });
    this.#runner.pause(this.#pauses > 0);
    return this.#runner;
  }

  async #newMonitor(): Promise<Monitor> {
    const { createMonitor } = await import('../monitor/monitor.ts');
    return createMonitor(this.#options.layout, this.#options.log);
  }

  async #newNotifier(): Promise<Notifier> {
    const { createNotifier } = await import('../notify/notifier.ts');
    return createNotifier(this.#options.layout, this.#options.log);
  }

  #tellPromises(): void {
    const { monitor } = this.#told;
    if (monitor) void this.#safely('the monitor', async () => this.#monitor?.configure(monitor, this.#specs));
    this.#notifier?.present(this.#specs.map(({ id }) => id));
  }

  #tell(result: PromiseResult): void {
    void this.#safely('the monitor', async () => this.#monitor?.record(result));
    this.#notifier?.record(result);
    this.#reporter.record(result);
  }

  /** Whatever fails here is noted, and the rest goes on. */
  async #safely(who: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#options.log(`${who}: ${messageOf(error)}`);
    }
  }
}

const ENDS_WITHIN_MS = 5_000;

/** Who hangs, as on a dead file system, does not keep the supervisor from ending. */
async function inTime(ending: Promise<void> | undefined): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`did not end within ${ENDS_WITHIN_MS} ms`)), ENDS_WITHIN_MS);
  await Promise.race([ending, late]).finally(() => clearTimeout(timer));
}

/** Reads what an earlier supervisor wrote down; what another version wrote otherwise is left out. */
export function parseWatchTold(value: Partial<Record<keyof WatchTold, unknown>> | null): WatchTold {
  const { promises, monitor, notify, report } = value ?? {};
  return {
    ...(isListOf(isPromiseSpec)(promises) && { promises: promises as PromiseSpec[] }),
    ...(isMonitorSpec(monitor) && { monitor }),
    ...(isNotifySpec(notify) && { notify }),
    ...(isReportSpec(report) && { report }),
  };
}
