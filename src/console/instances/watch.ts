import { messageOf } from '../../base/errors.ts';
import type { InstanceRow, InstancesAnswer, Wellbeing } from '../answers.ts';
import type { Log } from '../log.ts';
import { lookAt, type Sight } from './look.ts';

/*
 * The other monitors, looked at in the background while somebody wants to know. What is known is answered at once, with
 * its age; one that does not answer delays nobody but itself, and is asked less and less often.
 */

/** How often one that answers is asked. */
const EVERY_MS = 60_000;
const SELDOM_MS = 600_000;
const AT_ONCE = 8;
/** Nobody has asked for so long: nothing is asked any more. */
const IDLE_MS = 600_000;
/** Its own look is older than this: monitors look every two minutes. */
const STALE_MS = 900_000;

interface Known {
  sight?: Sight;
  askedAtMs: number | null;
  /** The last time it answered. */
  seenAtMs: number | null;
  failures: number;
  nextAtMs: number;
  isAsking: boolean;
}

export interface InstanceWatch {
  /** What is known now; begins to look when nobody did. */
  answer: () => Promise<InstancesAnswer>;
  close: () => void;
}

export interface WatchOptions {
  /** Base addresses of the monitors; asked for at every round. */
  urls: () => Promise<readonly string[]>;
  log: Log;
  look?: (url: string) => Promise<Sight>;
  now?: () => number;
}

/** Watches the monitors that the settings name. */
export function watchInstances({ urls, log, look = lookAt, now = Date.now }: WatchOptions): InstanceWatch {
  const known = new Map<string, Known>();
  let order: readonly string[] = [];
  let problem = '';
  let wantedAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let asking = 0;

  const readUrls = async (): Promise<void> => {
    try {
      // As URL writes them, so that links can be compared with them.
      order = [...new Set((await urls()).map((url) => new URL(url).href.replace(/\/+$/, '')))];
      problem = '';
    } catch (error) {
      problem = `The settings cannot be read: ${messageOf(error)}`;
    }
    for (const url of known.keys()) if (!order.includes(url)) known.delete(url);
    for (const url of order) if (!known.has(url)) known.set(url, { askedAtMs: null, seenAtMs: null, failures: 0, nextAtMs: 0, isAsking: false });
  };
  const askDue = (): void => {
    for (const [url, state] of known) {
      if (asking >= AT_ONCE) return;
      if (!state.isAsking && state.nextAtMs <= now()) void askOne(url, state);
    }
  };
  const askOne = async (url: string, state: Known): Promise<void> => {
    asking += 1;
    state.isAsking = true;
    const sight = await look(url).catch((error: unknown): Sight => {
      log(`error: instance ${url}: ${messageOf(error)}`);
      return { kind: 'unseen', message: 'The console failed to ask it; its log says why.' };
    });
    asking -= 1;
    const failures = sight.kind === 'seen' ? 0 : state.failures + 1;
    const waitMs = failures === 0 ? EVERY_MS : Math.min(SELDOM_MS, EVERY_MS * 2 ** (failures - 1));
    Object.assign(state, { sight, failures, isAsking: false, askedAtMs: now(), nextAtMs: now() + waitMs, ...(sight.kind === 'seen' && { seenAtMs: now() }) });
    if (timer !== undefined) askDue();
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const tick = async (): Promise<void> => {
    if (now() - wantedAtMs > IDLE_MS) return stop();
    await readUrls();
    askDue();
  };
  return {
    async answer() {
      wantedAtMs = now();
      await readUrls();
      timer ??= setInterval(() => void tick(), 2000).unref();
      askDue();
      return answerOf(order, known, problem, now());
    },
    close: stop,
  };
}

function answerOf(order: readonly string[], known: ReadonlyMap<string, Known>, problem: string, nowMs: number): InstancesAnswer {
  const instances = order.flatMap((url) => {
    const state = known.get(url);
    return state === undefined ? [] : [rowOf(url, state, nowMs)];
  });
  const count = (...words: Wellbeing[]): number => instances.filter(({ wellbeing }) => words.includes(wellbeing)).length;
  const counts = { all: instances.length, well: count('good'), failing: count('bad'), unreachable: count('unknown'), notAsked: count('busy') };
  return { nowMs, problem, counts, instances };
}

/** How an instance is, from what is known of it. Pure. */
export function rowOf(url: string, { sight, askedAtMs, seenAtMs, nextAtMs, isAsking }: Known, nowMs: number): InstanceRow {
  const base = { url, askedAtMs, seenAtMs, nextAtMs: isAsking ? null : nextAtMs };
  const nothing = { title: '', rootTitle: '', ownAtMs: null, promises: [], isVerified: true };
  if (sight === undefined) return { ...base, ...nothing, wellbeing: 'busy', word: 'Asking', message: 'It has not been asked yet.' };
  if (sight.kind === 'unseen') return { ...base, ...nothing, wellbeing: 'unknown', word: 'Unreachable', message: sight.message };
  const { title, rootTitle, isWell, isWhole, atMs, promises, note, isVerified } = sight;
  const broken = promises.filter(({ isKept }) => !isKept);
  const isStale = atMs !== null && nowMs - atMs > STALE_MS;
  const wellbeing: Wellbeing = isWell && broken.length === 0 ? (isStale || !isWhole ? 'unknown' : 'good') : 'bad';
  const word = wellbeing === 'good' ? 'Well' : wellbeing === 'bad' ? 'Failing' : isStale ? 'Out of date' : 'Partly known';
  const message = [isStale ? 'It answers, but has not looked at its promises for a while.' : '', note].filter(Boolean).join(' ');
  return { ...base, title, rootTitle, ownAtMs: atMs, promises: [...broken, ...promises.filter(({ isKept }) => isKept)], isVerified, wellbeing, word, message };
}
