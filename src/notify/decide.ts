import { createHash } from 'node:crypto';
import { byCodeUnits } from '../base/files.ts';
import type { Channel, NotifySpec } from '../contract/notify.ts';
import type { PromiseResult } from '../contract/promise.ts';
import { bare, isCalm, withEntry, type ChannelMemory, type Condition, type Memory, type Missed, type PromiseMemory, type Told } from './memory.ts';
import type { PromiseEvent } from './message.ts';
import { quietUntil } from './quiet-hours.ts';
import { isFor, rulesFor } from './rules.ts';
import { afterRun, afterTime, settlesAt, type PromiseRules } from './settle.ts';

/*
 * Who is told what, and when: (memory, what happened, now) -> (memory, what is told, when to look again). Nothing here
 * knows of files, clocks or networks.
 *
 * A channel is told by comparison: what it was told last with what is so now. Therefore nothing is told twice, what
 * passed while nobody was told needs no recovery, and a channel that was quiet, or is new, learns what it missed.
 */

/** What happened. `wake`: the time has come that the last decision named. `present`: these are all the promises there are. */
export type Happening = { kind: 'result'; result: PromiseResult } | { kind: 'wake' } | { kind: 'present'; ids: readonly string[] };

/** Something to tell of one promise. */
export interface Item {
  id: string;
  event: PromiseEvent;
  promise: PromiseMemory;
  incident: string;
  sinceMs: number;
  /** Until when, of what has passed. */
  untilMs: number | null;
}

/** Promises of a SlapOS partition are known only once they have run: so long one may be missing. */
const REMOVED_AFTER_MS = 600_000;

function isRemoved({ absentSinceMs }: PromiseMemory, now: number): boolean {
  return absentSinceMs !== null && now - absentSinceMs >= REMOVED_AFTER_MS;
}

/** One message to one channel. */
export interface Telling {
  channel: string;
  id: string;
  inReplyTo: string;
  items: Item[];
}

export interface Decision {
  memory: Memory;
  tellings: Telling[];
  /** When to decide again though nothing happens; null when there is no need. */
  wakeAtMs: number | null;
}

/** What follows from what happened. Pure but for the machine's time zone. */
export function decide(before: Memory, happening: Happening, now: number, spec: NotifySpec): Decision {
  const memory = windowOpened(taken(before, happening, now, spec), now, spec);
  if (memory.flushAtMs === null || memory.flushAtMs > now) return { memory, tellings: [], wakeAtMs: wakeAt(memory, now, spec) };
  const flushed = flush(memory, now, spec);
  return { ...flushed, wakeAtMs: wakeAt(flushed.memory, now, spec) };
}

function taken(memory: Memory, happening: Happening, now: number, spec: NotifySpec): Memory {
  if (happening.kind === 'wake') return { ...memory, promises: mapped(memory.promises, (promise, id) => afterTime(promise, now, rulesFor(spec, id))) };
  if (happening.kind === 'present') {
    const present = new Set(happening.ids);
    return {
      ...memory,
      promises: mapped(memory.promises, (promise, id) => ({ ...promise, absentSinceMs: present.has(id) ? null : (promise.absentSinceMs ?? now) })),
    };
  }
  const { id } = happening.result.spec;
  return { ...memory, promises: withEntry(memory.promises, id, afterRun(memory.promises[id], happening.result, now, rulesFor(spec, id))) };
}

function mapped(promises: Memory['promises'], change: (promise: PromiseMemory, id: string) => PromiseMemory): Memory['promises'] {
  return bare(Object.fromEntries(Object.entries(promises).map(([id, promise]) => [id, change(promise, id)])));
}

/** What changes within a while is told together: the first change sets the time. One far off was set by a clock that has been put back. */
function windowOpened(memory: Memory, now: number, spec: NotifySpec): Memory {
  const soon = now + spec.rules.digestWithinMs;
  if (memory.flushAtMs !== null) return memory.flushAtMs <= soon ? memory : { ...memory, flushAtMs: soon };
  const isChanged = spec.channels.some((channel) => isToBeFlushed(memory, channel, now, spec));
  return isChanged ? { ...memory, flushAtMs: soon } : memory;
}

function isToBeFlushed(memory: Memory, channel: Channel, now: number, spec: NotifySpec): boolean {
  const known = channelMemory(memory, channel);
  return eventsFor(memory, channel, now, spec).some(({ id, event, promise }) => {
    if (!isQuiet(channel, promise, now)) return true;
    const missed = known.missed[id];
    return missedAfter(missed, known.told[id], promise, event, now) !== missed;
  });
}

function channelMemory(memory: Memory, channel: Channel): ChannelMemory {
  return memory.channels[channel.name] ?? { told: bare({}), missed: bare({}) };
}

/** What there is to tell a channel now, quiet or not. */
function eventsFor(memory: Memory, channel: Channel, now: number, spec: NotifySpec): { id: string; event: PromiseEvent; promise: PromiseMemory }[] {
  const { told, missed } = channelMemory(memory, channel);
  return Object.entries(memory.promises).flatMap(([id, promise]) => {
    if (told[id] === undefined && missed[id] === undefined && (isCalm(promise) || !isFor(channel, id, promise.last.severity))) return [];
    const event = eventOf(promise, told[id], missed[id], now, rulesFor(spec, id));
    return event === undefined ? [] : [{ id, event, promise }];
  });
}

const EVENT_OF: Record<Exclude<Condition, 'ok'>, PromiseEvent> = { failed: 'failed', 'no-data': 'no-data', unstable: 'unstable' };

function eventOf(promise: PromiseMemory, told: Told | undefined, missed: Missed | undefined, now: number, rules: PromiseRules): PromiseEvent | undefined {
  if (isRemoved(promise, now)) return told && 'removed';
  const condition = conditionOf(promise);
  if (condition === 'ok') {
    if (told) return 'recovered';
    return missed && 'passed';
  }
  if (condition === 'no-data' && !rules.noData) return undefined;
  if (told && promise.acknowledged) return undefined;
  if (told?.condition !== condition) return EVENT_OF[condition];
  return isReminderDue(promise, told, now, rules) ? 'reminder' : undefined;
}

function conditionOf(promise: PromiseMemory): Condition {
  return promise.isUnstable ? 'unstable' : promise.settled;
}

/** Only what a run has confirmed since: a promise that is not checked any more is not brought up again and again. */
function isReminderDue(promise: PromiseMemory, told: Told, now: number, rules: PromiseRules): boolean {
  const atMs = Math.min(told.atMs, now);
  if ((promise.acknowledgementEndedMs ?? -Infinity) > atMs) return true;
  return rules.reminderMs > 0 && now - atMs >= rules.reminderMs && promise.seenMs > atMs;
}

function isQuiet(channel: Channel, promise: PromiseMemory, now: number): boolean {
  if (channel.criticalBreaksQuiet && promise.last.severity === 'critical') return false;
  return quietUntil(channel.quietHours, now) !== undefined;
}

/** What a quiet channel misses: that something broke, and, when it is told of it only afterwards, that it has passed. */
function missedAfter(missed: Missed | undefined, told: Told | undefined, promise: PromiseMemory, event: PromiseEvent, now: number): Missed | undefined {
  if (told || isRemoved(promise, now)) return missed;
  if (event === 'passed') return missed && missed.untilMs === null ? { ...missed, untilMs: now } : missed;
  if (missed?.untilMs === null) return missed;
  return { sinceMs: missed?.sinceMs ?? promise.brokenSinceMs ?? now, untilMs: null };
}

function flush(memory: Memory, now: number, spec: NotifySpec): { memory: Memory; tellings: Telling[] } {
  const tellings: Telling[] = [];
  const channels = bare<ChannelMemory>({});
  for (const channel of spec.channels) {
    const told = flushChannel(memory, channel, now, spec);
    channels[channel.name] = told.known;
    tellings.push(...told.tellings);
  }
  const isKnown = (id: string): boolean => Object.values(channels).some(({ told, missed }) => told[id] !== undefined || missed[id] !== undefined);
  const promises = Object.entries(memory.promises).filter(([id, promise]) => !isRemoved(promise, now) || isKnown(id));
  return { memory: { ...memory, promises: bare(Object.fromEntries(promises)), channels, flushAtMs: null }, tellings };
}

function flushChannel(memory: Memory, channel: Channel, now: number, spec: NotifySpec): { known: ChannelMemory; tellings: Telling[] } {
  const before = channelMemory(memory, channel);
  const known: ChannelMemory = { told: bare(before.told), missed: bare(before.missed) };
  const items: Item[] = [];
  for (const { id, event, promise } of eventsFor(memory, channel, now, spec)) {
    const told = known.told[id];
    const missed = known.missed[id];
    if (isQuiet(channel, promise, now)) {
      const misses = missedAfter(missed, told, promise, event, now);
      if (misses) known.missed[id] = misses;
      continue;
    }
    delete known.missed[id];
    if (isLast(event)) delete known.told[id];
    if (isLast(event) && event !== 'passed' && !spec.rules.recovery) continue;
    items.push(itemOf(id, event, promise, told, missed, now));
  }
  items.sort(worstFirst);
  return { known, tellings: grouped(channel, items, spec).map((group) => tellingOf(channel, group, known, before, now)) };
}

/** What matters most, and then what came first. */
function worstFirst(a: Item, b: Item): number {
  const rank = ({ promise, event }: Item): number => (isLast(event) ? 2 : promise.last.severity === 'critical' ? 0 : 1);
  return rank(a) - rank(b) || a.sinceMs - b.sinceMs || byCodeUnits(a.id, b.id);
}

/** After this there is nothing more to tell of a breakdown. */
function isLast(event: PromiseEvent): boolean {
  return event === 'recovered' || event === 'passed' || event === 'removed';
}

function itemOf(id: string, event: PromiseEvent, promise: PromiseMemory, told: Told | undefined, missed: Missed | undefined, now: number): Item {
  const sinceMs = told?.sinceMs ?? missed?.sinceMs ?? promise.brokenSinceMs ?? promise.sinceMs;
  const untilMs = event === 'recovered' ? promise.sinceMs : event === 'passed' ? (missed?.untilMs ?? now) : null;
  return { id, event, promise, sinceMs, untilMs, incident: told?.incident ?? incidentOf(id, sinceMs) };
}

/** The same for every channel and after a restart. */
function incidentOf(id: string, sinceMs: number): string {
  return `${digest([id]).slice(0, 10)}-${Math.floor(sinceMs).toString(36)}`;
}

function digest(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function grouped(channel: Channel, items: Item[], { rules }: NotifySpec): Item[][] {
  if (channel.digest && items.length > rules.digestFrom) return [items];
  return items.map((item) => [item]);
}

/** Notes in `known` what the channel is told. */
function tellingOf(channel: Channel, items: Item[], known: ChannelMemory, before: ChannelMemory, now: number): Telling {
  const parts = items.map(({ id, event, incident }) => [id, event, incident, before.told[id]?.count ?? 0]);
  const messageId = digest([channel.name, parts]).slice(0, 24);
  for (const { id, event, promise, incident, sinceMs } of items) {
    if (isLast(event)) continue;
    const told = before.told[id];
    const condition = conditionOf(promise);
    known.told[id] = { condition, atMs: now, incident, sinceMs, messageId: told?.messageId ?? messageId, count: (told?.count ?? 0) + 1 };
  }
  const [first] = items;
  const inReplyTo = items.length === 1 && first ? (before.told[first.id]?.messageId ?? '') : '';
  return { channel: channel.name, id: messageId, inReplyTo, items };
}

function wakeAt(memory: Memory, now: number, spec: NotifySpec): number | null {
  const times = [memory.flushAtMs ?? Infinity];
  for (const [id, promise] of Object.entries(memory.promises)) {
    times.push(settlesAt(promise, rulesFor(spec, id)) ?? Infinity);
    if (promise.acknowledged !== null) times.push(promise.acknowledged.untilMs);
    if (promise.absentSinceMs !== null && !isRemoved(promise, now)) times.push(promise.absentSinceMs + REMOVED_AFTER_MS);
  }
  for (const channel of spec.channels) {
    const until = quietUntil(channel.quietHours, now);
    if (until !== undefined && eventsFor(memory, channel, now, spec).length > 0) times.push(until);
  }
  const earliest = Math.min(...times);
  return earliest === Infinity ? null : earliest;
}
