import { byId, showNotice } from './elements.ts';

/* The log on a service's page: new lines come as they are written, and stay in sight while its end is. */

const MOST_LINES = 2_000;
/** This near to its end counts as being there. */
const NEAR_PX = 24;

const log = byId<HTMLPreElement>('log');
const follow = byId<HTMLButtonElement>('follow');
let isFollowing = true;
let stream: EventSource | undefined;
let again: number | undefined;

function add(lines: readonly string[]): void {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  const text = lines.join('\n');
  log.append(log.textContent === '' ? text : `\n${text}`);
  // Only now and then, as cutting takes away what may be selected.
  const all = (log.textContent ?? '').split('\n');
  if (all.length > MOST_LINES * 1.5) log.textContent = all.slice(-MOST_LINES).join('\n');
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

/** What the log ends with when the stream begins: the page may be older. */
function begin(lines: readonly string[]): void {
  const text = lines.join('\n');
  if ((log.textContent ?? '').endsWith(text)) return;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
  log.textContent = text;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function close(): void {
  clearTimeout(again);
  stream?.close();
  stream = undefined;
}

function open(): void {
  if (!isFollowing || document.hidden || stream !== undefined) return;
  const own = new EventSource(log.dataset['source'] ?? '');
  stream = own;
  own.addEventListener('tail', (event: MessageEvent<string>) => begin((JSON.parse(event.data) as { lines: string[] }).lines));
  own.addEventListener('lines', (event: MessageEvent<string>) => {
    const { lines, leftOut } = JSON.parse(event.data) as { lines: string[]; leftOut: number };
    add(leftOut > 0 ? [`(${leftOut} lines left out: they came too quickly)`, ...lines] : lines);
  });
  own.addEventListener('left-out', () => add(['(Some lines were left out: they came too quickly)']));
  own.addEventListener('open', () => showNotice(byId('log-notice'), ''));
  own.addEventListener('error', () => {
    showNotice(byId('log-notice'), 'New lines do not arrive at the moment. Trying again…');
    if (own.readyState !== EventSource.CLOSED) return;
    close();
    again = window.setTimeout(open, 5_000);
  });
}

function setFollowing(wanted: boolean): void {
  isFollowing = wanted;
  follow.setAttribute('aria-pressed', String(wanted));
  if (wanted) {
    log.scrollTop = log.scrollHeight;
    open();
  } else close();
}

follow.hidden = false;
follow.addEventListener('click', () => setFollowing(!isFollowing));
document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
window.addEventListener('pagehide', close);
log.scrollTop = log.scrollHeight;
open();
