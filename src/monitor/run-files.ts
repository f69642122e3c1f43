import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import type { Layout } from '../base/layout.ts';
import type { PromiseResult } from '../contract/promise.ts';
import { removeHistory } from './history.ts';
import { appendToLog, logEntry } from './promise-log.ts';
import { runRecord, serviceStatus, type RunRecord } from './run-record.ts';
import { monitorTree, promiseFiles, type MonitorTree } from './tree.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/* The files of each run: three to five small ones for each promise, in both generations' formats. */

/** Writes what came of runs; what did not change is not written again. */
export class RunFiles {
  readonly #layout: Layout;
  readonly #tree: MonitorTree;
  /** Digests of the first generation's files, by id. */
  readonly #written = new Map<string, string>();

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#tree = monitorTree(layout);
  }

  /** What the result file of a run says. */
  recordOf(result: PromiseResult, title: string): RunRecord {
    return runRecord(result, title, this.#layout);
  }

  /** Writes the files of a run. Every one is tried; the first failure is thrown then. One run of a promise at a time. */
  async write(result: PromiseResult, record: RunRecord, minutes: number): Promise<void> {
    const files = promiseFiles(this.#tree, result.spec.id, record.title);
    const writes = [
      appendToLog(files.log, logEntry(result)),
      replaceFile(files.result, toAsciiJson(record)),
      this.#writeStatus(result, files.serviceStatus),
      this.#writeCache(result, files.cache, minutes),
    ];
    const failure = (await Promise.allSettled(writes)).find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** What is gone from public/ is written again by the next run. */
  missing(names: ReadonlySet<string>): void {
    for (const id of this.#written.keys()) if (!names.has(`${id}.status.json`)) this.#written.delete(id);
  }

  /** Removes everything of a promise. */
  async remove(id: string, title: string): Promise<void> {
    const { serviceStatus: status, result, log, cache, history, statistics } = promiseFiles(this.#tree, id, title);
    this.#written.delete(id);
    // A crash may have left a part of a write beside them.
    for (const path of [status, result, log, cache]) for (const end of ['', '.1', '.tmp']) await rm(path + end, { force: true });
    await removeHistory(history, statistics);
  }

  async #writeStatus(result: PromiseResult, path: string): Promise<void> {
    const text = toAsciiJson(serviceStatus(result));
    const digest = createHash('sha1').update(text).digest('base64');
    if (this.#written.get(result.spec.id) === digest) return;
    this.#written.delete(result.spec.id);
    await replaceFile(path, text);
    this.#written.set(result.spec.id, digest);
  }

  /**
   * When it is due again, for a real runner in this tree, so that it does not check once more what was just checked. It
   * asks for executables alone.
   */
  async #writeCache({ spec, startedAtMs }: PromiseResult, path: string, minutes: number): Promise<void> {
    if (spec.check.kind !== 'executable') return;
    const file = spec.check.path;
    const found = await stat(file).catch(() => undefined);
    if (found === undefined) return; // it was taken away while it ran
    const timestamp = startedAtMs / 1000;
    const cache = {
      is_tested: true,
      is_anomaly_detected: true,
      periodicity: minutes,
      next_run_after: timestamp + minutes * 60,
      timestamp,
      module_file: file,
      module_file_mtime: found.mtimeMs / 1000,
    };
    await replaceFile(path, toAsciiJson(cache));
  }
}
