import { readFile } from 'node:fs/promises';
import { isNotFound, messageOf } from '../../base/errors.ts';
import type { Log } from '../log.ts';

/** What a small file says, read at every use: what was changed or taken away counts at once. */
export type WatchedFile<Value> = () => Promise<Value>;

/**
 * Reads the file each time and parses it when its text is another one. A file that is missing counts as `empty`; so does
 * one that cannot be read or parsed, which is logged once for each text: who cannot be told is not let in.
 */
export function watchedFile<Value>(path: string, parse: (text: string, path: string) => Value | Promise<Value>, empty: Value, log: Log): WatchedFile<Value> {
  let text: string | undefined;
  let value: Promise<Value> | Value = empty;
  let complaint = '';
  const complain = (error: unknown): Value => {
    const message = `error: ${path} is not used: ${messageOf(error)}`;
    if (message !== complaint) log((complaint = message));
    return empty;
  };
  return async () => {
    let found: string | undefined;
    try {
      found = await readFile(path, 'utf8');
    } catch (error) {
      if (!isNotFound(error)) complain(error);
    }
    if (found !== text) {
      text = found;
      complaint = found === undefined ? complaint : '';
      value = found === undefined ? empty : Promise.resolve(found).then((read) => parse(read, path)).catch(complain); // prettier-ignore
    }
    return value;
  };
}
