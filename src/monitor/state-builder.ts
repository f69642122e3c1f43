import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import { readIfPresent } from '../base/files.ts';
import type { MonitorSpec } from '../contract/monitor.ts';
import { DataFile } from './data-file.ts';
import { toDate } from './dates.ts';
import { feed, feedItems } from './feed.ts';
import { addToHistory, countDays, filesIn, removeHistory, rotateHistory, titlesWithHistory } from './history.ts';
import { parseRunRecord, type RunRecord } from './run-record.ts';
import {
  countsOf,
  documentList,
  historyRecord,
  isChange,
  parsePreviousStates,
  previousStates,
  privateState,
  publicState,
  stateOf,
  type Place,
  type PreviousStates,
  type PromiseState,
} from './state.ts';
import { promiseFiles, type MonitorTree } from './tree.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/*
 * Makes states, histories, feed and documents of the latest results, as monitor.genstate of slapos.toolbox does every
 * two minutes. Results that dkm wrote are remembered; others (a real runner's) are found by looking into the folder
 * once, and read when they changed.
 */

/** A day of states every two minutes. */
const STATES_KEPT = 720;
const RESULT_FILE = '.status.json';

/** A result, and what its file looked like when it was read; nothing for one that was handed over. */
interface Kept {
  record: RunRecord;
  stamp?: string;
}

/** What a build works on. */
export interface Building {
  spec: MonitorSpec;
  place: Place;
  nowMs: number;
}

/** Keeps states from one build to the next. Builds are made one at a time. */
export class StateBuilder {
  readonly #tree: MonitorTree;
  readonly #kept = new Map<string, Kept>();
  readonly #unreadable = new Map<string, string>();
  readonly #data: DataFile;
  #previous: PreviousStates | undefined;
  #items = '';
  #day = '';

  constructor(tree: MonitorTree) {
    this.#tree = tree;
    this.#data = new DataFile(join(tree.documents, 'monitor_state.data.json'), 'Date, Success, Error, Warning', STATES_KEPT);
  }

  /** Takes a result; true when its status is another than before. */
  take(record: RunRecord): boolean {
    const before = this.#kept.get(record.title);
    this.#kept.set(record.title, { record });
    return before === undefined || before.record.result.failed !== record.result.failed;
  }

  /** Forgets a promise. */
  forget(title: string): void {
    this.#kept.delete(title);
  }

  /** The latest results, by title. */
  get records(): RunRecord[] {
    return [...this.#kept.values()].map(({ record }) => record).sort((a, b) => (a.title < b.title ? -1 : 1));
  }

  /** Builds everything. Each part is tried, and what failed is tried again by the next build; then the failures are thrown as one. Returns the files of public/. */
  async build({ spec, place, nowMs }: Building): Promise<Set<string>> {
    const faults: string[] = [];
    const attempt = (what: string, action: Promise<unknown>): Promise<unknown> => action.catch((error: unknown) => faults.push(`${what}: ${messageOf(error)}`));
    await this.#readOthers();
    const previous = (this.#previous ??= parsePreviousStates((await readIfPresent(this.#tree.promiseStatus)) ?? ''));
    const states = this.records.map((record) => stateOf(record, previous));
    const names = new Set(await filesIn(this.#tree.public));
    await attempt('histories', this.#removeStale(names, states));
    await attempt('statistics', this.#turnDay(states, nowMs));
    const late = await this.#addHistories(states, names, previous, nowMs, faults);
    await attempt('_promise_status', this.#savePrevious(states, previous, late));
    await attempt('feed', this.#writeFeed(spec, states, names, nowMs));
    await attempt('monitor.global.json', this.#writeGlobal({ spec, place, nowMs }, states));
    for (const folder of [this.#tree.public, this.#tree.private, this.#tree.documents]) await attempt('_document_list', writeDocumentList(folder));
    if (faults.length > 0) throw new DkmError('file-invalid', faults.slice(0, 5).join('; '));
    return names;
  }

  /** One look into the folder of results; files that were handed over as records are not looked at. */
  async #readOthers(): Promise<void> {
    const titles = new Set((await readdir(this.#tree.results)).filter((name) => name.endsWith(RESULT_FILE)).map((name) => name.slice(0, -RESULT_FILE.length)));
    for (const [title, { stamp }] of this.#kept) if (stamp !== undefined && !titles.has(title)) this.#kept.delete(title);
    for (const title of titles) {
      const kept = this.#kept.get(title);
      if (kept === undefined || kept.stamp !== undefined) await this.#readOther(title, kept?.stamp);
    }
  }

  async #readOther(title: string, stamp: string | undefined): Promise<void> {
    const path = join(this.#tree.results, `${title}${RESULT_FILE}`);
    try {
      const { ino, size, mtimeMs } = await stat(path);
      const found = [ino, size, mtimeMs].join(' ');
      if (found === stamp || found === this.#unreadable.get(title)) return;
      const record = size > 1_048_576 ? undefined : parseRunRecord(await readFile(path, 'utf8'));
      if (record?.title === title) this.#kept.set(title, { record, stamp: found });
      else this.#unreadable.set(title, found);
    } catch {
      this.#kept.delete(title); // it was taken away meanwhile
    }
  }

  async #removeStale(names: ReadonlySet<string>, states: readonly PromiseState[]): Promise<void> {
    const present = new Set(states.map(({ title }) => title));
    for (const title of titlesWithHistory([...names])) {
      if (present.has(title)) continue;
      const { history, statistics } = promiseFiles(this.#tree, title, title);
      await removeHistory(history, statistics);
    }
  }

  /** Once a day, before anything of it is added: the days before are counted, and histories of a week put aside. */
  async #turnDay(states: readonly PromiseState[], nowMs: number): Promise<void> {
    const day = toDate(nowMs).slice(0, 10);
    if (day === this.#day) return;
    for (const { name, title } of states) {
      const { history, statistics } = promiseFiles(this.#tree, name, title);
      await countDays(history, statistics, nowMs);
      await rotateHistory(history, nowMs);
    }
    this.#day = day;
  }

  /** Returns the names of those that could not be written: they count as changed still. */
  async #addHistories(
    states: readonly PromiseState[],
    names: ReadonlySet<string>,
    previous: PreviousStates,
    nowMs: number,
    faults: string[],
  ): Promise<Set<string>> {
    const late = new Set<string>();
    for (const state of states) {
      const { name, title } = state;
      if (!isChange(state, previous) && names.has(`${title}.history.json`)) continue;
      try {
        await addToHistory(promiseFiles(this.#tree, name, title).history, { title, name }, historyRecord(state), nowMs);
      } catch (error) {
        late.add(name);
        faults.push(messageOf(error));
      }
    }
    return late;
  }

  async #savePrevious(states: readonly PromiseState[], previous: PreviousStates, late: ReadonlySet<string>): Promise<void> {
    const next = previousStates(states);
    for (const name of late) {
      // Its hash is another then, so that it is a change still, while it is known since when it has its status.
      const state = next[name];
      if (state !== undefined) next[name] = [state[0], state[1], ''];
    }
    this.#previous = next;
    const text = toAsciiJson(next);
    if (text !== toAsciiJson(previous) || (await readIfPresent(this.#tree.promiseStatus)) === undefined) await replaceFile(this.#tree.promiseStatus, text);
  }

  async #writeFeed(spec: MonitorSpec, states: readonly PromiseState[], names: ReadonlySet<string>, nowMs: number): Promise<void> {
    const items = feedItems(spec, states);
    const text = JSON.stringify([spec.title, spec.rootTitle, items]);
    if (text === this.#items && names.has('feed')) return;
    await replaceFile(this.#tree.feed, feed(spec, items, nowMs));
    this.#items = text;
  }

  async #writeGlobal({ spec, place, nowMs }: Building, states: readonly PromiseState[]): Promise<void> {
    const counts = countsOf(states);
    const parameters: unknown = JSON.parse((await readIfPresent(this.#tree.config)) ?? 'null');
    await replaceFile(this.#tree.publicState, toAsciiJson(publicState(spec, counts, nowMs)));
    await replaceFile(this.#tree.privateState, toAsciiJson(privateState(spec, place, counts, parameters, nowMs)));
    await this.#data.append(nowMs, `${toDate(nowMs)}, ${counts.success}, ${counts.error}, `);
  }
}

async function writeDocumentList(folder: string): Promise<void> {
  const path = join(folder, '_document_list');
  const text = documentList(await readdir(folder));
  if (text !== (await readIfPresent(path))) await replaceFile(path, text);
}

/** Removes a first generation's file of a promise that is none any more. */
export async function removeServiceStatus(tree: MonitorTree, names: Iterable<string>, ids: ReadonlySet<string>): Promise<void> {
  for (const name of names) if (name.endsWith(RESULT_FILE) && !ids.has(name.slice(0, -RESULT_FILE.length))) await rm(join(tree.public, name), { force: true });
}
