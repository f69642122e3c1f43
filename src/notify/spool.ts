import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isNotFound } from '../base/errors.ts';
import { makeDirectory, readIfPresent, writeAtomic } from '../base/files.ts';
import { parseMessage, type Message } from './message.ts';

/*
 * Messages of one channel that are not delivered yet, a file each: storage/notify/spool/<channel>/<number>-<id>.json.
 * The numbers give the order. What the other side refused for good lies in storage/notify/given-up/<channel>/.
 */

/** A message that waits. */
export interface Waiting {
  /** Its file; undefined for one that could not be written, as when the disk is full. */
  file: string | undefined;
  /** Only where there is no file. */
  message: Message | undefined;
  bytes: number;
  /** Says again what was said before: the first to go when too many wait. */
  isRepetition: boolean;
}

const FILE = /^(\d{15})-[A-Za-z0-9-]{1,80}(\.again)?\.json$/;
const NUMBER_DIGITS = 15;

/** What refused messages are kept of each channel, to look at and to try again. */
const MOST_GIVEN_UP = 20;
const TRIED_AGAIN_WITHIN_MS = 86_400_000;

export class Spool {
  readonly #directory: string;
  readonly #givenUp: string;
  #last = 0;

  /** `notify` is storage/notify/. */
  constructor(notify: string, channel: string) {
    this.#directory = join(notify, 'spool', channel);
    this.#givenUp = join(notify, 'given-up', channel);
  }

  /** What waits, oldest first. Half-written files that a crash left are removed. */
  async list(): Promise<Waiting[]> {
    const names = await namesIn(this.#directory);
    for (const name of names.filter((candidate) => candidate.endsWith('.tmp'))) await rm(join(this.#directory, name), { force: true });
    const files = names.filter((name) => FILE.test(name)).sort();
    this.#last = Math.max(this.#last, Number(files.at(-1)?.slice(0, NUMBER_DIGITS) ?? 0));
    return Promise.all(files.map((file) => this.#waiting(file)));
  }

  async #waiting(file: string): Promise<Waiting> {
    const { size } = await stat(join(this.#directory, file));
    return { file, message: undefined, bytes: size, isRepetition: FILE.exec(file)?.[2] !== undefined };
  }

  /** Writes a message behind all others. */
  async add(message: Message): Promise<Waiting> {
    await makeDirectory(this.#directory);
    this.#last = Math.max(this.#last + 1, Date.now()); // the clock may have been put back
    const isRepetition = message.event === 'reminder';
    const file = `${String(this.#last).padStart(NUMBER_DIGITS, '0')}-${message.id}${isRepetition ? '.again' : ''}.json`;
    const text = `${JSON.stringify(message)}\n`;
    await writeAtomic(join(this.#directory, file), text);
    return { file, message: undefined, bytes: Buffer.byteLength(text), isRepetition };
  }

  /** The message of a file; undefined when it is gone, or none. */
  async read({ file, message }: Waiting): Promise<Message | undefined> {
    if (file === undefined) return message;
    return parseMessage((await readIfPresent(join(this.#directory, file))) ?? '');
  }

  async remove({ file }: Waiting): Promise<void> {
    if (file !== undefined) await rm(join(this.#directory, file), { force: true });
  }

  /** Puts a refused message aside; returns how many there are now. */
  async giveUp({ file }: Waiting): Promise<number> {
    if (file === undefined) return this.countGivenUp();
    await makeDirectory(this.#givenUp);
    await rename(join(this.#directory, file), join(this.#givenUp, file));
    const names = await this.#namesGivenUp();
    for (const name of names.slice(0, -MOST_GIVEN_UP)) await rm(join(this.#givenUp, name), { force: true });
    return Math.min(names.length, MOST_GIVEN_UP);
  }

  async countGivenUp(): Promise<number> {
    return (await this.#namesGivenUp()).length;
  }

  async #namesGivenUp(): Promise<string[]> {
    return (await namesIn(this.#givenUp)).filter((name) => FILE.test(name)).sort();
  }

  /** Puts back what was refused within the last day: settings may be right now. Older ones are removed. */
  async takeBack(nowMs: number): Promise<void> {
    for (const name of await this.#namesGivenUp()) {
      const path = join(this.#givenUp, name);
      if (Math.abs(nowMs - Number(name.slice(0, NUMBER_DIGITS))) > TRIED_AGAIN_WITHIN_MS) await rm(path, { force: true });
      else {
        await makeDirectory(this.#directory);
        await rename(path, join(this.#directory, name));
      }
    }
  }

  /** Removes the channel's folders: it is no more. Returns how many messages were waiting. */
  async discard(): Promise<number> {
    const waiting = (await namesIn(this.#directory)).filter((name) => FILE.test(name)).length;
    for (const directory of [this.#directory, this.#givenUp]) await rm(directory, { recursive: true, force: true });
    return waiting;
  }
}

/** Channels that have something in the spool, whether or not they still are. */
export async function spooledChannels(notify: string): Promise<string[]> {
  const names = await Promise.all([namesIn(join(notify, 'spool')), namesIn(join(notify, 'given-up'))]);
  return [...new Set(names.flat())];
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
