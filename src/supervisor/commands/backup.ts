import { makeBackup, type MadeBackup } from '../../backup/backup.ts';
import { interruptible } from '../../base/interruptible.ts';
import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { createProgress } from '../../base/progress.ts';
import { bytesInWords, say, sayAside, spanInWords } from '../../base/terminal.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

interface Options {
  to?: string;
  excludeData?: boolean;
  json?: boolean;
}

/** `dkm backup`: saves configuration, databases and data to one file while everything runs. Returns the exit code. */
export async function backup(layout: Layout, { to, excludeData = false, json = false }: Options): Promise<number> {
  await takeBackInterruptedChange(layout);
  const progress = process.stderr.isTTY === true && !json ? createProgress() : undefined;
  const lock = await acquireLock(layout.installLock, 'dkm backup');
  try {
    const onBytes = (done: number, total: number): void => progress?.update('backup', done, total);
    const made = await interruptible((signal) => makeBackup(layout, { ...(to !== undefined && { to }), excludeData, signal, onBytes }));
    progress?.close();
    if (json) say(JSON.stringify({ schema: 1, ...made }, null, 1));
    else tell(made);
    return EXIT.fine;
  } finally {
    progress?.close();
    lock.release();
  }
}

const SHOWN = 10;

function tell({ file, about, files, contentBytes, bytes, seconds, remarks }: MadeBackup): void {
  for (const { path, why } of remarks.slice(0, SHOWN)) sayAside(`${path}: ${why}`);
  if (remarks.length > SHOWN) sayAside(`and ${remarks.length - SHOWN} more`);
  say(`${file}`);
  say(
    `${files} files, ${bytesInWords(contentBytes)} in ${bytesInWords(bytes)}, ${seconds < 1 ? 'less than 1 s' : spanInWords(seconds)}${about.excludesData ? ", without the store's data" : ''}.`,
  );
  say('It holds the secrets of this installation; only its owner may read it (mode 0600).');
}
