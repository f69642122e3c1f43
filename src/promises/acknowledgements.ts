import { statSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, readIfPresentSync, writeAtomic } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { acquireLock } from '../base/lock.ts';
import { isOneOf, isRecordOf, isRecordWith } from '../base/shape.ts';
import { isAcknowledgement, type Acknowledgement } from '../contract/promise.ts';

/*
 * "I know of it": storage/notify/acknowledgements.json. Written by commands and the console, each under a lock; read by
 * the runner when it changed. One is over at its end, when it is withdrawn, and when the promise was kept in between.
 */

/** The file of an installation's acknowledgements. */
export function acknowledgementsFile(layout: Pick<Layout, 'notify'>): string {
  return join(layout.notify, 'acknowledgements.json');
}

/** Notes that somebody knows of a broken promise, until `untilMs` (milliseconds since the epoch); one before is replaced. */
export async function acknowledge(
  layout: Pick<Layout, 'notify'>,
  id: string,
  { by, comment, untilMs }: Omit<Acknowledgement, 'sinceMs'>,
): Promise<Acknowledgement> {
  const acknowledgement: Acknowledgement = { by, comment, sinceMs: Date.now(), untilMs };
  await change(layout, (all) => all.set(id, acknowledgement));
  return acknowledgement;
}

/** Takes an acknowledgement back; false when there was none. With `sinceMs` only the one made then, and none made after it. */
export async function withdraw(layout: Pick<Layout, 'notify'>, id: string, sinceMs?: number): Promise<boolean> {
  let was = false;
  await change(layout, (all) => {
    const own = all.get(id);
    was = own !== undefined && (sinceMs === undefined || own.sinceMs === sinceMs);
    if (was) all.delete(id);
  });
  return was;
}

/** Those that hold at `nowMs`. A file that is missing or damaged holds none. */
export function readAcknowledgements(layout: Pick<Layout, 'notify'>, nowMs: number): Map<string, Acknowledgement> {
  return new Map(parse(readIfPresentSync(acknowledgementsFile(layout)) ?? '').filter(([, { untilMs }]) => untilMs > nowMs));
}

/** Changes whenever the file does. */
export function versionOfAcknowledgements(layout: Pick<Layout, 'notify'>): string {
  const status = statSync(acknowledgementsFile(layout), { throwIfNoEntry: false });
  return status === undefined ? '' : `${status.ino} ${status.size} ${status.mtimeMs}`;
}

const LOCK_WITHIN_MS = 10_000;

async function change(layout: Pick<Layout, 'notify'>, by: (all: Map<string, Acknowledgement>) => void): Promise<void> {
  await makeDirectory(layout.notify);
  const path = acknowledgementsFile(layout);
  const lock = await acquireLock(`${path}.lock`, 'an acknowledgement of a promise', { waitMs: LOCK_WITHIN_MS });
  try {
    const all = readAcknowledgements(layout, Date.now()); // what is over goes
    by(all);
    await writeAtomic(path, `${JSON.stringify({ schema: 1, acknowledgements: Object.fromEntries(all) }, null, 1)}\n`);
  } finally {
    lock.release();
  }
}

const isFile = isRecordWith({ schema: isOneOf(1), acknowledgements: isRecordOf(isAcknowledgement) });

function parse(text: string): [string, Acknowledgement][] {
  try {
    const value: unknown = JSON.parse(text);
    return isFile(value) ? Object.entries((value as { acknowledgements: Record<string, Acknowledgement> }).acknowledgements) : [];
  } catch {
    return [];
  }
}
