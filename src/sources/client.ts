import { rm } from 'node:fs/promises';
import { DkmError, systemCodeOf } from '../base/errors.ts';
import { lastLines, run, type Finished, type RunOptions } from '../base/exec.ts';
import type { FetchContext } from './source.ts';
import type { VendorStore } from './vendor-store.ts';

/*
 * What the sources share that fetch through an ordinary package client (npm, pip, apt-get, go).
 */

/** A program that a source needs on this machine. */
export interface Client {
  command: string;
  /** How to get it. */
  hint: string;
}

/** Runs a client to its end, whatever its exit code. Throws `source-unavailable` when this machine does not have it. */
export async function runClient(client: Client, args: readonly string[], context: FetchContext, options: RunOptions = {}): Promise<Finished> {
  const env = { ...process.env, LC_ALL: 'C', ...options.env };
  context.onOutput(`$ ${client.command} ${args.join(' ')}\n`);
  try {
    return await run(client.command, args, { signal: context.signal, onOutput: context.onOutput, ...options, env });
  } catch (error) {
    if (systemCodeOf((error as DkmError).cause) !== 'ENOENT') throw error;
    throw new DkmError('source-unavailable', `${client.command} was not found on this machine.`, { hint: client.hint, cause: error });
  }
}

/** The error for a client that ended with a failure: what was wanted, and the end of what it printed. */
export function clientFailed(code: 'source-unavailable' | 'verification-failed', what: string, finished: Finished, hint?: string): DkmError {
  const printed = lastLines(finished.stderr.trim() === '' ? finished.stdout : finished.stderr, 8);
  return new DkmError(code, printed === '' ? `${what}.` : `${what}:\n${printed}`, hint === undefined ? {} : { hint });
}

/** The error for something that the vendor directory does not hold when nothing else may be asked. */
export function notVendored(what: string, { vendor }: FetchContext): DkmError {
  return new DkmError('source-unavailable', `${what} is not in the vendor directory ${vendor.root}, and --offline forbids fetching it.`, {
    hint: `Fill it on a machine with network: npm run make-package -- --download-only --vendor-dir ${vendor.root}`,
  });
}

/** Lets `work` use a folder of its own, which is gone afterwards. */
export async function inScratch<Result>(vendor: VendorStore, work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await vendor.scratch();
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
