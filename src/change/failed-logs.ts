import { createReadStream, createWriteStream, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { byCodeUnits, readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { ChangeBegin } from '../contract/change-journal.ts';
import { SNAPSHOT_PARTS } from './snapshot.ts';
import { pendingSnapshot } from './versions.ts';

/*
 * What the new version wrote to its logs before it was taken away again. The logs themselves go on with the old version,
 * are rotated, and would bury it.
 */

type Marks = Record<string, { inode: number; size: number }>;

/** Notes how long every log is, just before the new version writes to it. */
export function markLogs(layout: Layout): void {
  const marks: Marks = Object.fromEntries(
    logFiles(layout).map((name) => {
      const { ino, size } = statSync(join(layout.logs, name));
      return [name, { inode: ino, size }];
    }),
  );
  writeFileSync(join(pendingSnapshot(layout), SNAPSHOT_PARTS.logs), JSON.stringify(marks), { mode: 0o600 });
}

const PREFIX = 'failed-';
/** How many failed changes are remembered by their logs. */
const KEPT = 3;

/** Where the logs of a change go that failed. */
export function failedLogFolder(layout: Layout, { kind, to, at }: ChangeBegin): string {
  return join(layout.logs, `${PREFIX}${kind}-${to.version}-${at.replace(/[-:]|\.\d+/g, '')}`);
}

/** Copies what was added to the logs since they were marked, and the install log's end; returns the folder. Undefined when nothing was started. */
export async function keepFailedLogs(layout: Layout, begin: ChangeBegin): Promise<string | undefined> {
  const text = await readIfPresent(join(pendingSnapshot(layout), SNAPSHOT_PARTS.logs));
  if (text === undefined) return undefined;
  const marks = JSON.parse(text) as Marks;
  const folder = failedLogFolder(layout, begin);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of logFiles(layout)) await copyFrom(join(layout.logs, name), join(folder, name), startOf(join(layout.logs, name), marks[name]));
  const installLog = (await readIfPresent(layout.installLog)) ?? '';
  const ofThisChange = installLog.split('\n').filter((line) => line.slice(0, begin.at.length) >= begin.at);
  writeFileSync(join(folder, 'install.log'), `${ofThisChange.join('\n')}\n`, { mode: 0o600 });
  removeOlder(layout);
  return folder;
}

/** A log that is another file by now, or shorter, was rotated: all of it is new. */
function startOf(path: string, mark: Marks[string] | undefined): number {
  const { ino, size } = statSync(path);
  return mark && mark.inode === ino && mark.size <= size ? mark.size : 0;
}

async function copyFrom(from: string, to: string, start: number): Promise<void> {
  if (statSync(from).size <= start) return;
  await pipeline(createReadStream(from, { start }), createWriteStream(to, { mode: 0o600 }));
}

function logFiles(layout: Layout): string[] {
  return entries(layout.logs).filter((name) => lstatSync(join(layout.logs, name)).isFile() && !name.endsWith('.gz'));
}

function removeOlder(layout: Layout): void {
  const failed = entries(layout.logs).filter((name) => name.startsWith(PREFIX) && lstatSync(join(layout.logs, name)).isDirectory());
  const byTime = failed.sort((a, b) => byCodeUnits(a.slice(a.lastIndexOf('-')), b.slice(b.lastIndexOf('-'))));
  for (const name of byTime.slice(0, -KEPT)) rmSync(join(layout.logs, name), { recursive: true });
}

function entries(folder: string): string[] {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
}
