import { messageOf } from '../../base/errors.ts';
import { within } from '../bounded.ts';
import type { Scene } from '../scene.ts';
import type { Entry } from './archive.ts';
import type { Redactor } from '../../redaction/redact-text.ts';

/** What a collector works with. */
export interface Collection {
  scene: Scene;
  redactor: Redactor;
  /** Tells of something that was left out, and why. */
  leaveOut: (what: string, why: string) => void;
}

/** Gathers one part of the archive. What it returns has no secrets any more. */
export interface Collector {
  name: string;
  /** Milliseconds it may take. Left out: 10 seconds. */
  timeoutMs?: number;
  collect: (collection: Collection, signal: AbortSignal) => Entry[] | Promise<Entry[]>;
}

/** What became of a collector. */
export interface CollectorResult {
  name: string;
  result: 'ok' | 'timed-out' | 'failed';
  /** Why not; empty when it went well. */
  reason: string;
  tookMs: number;
  files: number;
}

const COLLECTOR_TIMEOUT_MS = 10_000;

/** Runs one collector within its time; never throws. */
export async function runCollector(
  { name, timeoutMs = COLLECTOR_TIMEOUT_MS, collect }: Collector,
  collection: Collection,
): Promise<{ outcome: CollectorResult; entries: Entry[] }> {
  const startedMs = performance.now();
  const outcome = (result: CollectorResult['result'], reason: string, files: number): CollectorResult => ({
    name,
    result,
    reason: collection.redactor.own(reason),
    tookMs: Math.round(performance.now() - startedMs),
    files,
  });
  try {
    const entries = await within(timeoutMs, `The collector "${name}"`, (signal) => collect(collection, signal));
    return { outcome: outcome('ok', '', entries.length), entries };
  } catch (error) {
    const isLate = (error as { code?: unknown }).code === 'timed-out';
    return { outcome: outcome(isLate ? 'timed-out' : 'failed', messageOf(error), 0), entries: [] };
  }
}
