import { byId, showNotice } from './elements.ts';
import { morph } from './morph.ts';
import { setServerClock, tellTimes } from './times.ts';

/*
 * Keeps the page as it would be if it were loaded now. The server tells over one stream (/events) that something
 * changed; then the page is asked for again, and every part of it that is marked `data-live` is made like the fresh one.
 * So what a page shows is written once, on the server, and a page without script shows the same.
 */

/** Figures that move all the time (when something was checked last) are renewed this often. */
const RENEW_EVERY_MS = 20_000;
/** Changes that come close together are shown together. */
const GATHER_MS = 150;
const TRY_AGAIN_MS = 3_000;
/** A stream that says nothing for so long, not even that it lives, is dead (src/console/routes/events.ts). */
const SILENT_MS = 40_000;
const TIMEOUT_MS = 20_000;
const LOST = 'The console does not answer. What you see may be out of date. Trying again…';

interface Told {
  revision: string;
  nowMs: number;
  announce: string[];
}

let gathering: number | undefined;
let isRenewing = false;
let isWantedAgain = false;
let lastRenewedMs = Date.now();

/** Renews the page now, or right after the renewal that is under way. */
export async function renew(): Promise<void> {
  if (isRenewing) return void (isWantedAgain = true);
  isRenewing = true;
  try {
    do {
      isWantedAgain = false;
      await renewOnce();
    } while (isNeeded());
  } finally {
    isRenewing = false;
  }
}

// A function, as TypeScript takes a variable that was just set for constant.
const isNeeded = (): boolean => isWantedAgain;

async function renewOnce(): Promise<void> {
  const response = await fetch(location.href, { signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'text/html' } }).catch(() => undefined);
  lastRenewedMs = Date.now();
  if (response === undefined) return showNotice(byId('connection'), LOST);
  // Logged out meanwhile: the answer is the login page, or a refusal.
  if (response.status === 401 || (response.redirected && new URL(response.url).pathname === '/login')) return location.assign('/login');
  if (response.status === 404) return showNotice(byId('connection'), 'What this page showed is not there any more.');
  if (!response.ok) return showNotice(byId('connection'), `The console answered with status ${response.status}. What you see may be out of date.`);
  show(new DOMParser().parseFromString(await response.text(), 'text/html'));
  showNotice(byId('connection'), '');
}

/** Makes every live part of this page like that of a fresh one. */
export function show(fresh: Document): void {
  for (const part of document.querySelectorAll('[data-live][id]')) {
    const other = fresh.getElementById(part.id);
    if (other !== null) morph(part, other);
  }
  const { revision } = fresh.body.dataset;
  if (revision !== undefined) document.body.dataset['revision'] = revision;
  tellTimes();
  document.dispatchEvent(new CustomEvent('dkm:renewed'));
}

/** Says something to whoever does not see the page, when nothing else is being said. */
export function announce(text: string): void {
  if (text !== '') byId('announcement').textContent = text;
}

/** Keeps the page alive while somebody looks at it. A page that nobody sees holds no connection: browsers have six for all pages of a site. */
export function keepAlive(): void {
  let stream: EventSource | undefined;
  let again: number | undefined;
  let silence: number | undefined;
  const close = (): void => {
    stream?.close();
    stream = undefined;
    clearTimeout(again);
    clearTimeout(silence);
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = window.setTimeout(() => {
      close();
      open();
    }, SILENT_MS);
  };
  const open = (): void => {
    if (stream !== undefined || document.hidden) return;
    const own = new EventSource('/events');
    stream = own;
    heard();
    own.addEventListener('revision', (event: MessageEvent<string>) => {
      heard();
      showNotice(byId('connection'), '');
      take(JSON.parse(event.data) as Told);
    });
    own.addEventListener('alive', heard);
    own.addEventListener('end', () => location.assign('/login'));
    own.addEventListener('error', () => {
      showNotice(byId('connection'), LOST);
      if (own.readyState !== EventSource.CLOSED) return; // it tries again by itself
      close();
      again = window.setTimeout(() => void renew().then(open), TRY_AGAIN_MS);
    });
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', open);
  setInterval(() => !document.hidden && Date.now() - lastRenewedMs >= RENEW_EVERY_MS && void renew(), 1_000);
  open();
}

function take({ revision, nowMs, announce: news }: Told): void {
  setServerClock(nowMs);
  announce(news.join(' '));
  if (document.body.dataset['revision'] === revision) return;
  clearTimeout(gathering);
  gathering = window.setTimeout(() => void renew(), GATHER_MS);
}
