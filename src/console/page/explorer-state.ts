/* What the explorer shows, as it stands in its address: who has the address sees the same. */

/** A target with how it is shown. */
export interface Target {
  text: string;
  hidden: boolean;
  /** 1 to 8 for one colour of the palette; 0: in the order of the series. */
  hue: number;
}

export interface ExplorerState {
  targets: Target[];
  /** A Graphite time: `-1h`, or seconds since the epoch. */
  from: string;
  until: string;
  /** Seconds; 0: never by itself. */
  refreshS: number;
  /** `auto` or one of units.ts. */
  unit: string;
  stacked: boolean;
  log: boolean;
}

export const MOST_TARGETS = 20;
export const LONGEST_TARGET = 4000;
/** Seconds between refreshes that can be chosen. */
export const REFRESHES = [0, 10, 30, 60, 300];
export const UNIT_CHOICES = ['auto', 'short', 'percent', 'decbytes', 'bytes', 'Bps', 'bps', 's', 'ms', 'none'];
/** More than a server takes in an address: then the state stands behind the #, which is never sent. */
const LONGEST_QUERY = 6000;

const RELATIVE = /^-(\d{1,6})(s|min|h|d|w|mon|y)$/;
const SECONDS: Record<string, number> = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800, mon: 2_592_000, y: 31_536_000 };

/** Reads the state from an address's query and fragment; what cannot be understood is left out. Pure. */
export function readState(query: string, fragment: string): ExplorerState {
  const params = new URLSearchParams(fragment.length > 1 ? fragment.slice(1) : query);
  const numbers = (name: string): number[] => (params.get(name) ?? '').split(',').filter(Boolean).map(Number);
  const hidden = new Set(numbers('hidden'));
  const hues = numbers('hues');
  const texts = params.getAll('target').filter((text) => text.trim() !== '' && text.length <= LONGEST_TARGET);
  const unit = params.get('unit') ?? 'auto';
  const refreshS = Number(params.get('refresh') ?? 0);
  const times = readTimes(params.get('from') ?? '', params.get('until') ?? 'now');
  return {
    targets: texts.slice(0, MOST_TARGETS).map((text, index) => ({ text, hidden: hidden.has(index + 1), hue: hueOf(hues[index]) })),
    ...times,
    refreshS: REFRESHES.includes(refreshS) ? refreshS : 0,
    unit: UNIT_CHOICES.includes(unit) ? unit : 'auto',
    stacked: params.get('stacked') === '1',
    log: params.get('log') === '1',
  };
}

const hueOf = (hue: number | undefined): number => (hue !== undefined && Number.isInteger(hue) && hue >= 0 && hue <= 8 ? hue : 0);

function readTimes(from: string, until: string): { from: string; until: string } {
  const epoch = /^\d{9,11}$/;
  if (epoch.test(from) && epoch.test(until) && Number(from) < Number(until)) return { from, until };
  return { from: RELATIVE.test(from) ? from : '-1h', until: 'now' };
}

/** The end of an address that has this state: `?…`, or `#…` when it is long. Pure. */
export function writeState(state: ExplorerState): string {
  const params = new URLSearchParams(state.targets.map(({ text }): [string, string] => ['target', text]));
  const hidden = state.targets.flatMap((target, index) => (target.hidden ? [index + 1] : []));
  if (hidden.length > 0) params.set('hidden', hidden.join(','));
  if (state.targets.some(({ hue }) => hue !== 0)) params.set('hues', state.targets.map(({ hue }) => hue).join(','));
  params.set('from', state.from);
  if (state.until !== 'now') params.set('until', state.until);
  if (state.refreshS > 0) params.set('refresh', String(state.refreshS));
  if (state.unit !== 'auto') params.set('unit', state.unit);
  if (state.stacked) params.set('stacked', '1');
  if (state.log) params.set('log', '1');
  const text = params.toString();
  return text.length > LONGEST_QUERY ? `#${text}` : `?${text}`;
}

/** The stretch of time that the state means now, in seconds since the epoch. Pure. */
export function spanOf({ from, until }: Pick<ExplorerState, 'from' | 'until'>, nowMs: number): { from: number; until: number } {
  const end = until === 'now' ? Math.floor(nowMs / 1000) : Number(until);
  const [, count = '1', unit = 'h'] = RELATIVE.exec(from) ?? [];
  return { from: /^\d+$/.test(from) ? Number(from) : end - Number(count) * (SECONDS[unit] ?? 3600), until: end };
}

/** What is wrong with a target, as far as can be seen without asking; empty when nothing is. graphite-web answers a target with a missing parenthesis with no series and no word. */
export function targetFault(text: string): string {
  if (text.trim() === '') return 'The target is empty.';
  if (text.length > LONGEST_TARGET) return `The target has ${text.length} characters; ${LONGEST_TARGET} are allowed.`;
  let [depth, quote] = [0, ''];
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth < 0) return 'There is a closing parenthesis without an opening one.';
  }
  if (quote !== '') return 'A quotation mark is missing.';
  return depth > 0 ? `${depth} closing ${depth === 1 ? 'parenthesis is' : 'parentheses are'} missing.` : '';
}
