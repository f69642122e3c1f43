import { graphiteAsker, type AskLimits, type GraphiteFailure, type GraphiteOutcome } from './ask-graphite.ts';

/*
 * What the page may ask of Graphite's /render, and nothing else. Both query services take a time that they cannot read
 * for the default one without a word, so that what they would not both understand is refused here.
 */

const MOST_TARGETS = 40;
const LONGEST_TARGET = 4000;
/** Characters of all targets: as much as fits into a request's head (src/console/main.ts) when every second one is escaped. */
const LONGEST_TARGETS = 8000;
const MOST_POINTS = 4000;

const RELATIVE_TIME = /^-\d{1,6}(s|min|h|d|w|mon|y)$/;
const DAY_WORDS = ['today', 'yesterday', 'tomorrow', 'midnight', 'noon', 'teatime'];

/** A checked query, or why it is refused. */
export type RenderQuery = { ok: true; search: URLSearchParams } | { ok: false; message: string };

export interface RenderQueryOptions {
  /** Parameters that the caller takes care of itself. */
  alsoAllowed?: readonly string[];
}

/** Takes the parameters of /api/render that may be passed on; anything else is refused. */
export function renderQuery(params: URLSearchParams, { alsoAllowed = [] }: RenderQueryOptions = {}): RenderQuery {
  const search = new URLSearchParams();
  for (const [name, value] of params) {
    if (alsoAllowed.includes(name)) continue;
    const fault = faultOf(name, value);
    if (fault !== undefined) return { ok: false, message: fault };
    search.append(name, value);
  }
  const targets = search.getAll('target');
  if (targets.length === 0 || targets.length > MOST_TARGETS) return { ok: false, message: `target: 1 to ${MOST_TARGETS} are needed, found ${targets.length}.` };
  const characters = targets.join('').length;
  if (characters > LONGEST_TARGETS)
    return { ok: false, message: `target: at most ${LONGEST_TARGETS} characters are allowed together, found ${characters}. Ask for fewer at a time.` };
  search.set('format', 'json');
  return { ok: true, search };
}

function faultOf(name: string, value: string): string | undefined {
  switch (name) {
    case 'target':
      return value !== '' && value.length <= LONGEST_TARGET && !/\p{Cc}/u.test(value)
        ? undefined
        : `target: 1 to ${LONGEST_TARGET} printable characters are allowed.`;
    case 'from':
    case 'until':
      return isGraphiteTime(value)
        ? undefined
        : `${name}: seconds since the epoch, "now", a time back such as "-90min", or a day (in UTC) such as "20261121" or "14:30_20261121" is expected.`;
    case 'maxDataPoints':
      return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= MOST_POINTS ? undefined : `maxDataPoints: 1 to ${MOST_POINTS} is expected.`;
    case 'format':
      return value === 'json' ? undefined : 'format: only json is served.';
    default:
      return `${name.slice(0, 40)}: this parameter is not served.`;
  }
}

/**
 * True for a time that carbonapi and graphite-web read alike: seconds since the epoch, `now`, `-1h` (s, min, h, d, w, mon, y),
 * `20261121`, `11/21/26`, a word for a day, each with `14:30_` before it. Source: date.go of carbonapi, attime.py of graphite-web.
 */
export function isGraphiteTime(text: string): boolean {
  if (text === 'now' || /^\d{9,11}$/.test(text) || RELATIVE_TIME.test(text)) return true;
  const [, hour = '0', minute = '0', day = ''] = /^(?:(\d{2}):(\d{2})_)?(.+)$/.exec(text) ?? [];
  return Number(hour) < 24 && Number(minute) < 60 && isDay(day, hour !== '0' || minute !== '0');
}

function isDay(text: string, hasTime: boolean): boolean {
  const wordsAllowed = hasTime ? DAY_WORDS.slice(0, 3) : DAY_WORDS;
  if (wordsAllowed.includes(text)) return true;
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? [];
  if (year !== undefined) return isInCalendar(Number(year), Number(month), Number(day));
  const [, month2, day2, year2] = /^(\d{2})\/(\d{2})\/(\d{2})$/.exec(text) ?? [];
  return year2 !== undefined && isInCalendar(2000 + Number(year2), Number(month2), Number(day2));
}

function isInCalendar(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1971 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** What came of a query. `body` is the query service's JSON, byte by byte. */
export type RenderOutcome = GraphiteOutcome;
export type RenderFailure = GraphiteFailure;
export type RenderLimits = AskLimits;

const LIMITS: RenderLimits = { timeoutMs: 10_000, mostBytes: 8 * 1024 * 1024, mostAtOnce: 32 };

/** Asks the query service; every failure is an outcome that says what happened. */
export type AskRender = (search: URLSearchParams) => Promise<RenderOutcome>;

/** Makes the function that asks one query service. */
export function renderAsker(baseUrl: string, limits: RenderLimits = LIMITS): AskRender {
  const ask = graphiteAsker(baseUrl, limits);
  return (search) => ask({ path: '/render', search, nothing: '[]', advice: 'Choose a shorter time range or fewer series.' });
}

const VALUE = /\[(-?\d+\.\d{3,}(?:[eE][-+]?\d+)?),(\s*\d{9,11}\])/g;
const DIGITS = 6;

/** Graphite's JSON with values of six digits: more are not drawn, and are half of what is sent. Pure. */
export function withShortValues(json: Uint8Array): string {
  return Buffer.from(json)
    .toString('utf8')
    .replace(VALUE, (_, value: string, time: string) => `[${Number(Number(value).toPrecision(DIGITS))},${time}`);
}
