import { join } from 'node:path';
import { EXIT } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { coloured, hasColour, say, table } from '../../base/terminal.ts';
import type { CheckedPromise, PromiseSpec } from '../../contract/promise.ts';
import { parseStatus, type ServiceStatus } from '../../contract/status.ts';
import { checkEach } from '../../promises/check-each.ts';
import { readPromises } from '../../promises/definitions/read-promises.ts';
import { unknownPromise } from '../../promises/runner.ts';
import { lastStatus } from '../../promises/status-file.ts';
import { askSupervisor } from '../control.ts';
import { serviceEnvironment } from '../environment.ts';
import { enterRun } from '../supervisor.ts';
import { tellFaults } from './change.ts';
import { firstLine, millisecondsInWords, stateInColour } from './promise-words.ts';

interface Options {
  json?: boolean;
  /** Nobody can tell: that is fine, too. */
  allowNoData?: boolean;
  /** Each with all that it says. */
  isLong?: boolean;
}

/** `dkm check [id...]`, `dkm promise run <id...>`: checks promises now and tells what came of it. 0: all are kept, 1: one is not. */
export async function check(layout: Layout, ids: readonly string[], options: Options): Promise<number> {
  const { promises, faults } = await readPromises(layout);
  refuseUnknownIds(layout, ids, promises);
  const progress = progressOf(options.json !== true);
  const checked = await checkNow(layout, ids, promises, (count) => progress(`${count} checked`));
  progress('');
  const inOrder = checked.sort((a, b) => order(a) - order(b) || (a.id < b.id ? -1 : 1));
  const isKept = checked.every(({ state }) => state === 'ok' || (state === 'no-data' && options.allowNoData));
  if (options.json) say(JSON.stringify({ schema: 1, ok: isKept, promises: inOrder, faults }, null, 1));
  else tell(inOrder, options);
  if (!options.json) tellFaults(faults.map(({ file, message }) => `${file}: ${message}`));
  return isKept ? EXIT.fine : EXIT.failed;
}

/** What stands in files, and what a partition of SlapOS was found to have. */
function refuseUnknownIds(layout: Layout, ids: readonly string[], promises: readonly PromiseSpec[]): void {
  const found = lastStatus(layout)?.promises ?? [];
  const unknown = ids.filter((id) => !promises.some((spec) => spec.id === id) && !found.some((status) => status.id === id && status.kind === 'slapos'));
  if (unknown.length > 0) throw unknownPromise(unknown);
}

/** By the supervisor, so that none is checked twice at a time; without one by this process. */
async function checkNow(layout: Layout, ids: readonly string[], promises: PromiseSpec[], onCount: (count: number) => void): Promise<CheckedPromise[]> {
  const checked: CheckedPromise[] = [];
  const add = (promise: CheckedPromise): void => {
    checked.push(promise);
    onCount(checked.length);
  };
  enterRun(layout);
  const isAsked = await askSupervisor({ operation: 'check', services: [...ids], specs: [], promises }, (reply) => {
    if (reply.kind === 'promise') add(reply.promise);
  });
  return isAsked ? checked : checkAlone(layout, ids, promises, add);
}

const ANOTHER_ENDS_WITHIN_MS = 300_000;

async function checkAlone(layout: Layout, ids: readonly string[], promises: PromiseSpec[], add: (promise: CheckedPromise) => void): Promise<CheckedPromise[]> {
  const lock = await acquireLock(join(layout.run, 'check.lock'), 'dkm check', { waitMs: ANOTHER_ENDS_WITHIN_MS });
  const all: CheckedPromise[] = [];
  try {
    const last = parseStatus((await readIfPresent(layout.status)) ?? '')?.services ?? [];
    // Only what was written as stopped was stopped by somebody; of a supervisor that was killed nothing is known.
    const services = last.every(({ state }) => state === 'STOPPED' || state === 'EXITED') ? last.map(stopped) : [];
    const context = { layout, environment: serviceEnvironment({ environment: {} }), services: () => services };
    await checkEach(meant(layout, ids, promises), context, (promise) => {
      if (ids.length > 0 && !ids.includes(promise.id)) return;
      all.push(promise);
      add(promise);
    });
  } finally {
    lock.release();
  }
  return all;
}

/** One that a partition of SlapOS was found to have is checked by the one that found it. */
function meant(layout: Layout, ids: readonly string[], promises: readonly PromiseSpec[]): PromiseSpec[] {
  if (ids.length === 0) return [...promises];
  const found = lastStatus(layout)?.promises ?? [];
  const origins = new Set(found.filter(({ id, kind }) => kind === 'slapos' && ids.includes(id)).map(({ origin }) => origin));
  return promises.filter(({ id, check: { kind }, origin }) => ids.includes(id) || (kind === 'slapos' && origins.has(origin)));
}

/** Without a supervisor what it wrote last is not true any more. */
function stopped(service: ServiceStatus): ServiceStatus {
  return { ...service, state: 'STOPPED', pid: null, pidStartTime: null, startedAtMs: null, ready: false, health: 'unknown', reason: '' };
}

function order({ state }: CheckedPromise): number {
  return ['failed', 'no-data', 'ok'].indexOf(state);
}

function tell(checked: readonly CheckedPromise[], { isLong }: Options): void {
  if (checked.length === 0) return say('There are no promises here.');
  if (isLong) return checked.forEach((promise) => say(inFull(promise)));
  const head = ['STATE', 'PROMISE', 'TIME', 'MESSAGE'].map((title) => coloured(title, 'bold'));
  say(
    table([
      head,
      ...checked.map((promise) => [stateInColour(promise.state), promise.id, millisecondsInWords(promise.executionTimeMs), firstLine(promise.message)]),
    ]),
  );
  const count = (state: CheckedPromise['state']): number => checked.filter((promise) => promise.state === state).length;
  const parts = [
    `${count('ok')} kept`,
    ...(count('failed') > 0 ? [`${count('failed')} not kept`] : []),
    ...(count('no-data') > 0 ? [`${count('no-data')} without data`] : []),
  ];
  say(`\n${parts.join(', ')}.`);
}

function inFull({ state, id, message, error, executionTimeMs }: CheckedPromise): string {
  const lines = [`${stateInColour(state)}  ${id}  (${millisecondsInWords(executionTimeMs)})`, ...message.split('\n').map((line) => `  ${line}`)];
  if (error !== undefined && !message.includes(error)) lines.push('  standard error:', ...error.split('\n').map((line) => `    ${line}`));
  return lines.join('\n');
}

/** A line on a terminal that is written over; nothing elsewhere. */
function progressOf(isWanted: boolean): (text: string) => void {
  if (!isWanted || process.stderr.isTTY !== true) return () => undefined;
  return (text) => void process.stderr.write(`\r\u001b[K${coloured(text, 'grey', hasColour(process.stderr))}`);
}
