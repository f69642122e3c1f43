import { join, resolve } from 'node:path';
import { DkmError, EXIT, messageOf } from '../../base/errors.ts';
import { existsAs, writeAtomic } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { bytesInWords, say, sayAside } from '../../base/terminal.ts';
import { supportArchive, type SupportArchive } from '../../diagnosis/support/support.ts';

/** `dkm support`: writes the archive, for its owner alone, and tells what is in it. */
export async function support(layout: Layout, options: { to?: string; hideHosts?: boolean; json?: boolean }): Promise<number> {
  const path = resolve(options.to ?? join(process.cwd(), defaultName(new Date())));
  refuseExisting(path);
  const isShown = options.json !== true && process.stderr.isTTY === true;
  const archive = await supportArchive(layout, options, ({ name, result }) => {
    if (isShown) sayAside(`${name}: ${result}`);
  });
  await writeAtomic(path, archive.bytes, 0o600).catch((error: unknown) => {
    throw notWritable(path, error);
  });
  if (options.json) say(JSON.stringify({ path, bytes: archive.bytes.length, ...archive.summary }, null, 1));
  else for (const line of linesOf(path, archive)) say(line);
  return EXIT.fine;
}

/** Nothing is written over; what cannot be looked for (a part of the path is a file) cannot be written either. */
function refuseExisting(path: string): void {
  let isThere: boolean;
  try {
    isThere = existsAs(path);
  } catch (error) {
    throw notWritable(path, error);
  }
  if (isThere) throw new DkmError('usage', `${path} is there already.`, { hint: 'Name another file with --to, or remove it.' });
}

function notWritable(path: string, error: unknown): DkmError {
  return new DkmError('command-failed', `${path} cannot be written: ${messageOf(error)}`, {
    hint: 'Name a file on another disk, or in another directory: --to FILE',
    cause: error,
  });
}

/** `dkm-support-20261121-093000.tar.gz`, in UTC; no host's name, as that may be what is to be hidden. */
function defaultName(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `dkm-support-${stamp}.tar.gz`;
}

function linesOf(path: string, { bytes, summary }: SupportArchive): string[] {
  const failed = summary.collectors.filter(({ result }) => result !== 'ok').map(({ name, reason }) => `  ${name}: ${reason}`);
  const leftOut = summary.leftOut.map(({ what, why }) => `  ${what}: ${why}`);
  return [
    `${path} (${bytesInWords(bytes.length)}) is written, for you alone.`,
    ...(failed.length === 0 ? [] : ['Not collected:', ...failed]),
    ...(leftOut.length === 0 ? [] : ['Left out:', ...leftOut]),
    `${summary.secretsSought} known secrets were looked for in the finished archive and not found. Have a look before you give it away: tar -xzf ${path}`,
  ];
}
