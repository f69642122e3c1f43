import { rmSync, statSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { LogLimits } from '../contract/service.ts';
import { archivesOf } from '../log-files/log-archives.ts';
import { begunAtMs, isDue, pauseAfterTroubleMs, pauseBeforeLookMs, surplusArchives } from './log-limits.ts';
import { compressArchive, rotateLog, tidyUp, type RotatingLog } from './rotate-log.ts';

/** Keeps logs within their limits: looks at them from time to time, rotates, compresses and takes away. One per installation. */
export class LogKeeper {
  readonly #logs: () => readonly RotatingLog[];
  readonly #note: (line: string) => void;
  #limits: LogLimits | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isEnded = false;
  /** How large each log was when it was looked at last, and when that was. */
  readonly #seen = new Map<string, { bytes: number; atMs: number }>();
  /** When each log was rotated last, milliseconds since the epoch. */
  readonly #rotatedAtMs = new Map<string, number>();
  /** What could not be done with a log: told once, and tried again after pauses that grow. */
  readonly #trouble = new Map<string, { what: string; times: number; againAtMs: number }>();

  /** `logs` tells which logs there are at that moment; `note` takes a line for the supervisor's log. */
  constructor(logs: () => readonly RotatingLog[], note: (line: string) => void) {
    this.#logs = logs;
    this.#note = note;
  }

  /** Takes new limits, and looks at once. Without any it does nothing. */
  configure(limits: LogLimits): void {
    this.#limits = limits;
    this.#trouble.clear();
    this.#plan(0);
  }

  /** Ends it; settles when nothing is under way any more. */
  end(): Promise<void> {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    return this.#looking;
  }

  #plan(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look()).catch((error: unknown) => this.#note(`looking after the logs failed: ${messageOf(error)}`));
    }, pauseMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const limits = this.#limits;
    if (!limits || this.#isEnded) return;
    const logs = this.#logs();
    const pauses: number[] = [];
    for (const log of logs) pauses.push(await this.#keep(log, limits));
    this.#plan(Math.min(...pauses));
    this.#takeAway(logs, limits);
  }

  /** Does for one log what is to be done, and tells when to look at it again. What fails is told and tried again. */
  async #keep(log: RotatingLog, limits: LogLimits): Promise<number> {
    const before = this.#trouble.get(log.path);
    const usualPauseMs = pauseBeforeLookMs(0, 0, 0, limits.maxBytes);
    if (before && performance.now() < before.againAtMs) return usualPauseMs;
    try {
      if (!this.#seen.has(log.path)) tidyUp(log.path);
      const pauseMs = await this.#rotateWhenDue(log, limits);
      for (const { path, isCompressed } of archivesOf(log.path).archives) if (!isCompressed) await compressArchive(path);
      if (this.#trouble.get(log.path) === before) this.#trouble.delete(log.path);
      return pauseMs;
    } catch (error) {
      this.#seen.delete(log.path); // there may be something to tidy up
      this.#noteTrouble(log, messageOf(error));
      return usualPauseMs;
    }
  }

  async #rotateWhenDue(log: RotatingLog, limits: LogLimits): Promise<number> {
    const found = statSync(log.path, { throwIfNoEntry: false });
    const bytes = found?.size ?? 0;
    const before = this.#seen.get(log.path);
    const nowMs = performance.now();
    this.#seen.set(log.path, { bytes, atMs: nowMs });
    const pauseMs = pauseBeforeLookMs(bytes, before ? bytes - before.bytes : 0, before ? nowMs - before.atMs : 0, limits.maxBytes);
    if (!found || !isDue({ bytes, begunAtMs: this.#begunAtMs(log, found.birthtimeMs) }, limits, Date.now())) return pauseMs;
    const rotated = await rotateLog(log);
    if (!rotated.done) {
      this.#noteTrouble(log, rotated.refused);
      return pauseMs;
    }
    this.#rotatedAtMs.set(log.path, Date.now());
    this.#seen.set(log.path, { bytes: 0, atMs: nowMs });
    return pauseBeforeLookMs(0, bytes - (before?.bytes ?? bytes), nowMs - (before?.atMs ?? nowMs), limits.maxBytes);
  }

  #takeAway(logs: readonly RotatingLog[], limits: LogLimits): void {
    const liveBytes = logs.reduce((sum, { path }) => sum + sizeOf(path), 0);
    const byLog = logs.map(({ path }) => archivesOf(path).archives.map((archive) => ({ ...archive, bytes: sizeOf(archive.path) })));
    for (const path of surplusArchives(byLog, liveBytes, limits)) rmSync(path, { force: true });
  }

  #begunAtMs({ path }: RotatingLog, birthtimeMs: number): number {
    return begunAtMs(archivesOf(path).archives.at(-1)?.stamp, birthtimeMs, this.#rotatedAtMs.get(path));
  }

  #noteTrouble({ path }: RotatingLog, what: string): void {
    const before = this.#trouble.get(path);
    const times = (before?.times ?? 0) + 1;
    this.#trouble.set(path, { what, times, againAtMs: performance.now() + pauseAfterTroubleMs(times) });
    if (before?.what !== what) this.#note(`${path} could not be rotated: ${what}`);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
