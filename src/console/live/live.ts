import { stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { processStartTime } from '../../base/process-identity.ts';
import type { Log } from '../log.ts';
import { readPicture, revisionOf, troublesOf, type Picture } from '../picture/picture.ts';

/*
 * Tells open pages that there is something new to see. One look per second for all of them together, and none while there
 * are none: at the times of two files, and whether the supervisor is still there.
 */

/** What open pages are told. */
export interface News {
  /** Names what there is to see now: src/console/picture/picture.ts. */
  revision: string;
  /** The server's clock. */
  nowMs: number;
  /** What changed for better or worse, as sentences. */
  announce: string[];
}

export interface Live {
  /** Calls back with what is so now, then with each change. Undefined when too many listen already. */
  listen: (onNews: (news: News) => void) => (() => void) | undefined;
}

/** Pages that may listen at the same time. */
const MOST_LISTENERS = 64;
const LOOK_EVERY_MS = 1_000;

/** Watches an installation for those who listen. */
export function createLive(
  layout: Pick<Layout, 'status' | 'promisesStatus'>,
  log: Log,
  { mostListeners = MOST_LISTENERS, lookEveryMs = LOOK_EVERY_MS } = {},
): Live {
  const listeners = new Set<(news: News) => void>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let looked: { mark: string; picture: Picture } | undefined;

  const look = async (): Promise<void> => {
    const files = await markOfFiles(layout); // before they are read: what is written meanwhile is seen next time
    const before = looked;
    if (before !== undefined && `${files} ${supervisorOf(before.picture)}` === before.mark) return;
    const picture = await readPicture(layout);
    looked = { mark: `${files} ${supervisorOf(picture)}`, picture };
    if (before === undefined || revisionOf(before.picture) !== revisionOf(picture)) tell(listeners, newsOf(picture, before?.picture));
  };
  const lookNow = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    await look().catch((error: unknown) => log(`error: the installation cannot be looked at: ${messageOf(error)}`));
    isLooking = false;
  };
  const stopWhenAlone = (): void => {
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    looked = undefined;
  };
  return {
    listen(onNews) {
      if (listeners.size >= mostListeners) return undefined;
      listeners.add(onNews);
      if (looked !== undefined) onNews(newsOf(looked.picture, undefined));
      timer ??= setInterval(() => void lookNow(), lookEveryMs);
      void lookNow();
      return () => {
        listeners.delete(onNews);
        stopWhenAlone();
      };
    },
  };
}

function tell(listeners: ReadonlySet<(news: News) => void>, news: News): void {
  for (const listener of listeners) listener(news);
}

/** Changes when one of the files does. */
async function markOfFiles({ status, promisesStatus }: Pick<Layout, 'status' | 'promisesStatus'>): Promise<string> {
  return (await Promise.all([status, promisesStatus].map(markOfFile))).join(' ');
}

/** Changes when the supervisor comes or goes: one that was killed writes nothing. */
function supervisorOf({ status }: Picture): string {
  const { pid } = status.supervisor;
  return pid === null ? '' : (processStartTime(pid) ?? 'gone');
}

async function markOfFile(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`,
    () => 'none',
  );
}

function newsOf(picture: Picture, before: Picture | undefined): News {
  return { revision: revisionOf(picture), nowMs: picture.nowMs, announce: before === undefined ? [] : changesInWords(before, picture) };
}

const MOST_SENTENCES = 4;

/** What came and what went, in a few sentences. Pure. */
export function changesInWords(before: Picture, after: Picture): string[] {
  const earlier = troublesOf(before);
  const now = troublesOf(after);
  const came = now.filter(({ key }) => !earlier.some((other) => other.key === key)).map(({ title, word }) => `${title}: ${word}.`);
  const went = earlier.filter(({ key }) => !now.some((other) => other.key === key)).map(({ title }) => `${title}: no longer a problem.`);
  const sentences = [...came, ...went];
  if (sentences.length <= MOST_SENTENCES) return sentences;
  return [...sentences.slice(0, MOST_SENTENCES - 1), `And ${sentences.length - MOST_SENTENCES + 1} more changes.`];
}
