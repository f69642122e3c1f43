import { userInfo } from 'node:os';
import { DkmError, EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { coloured, say, spanInWords, table } from '../../base/terminal.ts';
import type { PromiseSpec, PromiseStatus } from '../../contract/promise.ts';
import { readHistory, readStatistics } from '../../monitor/read.ts';
import { acknowledge as noteAcknowledgement, withdraw } from '../../promises/acknowledgements.ts';
import { readPromises } from '../../promises/definitions/read-promises.ts';
import { knownOf, statusOf } from '../../promises/known.ts';
import { unknownPromise } from '../../promises/runner.ts';
import { lastStatus } from '../../promises/status-file.ts';
import { tellFaults } from './change.ts';
import { firstLine, millisecondsInWords, stateInColour, timeInWords } from './promise-words.ts';

/*
 * `dkm promise`: what is promised, and what came of it. Read from files, so that it works while nothing runs.
 */

/** A promise as it is defined and as it was found last. */
interface Shown extends PromiseStatus {
  /** Null: not defined here, but found in a partition of SlapOS. */
  spec: PromiseSpec | null;
}

interface Account {
  promises: Shown[];
  faults: string[];
  /** False: what is known may be old. */
  isWatched: boolean;
}

/** `dkm promise list`: every promise with its state. */
export async function list(layout: Layout, options: { json?: boolean }): Promise<number> {
  const { promises, faults, isWatched } = await accountOf(layout);
  if (options.json) {
    say(JSON.stringify({ schema: 1, watched: isWatched, promises: promises.map(({ spec: _spec, ...status }) => status), faults }, null, 1));
    return EXIT.fine;
  }
  if (promises.length === 0) say('There are no promises here.');
  else say(listTable(promises));
  if (!isWatched && promises.length > 0) say('\nNothing is running, so nothing is checked; "dkm check" checks now.');
  tellFaults(faults);
  return EXIT.fine;
}

/** `dkm promise show <id>`: all that is known of one. */
export async function show(layout: Layout, id: string, options: { json?: boolean }): Promise<number> {
  const { promises } = await accountOf(layout);
  const promise = chosen(promises, id);
  const history = readHistory(layout, id).slice(-RECENT).reverse();
  if (options.json) say(JSON.stringify({ schema: 1, ...promise, history }, null, 1));
  else {
    say(table(factsOf(promise).map(([name, value]) => [coloured(name, 'bold'), indented(value)])));
    if (history.length > 0) say(`\n${coloured('Changes, the latest first', 'bold')}\n${historyTable(history)}`);
  }
  return EXIT.fine;
}

/** `dkm promise history <id>`: its changes, the latest first, and how many runs of each day were good. */
export async function history(layout: Layout, id: string, options: { json?: boolean; lines: number }): Promise<number> {
  const { promises } = await accountOf(layout);
  chosen(promises, id);
  const entries = readHistory(layout, id).slice(-options.lines).reverse();
  const days = readStatistics(layout, id).slice(-options.lines).reverse();
  if (options.json) say(JSON.stringify({ schema: 1, id, history: entries, days }, null, 1));
  else if (entries.length === 0) say('Nothing is known of it yet.');
  else {
    say(historyTable(entries));
    if (days.length > 0) say(`\n${table([['DAY', 'KEPT', 'NOT KEPT'], ...days.map(({ day, ok, failed }) => [day, String(ok), String(failed)])])}`);
  }
  return EXIT.fine;
}

interface AcknowledgeOptions {
  /** Milliseconds. */
  for: number;
  comment?: string;
  withdraw?: boolean;
  json?: boolean;
}

/** `dkm promise acknowledge <id>`: somebody knows of it, so nobody is told again for a while. */
export async function acknowledge(layout: Layout, id: string, options: AcknowledgeOptions): Promise<number> {
  const { promises } = await accountOf(layout);
  const promise = chosen(promises, id);
  if (options.withdraw) {
    const was = await withdraw(layout, id);
    if (options.json) say(JSON.stringify({ schema: 1, id, withdrawn: was }));
    else say(was ? `The acknowledgement of ${id} is withdrawn.` : `${id} was not acknowledged.`);
    return was ? EXIT.fine : EXIT.failed;
  }
  refuseUnbroken(promise);
  const noted = await noteAcknowledgement(layout, id, { by: userInfo().username, comment: options.comment ?? '', untilMs: Date.now() + options.for });
  if (options.json) say(JSON.stringify({ schema: 1, id, acknowledged: noted }));
  else say(`${id} is acknowledged until ${timeInWords(noted.untilMs)}, or until it is kept again.`);
  return EXIT.fine;
}

function refuseUnbroken({ id, state }: PromiseStatus): void {
  if (state === 'failed' || state === 'no-data') return;
  const why = state === 'ok' ? 'is kept' : 'was not checked yet';
  throw new DkmError('usage', `${id} ${why}: there is nothing to acknowledge.`, { hint: `See: dkm promise show ${id}`, exitCode: EXIT.failed });
}

const RECENT = 10;

async function accountOf(layout: Layout): Promise<Account> {
  const { promises, faults } = await readPromises(layout);
  const written = lastStatus(layout);
  const isWatched = written !== undefined && isSameProcess(written.pid, written.pidStartTime);
  const before = new Map((written?.promises ?? []).map((status) => [status.id, status]));
  const defined = promises.map((spec) => shownOf(spec, before.get(spec.id), isWatched));
  // Those of a partition have its check, and so its definition.
  const finders = new Set(defined.filter(({ kind }) => kind === 'slapos').map(({ definition }) => definition));
  const found = [...before.values()].filter((status) => finders.has(status.definition) && !promises.some(({ id }) => id === status.id));
  const present = found.map((status) => (isWatched ? { ...status, spec: null } : { ...status, isRunning: false, nextAtMs: null, spec: null }));
  return { promises: [...defined, ...present], faults: faults.map(({ file, message }) => `${file}: ${message}`), isWatched };
}

/** As its files say now; what is known is of use as long as the same is checked. */
function shownOf(spec: PromiseSpec, before: PromiseStatus | undefined, isWatched: boolean): Shown {
  const present = isWatched && before ? { nextAtMs: before.nextAtMs, isRunning: before.isRunning } : { nextAtMs: null, isRunning: false };
  return { ...statusOf(knownOf(spec, before), { ...present, acknowledged: before?.acknowledged }), spec };
}

function chosen(promises: readonly Shown[], id: string): Shown {
  const promise = promises.find((candidate) => candidate.id === id);
  if (!promise) throw unknownPromise([id]);
  return promise;
}

const ORDER: PromiseStatus['state'][] = ['failed', 'no-data', 'pending', 'ok'];

function listTable(promises: readonly Shown[]): string {
  const head = ['STATE', 'PROMISE', 'SEVERITY', 'KIND', 'SINCE', 'CHECKED', 'MESSAGE'].map((title) => coloured(title, 'bold'));
  const sorted = [...promises].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.id < b.id ? -1 : 1));
  const rows = sorted.map((promise) => [
    `${stateInColour(promise.state)}${promise.acknowledged ? '*' : ''}`,
    promise.id,
    promise.severity,
    promise.kind,
    ago(promise.sinceMs),
    ago(promise.checkedAtMs),
    firstLine(promise.message),
  ]);
  const isAcknowledged = sorted.some(({ acknowledged }) => acknowledged);
  return `${table([head, ...rows])}${isAcknowledged ? '\n\n* acknowledged' : ''}`;
}

function ago(ms: number | null): string {
  return ms === null ? '-' : spanInWords((Date.now() - ms) / 1000);
}

function factsOf({ spec, acknowledged, ...promise }: Shown): [string, string][] {
  const values = Object.entries(promise.values).map(([name, value]) => `${name} ${value}`);
  const facts: [string, string | undefined][] = [
    ['promise', promise.id],
    ['title', promise.title],
    [
      'state',
      `${stateInColour(promise.state)}${promise.sinceMs === null ? '' : ` since ${timeInWords(promise.sinceMs)}`}${promise.isRunning ? ', being checked' : ''}`,
    ],
    ['message', promise.message],
    ['error', promise.message.includes(promise.error ?? '') ? undefined : promise.error],
    ['values', values.join('\n')],
    ['description', promise.description],
    [
      'acknowledged',
      acknowledged && `by ${acknowledged.by} until ${timeInWords(acknowledged.untilMs)}${acknowledged.comment === '' ? '' : `: ${acknowledged.comment}`}`,
    ],
    ['severity', promise.severity],
    ['kind', promise.kind],
    ['defined in', promise.origin],
    ['schedule', `${promise.schedule}${spec && spec.jitterMs > 0 ? `, up to ${spanInWords(spec.jitterMs / 1000)} later` : ''}`],
    ['time-out', spec ? millisecondsInWords(spec.timeoutMs) : undefined],
    ['checks', spec ? checkInWords(spec) : undefined],
    ['checked', promise.checkedAtMs === null ? 'not yet' : `${timeInWords(promise.checkedAtMs)}, in ${millisecondsInWords(promise.executionTimeMs)}`],
    ['next', promise.nextAtMs === null ? undefined : timeInWords(promise.nextAtMs)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]]));
}

function checkInWords({ check }: PromiseSpec): string {
  switch (check.kind) {
    case 'executable':
      return check.path;
    case 'slapos':
      return `${check.program} -c ${check.configuration} -p ${check.partition}`;
    case 'built-in':
      return JSON.stringify(check.settings);
  }
}

/** Further lines below the first, beside the name. */
function indented(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat('acknowledged'.length + 2)}`);
}

function historyTable(entries: ReturnType<typeof readHistory>): string {
  const head = ['WHEN', 'STATE', 'MESSAGE'].map((title) => coloured(title, 'bold'));
  return table([head, ...entries.map(({ atMs, state, message }) => [timeInWords(atMs), stateInColour(state), firstLine(message)])]);
}
