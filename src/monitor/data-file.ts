import { readIfPresent } from '../base/files.ts';
import { parseDataFile } from './read.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/*
 * `*.data.json`: lines of comma-separated values in a JSON list, the first one naming them, which the web application
 * draws charts of. The original tools append to the file's end by overwriting its last two bytes, and without bound;
 * here a file is replaced whole, and keeps the latest lines.
 */

/** A data file that is appended to; what it holds is read once. */
export class DataFile {
  readonly #path: string;
  readonly #heading: string;
  readonly #keep: number;
  #lines: string[] | undefined;
  #date = 0;

  constructor(path: string, heading: string, keep: number) {
    this.#path = path;
    this.#heading = heading;
    this.#keep = keep;
  }

  /** Adds a line; without one the file is only made when it is missing or broken. */
  async append(nowMs: number, line?: string): Promise<void> {
    const isKnown = this.#lines !== undefined;
    const lines = (this.#lines ??= await this.#read(nowMs));
    if (line !== undefined) lines.push(line);
    else if (isKnown) return;
    lines.splice(0, lines.length - this.#keep);
    // The file must end with "]}" and nothing after it: that is where the original tools append.
    await replaceFile(this.#path, toAsciiJson({ date: this.#date, data: [this.#heading, ...lines] }));
  }

  async #read(nowMs: number): Promise<string[]> {
    const kept = parseDataFile((await readIfPresent(this.#path)) ?? '');
    this.#date = typeof kept?.date === 'number' ? kept.date : nowMs / 1000;
    return (kept?.data ?? []).slice(1).filter((line): line is string => typeof line === 'string');
  }
}
