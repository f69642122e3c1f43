import type { Layout } from '../../base/layout.ts';
import type { PromiseState, PromiseStatus } from '../../contract/promise.ts';
import { readHistory, type HistoryEntry } from '../../monitor/read.ts';

/** How a promise was in an equal part of a stretch of time; `unknown` before anything was written down. */
export type Slot = PromiseState | 'unknown';

/** A stretch of time in equal parts, the oldest first. */
export interface Strip {
  slots: Slot[];
  /** Milliseconds of the stretch in which it was not kept. */
  brokenMs: number;
  /** How often it began not to be kept. */
  breaks: number;
}

/** Histories as they were read last: a file is read again when its promise changed since. */
const REMEMBERED = 2_000;

/** Reads histories; the same file is not read twice for the same state. */
export function createHistories(layout: Pick<Layout, 'monitor'>): (promise: PromiseStatus) => HistoryEntry[] {
  const known = new Map<string, { mark: string; entries: HistoryEntry[] }>();
  return (promise) => {
    const mark = `${promise.state} ${promise.sinceMs} ${promise.message}`;
    const remembered = known.get(promise.id);
    if (remembered?.mark === mark) return remembered.entries;
    const entries = readHistory(layout, promise.id);
    known.delete(promise.id);
    known.set(promise.id, { mark, entries });
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return entries;
  };
}

const SEVERITY: Record<Slot, number> = { failed: 3, 'no-data': 2, ok: 1, unknown: 0 };

/**
 * The time from `fromMs` to `untilMs` in `count` parts, each as bad as its worst moment. The present state counts from when
 * it began until `knownUntilMs`, after which nobody looked. Pure.
 */
export function stripOf(
  entries: readonly HistoryEntry[],
  present: Pick<PromiseStatus, 'state' | 'sinceMs'>,
  { fromMs, untilMs, count, knownUntilMs = untilMs }: { fromMs: number; untilMs: number; count: number; knownUntilMs?: number },
): Strip {
  const spells = spellsOf(entries, present, Math.min(untilMs, knownUntilMs)).filter(
    ({ endMs, startMs }) => endMs > startMs && endMs > fromMs && startMs < untilMs,
  );
  const slots = Array<Slot>(count).fill('unknown');
  const slotMs = (untilMs - fromMs) / count;
  for (const { state, startMs, endMs } of spells) {
    const first = Math.max(0, Math.floor((startMs - fromMs) / slotMs));
    const last = Math.min(count - 1, Math.ceil((endMs - fromMs) / slotMs) - 1);
    for (let index = first; index <= last; index += 1) if (SEVERITY[state] > SEVERITY[slots[index] ?? 'unknown']) slots[index] = state;
  }
  const broken = spells.filter(({ state }) => state === 'failed');
  const brokenMs = broken.reduce((sum, { startMs, endMs }) => sum + Math.min(endMs, untilMs) - Math.max(startMs, fromMs), 0);
  return { slots, brokenMs, breaks: broken.length };
}

interface Spell {
  state: PromiseState;
  startMs: number;
  endMs: number;
}

/** The times in one state each; changes of the message alone make none. */
function spellsOf(entries: readonly HistoryEntry[], present: Pick<PromiseStatus, 'state' | 'sinceMs'>, untilMs: number): Spell[] {
  const starts = entries.map(({ state, sinceMs, atMs }) => ({ state, startMs: Math.min(sinceMs, atMs) }));
  if (present.state !== 'pending' && present.sinceMs !== null) starts.push({ state: present.state, startMs: present.sinceMs });
  const inOrder = starts.sort((a, b) => a.startMs - b.startMs);
  const spells: Spell[] = [];
  for (const { state, startMs } of inOrder) {
    const before = spells.at(-1);
    if (before?.state === state) continue;
    if (before !== undefined) before.endMs = Math.min(startMs, untilMs);
    spells.push({ state, startMs, endMs: untilMs });
  }
  return spells;
}
