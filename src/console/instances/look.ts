import type { InstancePromise } from '../answers.ts';
import { askMonitor, type MonitorDocument } from './ask-monitor.ts';
import { feedDocument, globalDocument, halDocument, statusDocument } from './documents.ts';

/** What a look at one monitor found. */
export type Sight =
  | {
      kind: 'seen';
      title: string;
      rootTitle: string;
      isWell: boolean;
      /** Whether all of its promises were seen. */
      isWhole: boolean;
      /** When it looked itself, in milliseconds since the epoch. */
      atMs: number | null;
      promises: InstancePromise[];
      /** What could not be learnt though it answers; empty when nothing. */
      note: string;
      isVerified: boolean;
    }
  | { kind: 'unseen'; message: string };

const TIMEOUT_MS = 8000;
const MOST_BYTES = 1024 * 1024;
/** A first-generation monitor has a document for each service. */
const MOST_SERVICES = 100;
const SERVICES_AT_ONCE = 2;

/** Looks at the monitor with this base address, in the form that `URL` gives it and without a slash at its end; never throws. */
export async function lookAt(url: string, timeoutMs = TIMEOUT_MS): Promise<Sight> {
  const deadlineMs = Date.now() + timeoutMs;
  const ask = (path: string, mostBytes = MOST_BYTES): Promise<MonitorDocument> =>
    askMonitor(`${url}${path}`, { timeoutMs: Math.max(1, deadlineMs - Date.now()), mostBytes });
  const state = await ask('/public/monitor.global.json');
  if (state.kind === 'failed') return { kind: 'unseen', message: inWords(state.message, timeoutMs) };
  if (state.kind === 'missing') return firstGeneration(url, ask);
  const global = globalDocument(state.text);
  if (global === undefined) return { kind: 'unseen', message: 'What it answers with is not the state of a monitor.' };
  const feed = await ask('/public/feed', 2 * MOST_BYTES);
  const promises = feed.kind === 'document' ? feedDocument(feed.text) : undefined;
  const { title, rootTitle, isWell, atMs } = global;
  const note = promises === undefined ? `Its promises cannot be told: ${feed.kind === 'failed' ? inWords(feed.message, timeoutMs) : 'it has no feed.'}` : '';
  return { kind: 'seen', title, rootTitle, isWell, isWhole: true, atMs, promises: promises ?? [], note, isVerified: state.isVerified };
}

/** What is left of the time is not what was waited. */
function inWords(message: string, timeoutMs: number): string {
  return message.replace(/within [\d.]+ s/, `within ${timeoutMs / 1000} s`);
}

async function firstGeneration(url: string, ask: (path: string) => Promise<MonitorDocument>): Promise<Sight> {
  const document = await ask('/monitor.haljson');
  if (document.kind === 'failed') return { kind: 'unseen', message: document.message };
  const hal = document.kind === 'document' ? halDocument(document.text) : undefined;
  if (document.kind === 'missing' || hal === undefined) return { kind: 'unseen', message: 'There is no monitor at this address.' };
  const asked = hal.services.slice(0, MOST_SERVICES);
  const promises: InstancePromise[] = [];
  const waiting = [...asked];
  const work = async (): Promise<void> => {
    for (let service = waiting.shift(); service !== undefined; service = waiting.shift()) {
      const path = pathBelow(url, service.statusHref);
      const status = path === undefined ? undefined : await ask(path);
      const promise = status?.kind === 'document' ? statusDocument(status.text, service.title) : undefined;
      if (promise !== undefined) promises.push(promise);
    }
  };
  await Promise.all(Array.from({ length: SERVICES_AT_ONCE }, work));
  if (promises.length === 0 && hal.services.length > 0) return { kind: 'unseen', message: 'None of its services could be asked.' };
  const unknown = hal.services.length - promises.length;
  const note = unknown === 0 ? '' : `${unknown} of its ${hal.services.length} services could not be asked.`;
  return {
    kind: 'seen',
    title: hal.title,
    rootTitle: '',
    isWell: promises.every(({ isKept }) => isKept),
    isWhole: unknown === 0,
    atMs: null,
    promises,
    note,
    isVerified: document.isVerified,
  };
}

/** A link within the monitor, as a path below its address; undefined for one to elsewhere. */
function pathBelow(url: string, href: string): string | undefined {
  const base = new URL(url);
  const target = URL.parse(href.startsWith('/') ? `${base.pathname.replace(/\/+$/, '')}${href}` : href, `${url}/`);
  return target?.origin === base.origin && target.href.startsWith(`${url}/`) ? target.href.slice(url.length) : undefined;
}
