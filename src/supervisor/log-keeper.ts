import { rmSync, statSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import type { LogLimits } from '../contract/service.ts';
import { archivesOf, timeOf, type LogArchive } from './log-archives.ts';
import { isDue, pauseBeforeLookMs, surplusArchives } from './log-limits.ts';
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
  /** What could not be done with a log, so that it is told once. */
  readonly #told = new Map<string, string>();

  /** `logs` tells which logs there are at that moment; `note` takes a line for the supervisor's log. */
  constructor(logs: () => readonly RotatingLog[], note: (line: string) => void) {
    this.#logs = logs;
    this.#note = note;
  }

  /** Takes new limits, and looks at once. Without any it does nothing. */
  configure(limits: LogLimits): void {
    this.#limits = limits;
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
    try {
      if (!this.#seen.has(log.path)) tidyUp(log.path);
      const pauseMs = await this.#rotateWhenDue(log, limits);
      for (const { path, isCompressed } of archivesOf(log.path).archives) if (!isCompressed) await compressArchive(path);
      return pauseMs;
    } catch (error) {
      this.#tell(log, messageOf(error));
      return pauseBeforeLookMs(0, 0, 0, limits.maxBytes);
    }
  }

  async #rotateWhenDue(log: RotatingLog, limits: LogLimits): Promise<number> {
    const found = statSync(log.path, { throwIfNoEntry: false });
    const bytes = found?.size ?? 0;
    const before = this.#seen.get(log.path);
    const nowMs = performance.now();
    this.#seen.set(log.path, { bytes, atMs: nowMs });
    const pauseMs = pauseBeforeLookMs(bytes, before ? bytes - before.bytes : 0, before ? nowMs - before.atMs : 0, limits.maxBytes);
    if (!found || !isDue({ bytes, begunAtMs: begunAtMs(archivesOf(log.path).archives.at(-1), found.birthtimeMs) }, limits, Date.now())) return pauseMs;
    const rotated = await rotateLog(log);
    if (!rotated.done) {
      this.#tell(log, rotated.refused);
      return pauseMs;
    }
    this.#told.delete(log.path);
    this.#seen.set(log.path, { bytes: 0, atMs: nowMs });
    return pauseBeforeLookMs(0, bytes - (before?.bytes ?? bytes), nowMs - (before?.atMs ?? nowMs), limits.maxBytes);
  }

  #takeAway(logs: readonly RotatingLog[], limits: LogLimits): void {
    const liveBytes = logs.reduce((sum, { path }) => sum + sizeOf(path), 0);
    const byLog = logs.map(({ path }) => archivesOf(path).archives.map((archive) => ({ ...archive, bytes: sizeOf(archive.path) })));
    for (const path of surplusArchives(byLog, liveBytes, limits)) rmSync(path, { force: true });
  }

  #tell({ path }: RotatingLog, trouble: string): void {
    if (this.#told.get(path) === trouble) return;
    this.#told.set(path, trouble);
    this.#note(`${path} could not be rotated: ${trouble}`);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A log that was rotated began then; the first one when its file was made. */
function begunAtMs(newest: LogArchive | undefined, birthtimeMs: number): number {
  return newest ? timeOf(newest.stamp) : birthtimeMs;
}
