import { isRecordOf } from '../base/shape.ts';
import type { MonitorSpec } from '../contract/monitor.ts';
import { toDate } from './dates.ts';
import type { HistoryRecord } from './read.ts';
import { messageHash, type RunRecord } from './run-record.ts';

/*
 * What the state builder makes of the latest results: pure. Fields and rules are those of monitor.genstate of
 * slapos.toolbox (slapos/monitor/monitor_state.py); private/monitor.global.json has a schema in that package.
 */

export type Status = 'OK' | 'ERROR';

/** The latest result of a promise, and since when it is as it is. */
export interface PromiseState {
  title: string;
  name: string;
  status: Status;
  message: string;
  hash: string;
  /** Since when it has this status. */
  changeDate: string;
  record: RunRecord;
}

/** private/_promise_status: by name, [status, change date, MD5 of the message]. */
export type PreviousStates = Record<string, [status: string, changeDate: string, hash: string]>;

/** Reads private/_promise_status; nothing when it is missing or broken. */
export function parsePreviousStates(text: string): PreviousStates {
  try {
    const value: unknown = JSON.parse(text);
    const isTriple = (each: unknown): boolean => Array.isArray(each) && each.length === 3 && each.every((part) => typeof part === 'string');
    return isRecordOf(isTriple)(value) ? (value as PreviousStates) : {};
  } catch {
    return {};
  }
}

/** The state of a promise by its latest result; it keeps the date of its last change while its status stays the same. */
export function stateOf(record: RunRecord, previous: PreviousStates): PromiseState {
  const status = record.result.failed ? 'ERROR' : 'OK';
  const before = Object.hasOwn(previous, record.name) ? previous[record.name] : undefined;
  return {
    title: record.title,
    name: record.name,
    status,
    message: record.result.message,
    hash: messageHash(record.result.message),
    changeDate: before?.[0] === status ? before[1] : record.result.date,
    record,
  };
}

/** The states as they are kept for the next time. */
export function previousStates(states: readonly PromiseState[]): PreviousStates {
  return Object.fromEntries(states.map(({ name, status, changeDate, hash }) => [name, [status, changeDate, hash]]));
}

/** True when a state is to be added to the promise's history: its status or its message is another. */
export function isChange({ name, changeDate, hash }: PromiseState, previous: PreviousStates): boolean {
  const before = Object.hasOwn(previous, name) ? previous[name] : undefined;
  return before === undefined || before[1] !== changeDate || before[2] !== hash;
}

/** The entry of a state in the promise's history. */
export function historyRecord({ status, changeDate, record }: PromiseState): HistoryRecord {
  const { failed, date, message, state } = record.result;
  return {
    'execution-time': record['execution-time'],
    status,
    failed,
    date,
    message,
    'change-date': changeDate,
    ...(state !== undefined && { state }),
  };
}

/** How many are kept and how many are not. */
export interface Counts {
  success: number;
  error: number;
}

export function countsOf(states: readonly PromiseState[]): Counts {
  const error = states.filter(({ status }) => status === 'ERROR').length;
  return { success: states.length - error, error };
}

/** Of the machine and this installation, for those who look at many. */
export interface Place {
  computerId: string;
  partitionId: string;
  softwareRelease: string;
  softwareType: string;
  ipv4: string;
  ipv6: string;
}

/** public/monitor.global.json */
export function publicState(spec: MonitorSpec, { error }: Counts, nowMs: number): Record<string, unknown> {
  return {
    status: error > 0 ? 'ERROR' : 'OK',
    date: toDate(nowMs),
    _links: { monitor: { href: `${spec.baseUrl}/share/private/` }, related_monitor: relatedMonitors(spec) },
    title: spec.title,
    specialise_title: spec.rootTitle,
  };
}

/** private/monitor.global.json; `parameters` is what config.json holds. */
export function privateState(spec: MonitorSpec, place: Place, counts: Counts, parameters: unknown, nowMs: number): Record<string, unknown> {
  return {
    status: counts.error > 0 ? 'ERROR' : 'OK',
    state: { error: counts.error, success: counts.success },
    portal_type: 'Software Instance',
    date: toDate(nowMs),
    _links: {
      rss_url: { href: `${spec.baseUrl}/public/feed` },
      public_url: { href: `${spec.baseUrl}/share/public/` },
      private_url: { href: `${spec.baseUrl}/share/private/` },
      related_monitor: relatedMonitors(spec),
    },
    data: {
      state: 'monitor_state.data',
      process_state: 'monitor_process_resource.status',
      process_resource: 'monitor_resource_process.data',
      memory_resource: 'monitor_resource_memory.data',
      io_resource: 'monitor_resource_io.data',
      monitor_process_state: 'monitor_resource.status',
    },
    title: spec.title,
    specialise_title: spec.rootTitle,
    aggregate_reference: place.computerId,
    ipv4: place.ipv4,
    ipv6: place.ipv6,
    software_release: place.softwareRelease,
    software_type: place.softwareType,
    partition_id: place.partitionId,
    ...(Array.isArray(parameters) && { parameters }),
  };
}

function relatedMonitors({ instances }: MonitorSpec): { href: string }[] {
  return instances.map((url) => ({ href: `${url}/share/public` }));
}

/** `_document_list`: names of the JSON documents of a folder without `.json`, one a line, by which the web application syncs. */
export function documentList(names: readonly string[]): string {
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort()
    .join('\n');
}
