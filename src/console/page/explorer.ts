import type { RenderedSeries } from '../answers.ts';
import { Failure, getJson } from './answer.ts';
import { byId, make, setText } from './elements.ts';
import { downloadPng } from './explorer-picture.ts';
import { namesPane } from './explorer-names.ts';
import { MOST_TARGETS, readState, REFRESHES, spanOf, targetFault, UNIT_CHOICES, writeState, type ExplorerState, type Target } from './explorer-state.ts';
import { showLegend, showValues } from './explorer-table.ts';
import { targetList } from './explorer-targets.ts';
import { formatClock } from './format.ts';
import { repeat } from './repeat.ts';
import { aligned, hueColour, seriesPlot, type Plotted } from './series-plot.ts';
import { unitOf } from './units.ts';

/* The metrics explorer: what is shown stands in the address, and everything follows from it. */

/** More lines than this are neither told apart nor drawn quickly. */
const MOST_LINES = 100;
const RANGES = ['-15min', '-1h', '-6h', '-24h', '-7d', '-30d', '-1y'];
const RANGE_WORDS: Record<string, string> = { '-15min': '15 min', '-1h': '1 h', '-6h': '6 h', '-24h': '24 h', '-7d': '7 d', '-30d': '30 d', '-1y': '1 y' };

let state: ExplorerState = readState(location.search, location.hash);
let plotted: Plotted = { times: [], lines: [] };
let unit = 'short';
let more = 0;
/** Which of several answers is the newest. */
let asked = 0;
const plot = seriesPlot(byId('plot'));

/** Changes the state; `as` says whether "back" should undo it. */
function change(part: Partial<ExplorerState>, as: 'step' | 'detail'): void {
  state = { ...state, ...part };
  const address = location.pathname + writeState(state);
  const depth = Number((history.state as { depth?: number } | null)?.depth ?? 0);
  if (as === 'step') history.pushState({ depth: depth + 1 }, '', address);
  else history.replaceState(history.state, '', address);
  showControls();
}

interface Answer {
  target: Target;
  series: RenderedSeries[];
  problem: string;
}

/** Asks for every target by itself, so that it is known which one failed. */
async function ask(target: Target, span: { from: number; until: number }): Promise<Answer> {
  const fault = targetFault(target.text);
  if (target.hidden || fault !== '') return { target, series: [], problem: fault };
  const points = String(Math.min(4000, Math.max(100, Math.round(byId('plot').clientWidth || 600))));
  const search = new URLSearchParams({ target: target.text, from: String(span.from), until: String(span.until), maxDataPoints: points });
  try {
    const series = await getJson<RenderedSeries[]>(`/api/render?${search.toString()}`);
    return { target, series, problem: series.length === 0 ? 'No such metric, or none of its points lie in this time.' : '' };
  } catch (error) {
    return { target, series: [], problem: error instanceof Failure ? error.message : 'The console could not be asked.' };
  }
}

async function refresh(): Promise<void> {
  asked += 1;
  const own = asked;
  const span = spanOf(state, Date.now());
  const { targets } = state;
  if (targets.length > 0) setText(byId('chart-state'), plotted.lines.length === 0 ? 'Loading…' : byId('chart-state').textContent);
  const answers = await Promise.all(targets.map((target) => ask(target, span)));
  if (own !== asked || targets !== state.targets) return;
  take(answers);
  list.showProblems(answers.map(({ problem }) => problem));
  draw(span);
  setText(byId('chart-state'), wordsOf(answers));
}

/** Makes the lines of the chart from the answers; each target's own colour is for its first series, further ones go on from there. */
function take(answers: readonly Answer[]): void {
  const all = answers.flatMap(({ target, series }) => series.map((one, position) => ({ ...one, hue: target.hue, position })));
  const shown = all.slice(0, MOST_LINES);
  more = all.length - shown.length;
  const { times, values } = aligned(shown);
  const lines = shown.map(({ target, hue, position }, index) => ({
    label: target,
    colour: hue === 0 ? hueColour(index) : hueColour(hue - 1 + position),
    values: values[index] ?? [],
  }));
  plotted = { times, lines };
  unit = state.unit === 'auto' ? unitOf(lines.map(({ label }) => label)) : state.unit;
}

function wordsOf(answers: readonly Answer[]): string {
  if (answers.length === 0) return '';
  const failed = answers.filter(({ problem }) => problem !== '').length;
  const at = `Updated ${formatClock(Date.now())}`;
  const points = plotted.lines.some(({ values }) => values.some((value) => typeof value === 'number'));
  return [
    plotted.lines.length > 0 && !points ? 'The series have no points in this time.' : '',
    plotted.lines.length === 0 && failed === 0 ? 'Every target is hidden.' : '',
    failed > 0 ? `${failed} of ${answers.length} ${answers.length === 1 ? 'target shows' : 'targets show'} nothing: see below.` : '',
    more > 0 ? `${MOST_LINES} of ${MOST_LINES + more} series are drawn; limit(…) or highestCurrent(…) choose some.` : '',
    at,
  ]
    .filter(Boolean)
    .join(' · ');
}

function draw(span = spanOf(state, Date.now())): void {
  plot.show(plotted, {
    height: matchMedia('(max-width: 720px)').matches ? 240 : 340,
    unit,
    stacked: state.stacked,
    log: state.log,
    span,
    onZoom: (from, until) => {
      if (until - from < 2) return;
      change({ from: String(from), until: String(until) }, 'step');
      refreshNow();
    },
    onPointer: (index) => showLegend(plotted, unit, index),
  });
  showLegend(plotted, unit, undefined);
  if (byId<HTMLDetailsElement>('values').open) showValues(plotted, unit);
  byId('plot').setAttribute('aria-label', `Chart of ${plotted.lines.length} series; their values are in the legend and in the table below.`);
}

function showControls(): void {
  byId('explorer').classList.toggle('has-targets', state.targets.length > 0);
  for (const button of byId('ranges').querySelectorAll('button'))
    button.setAttribute('aria-pressed', String(state.until === 'now' && button.value === state.from));
  byId<HTMLSelectElement>('refresh').value = String(state.refreshS);
  byId<HTMLSelectElement>('unit').value = state.unit;
  byId<HTMLInputElement>('stacked').checked = state.stacked;
  byId<HTMLInputElement>('log').checked = state.log;
  byId<HTMLButtonElement>('zoom-back').disabled = Number((history.state as { depth?: number } | null)?.depth ?? 0) === 0;
  const { from, until } = spanOf(state, Date.now());
  setText(byId('range-words'), `${localTime(from).replace('T', ' ')} – ${state.until === 'now' ? 'now' : localTime(until).replace('T', ' ')}`);
  byId<HTMLInputElement>('from').value = localTime(from);
  byId<HTMLInputElement>('until').value = localTime(until);
  const targets = state.targets.filter(({ text, hidden }) => !hidden && targetFault(text) === '').map(({ text }) => ['target', text]);
  byId<HTMLAnchorElement>('csv').href = `/api/render.csv?${new URLSearchParams([...targets, ['from', String(from)], ['until', String(until)]]).toString()}`;
  byId('csv').hidden = targets.length === 0;
  names.mark((path) => state.targets.some(({ text }) => text === path));
}

/** A time as <input type="datetime-local"> has it, in local time. */
function localTime(seconds: number): string {
  const date = new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000);
  return date.toISOString().slice(0, 19);
}

function say(text: string): void {
  setText(byId('said'), text);
}

function toggleMetric(path: string): void {
  const isThere = state.targets.some(({ text }) => text === path);
  if (!isThere && state.targets.length >= MOST_TARGETS) return say(`There are ${MOST_TARGETS} targets already.`);
  const targets = isThere ? state.targets.filter(({ text }) => text !== path) : [...state.targets, { text: path, hidden: false, hue: 0 }];
  change({ targets }, 'step');
  list.show(targets);
  say(isThere ? `Removed ${path}` : `Added ${path}`);
  refreshNow();
}

const names = namesPane(toggleMetric);
const list = targetList((targets, what) => {
  change({ targets: targets.filter(({ text }) => text !== '').slice(0, MOST_TARGETS) }, 'step');
  say(what);
  refreshNow();
});

function wireTimes(): void {
  byId('ranges').replaceChildren(
    ...RANGES.map((from) => {
      const button = make('button', { type: 'button', value: from }, RANGE_WORDS[from] ?? from);
      button.addEventListener('click', () => {
        change({ from, until: 'now' }, 'step');
        refreshNow();
      });
      return button;
    }),
  );
  byId('absolute').addEventListener('submit', (event) => {
    event.preventDefault();
    const [from, until] = ['from', 'until'].map((id) => Math.floor(new Date(byId<HTMLInputElement>(id).value).getTime() / 1000));
    const fits = from !== undefined && until !== undefined && Number.isFinite(from) && from > 99_999_999 && from < until;
    byId('absolute-problem').hidden = fits;
    setText(byId('absolute-problem'), fits ? '' : 'The beginning must be before the end.');
    if (!fits) return;
    change({ from: String(from), until: String(until) }, 'step');
    refreshNow();
  });
  byId('zoom-back').addEventListener('click', () => history.back());
  window.addEventListener('popstate', () => {
    state = readState(location.search, location.hash);
    list.show(state.targets);
    showControls();
    refreshNow();
  });
}

function wireOptions(): void {
  const fill = (id: string, choices: readonly (readonly [value: string, label: string])[]): void =>
    byId(id).replaceChildren(...choices.map(([value, label]) => make('option', { value }, label)));
  fill(
    'refresh',
    REFRESHES.map((seconds) => [String(seconds), seconds === 0 ? 'off' : seconds < 60 ? `${seconds} s` : `${seconds / 60} min`]),
  );
  fill(
    'unit',
    UNIT_CHOICES.map((choice) => [choice, UNIT_WORDS[choice] ?? choice]),
  );
  const redraw = (part: Partial<ExplorerState>): void => {
    change(part, 'detail');
    unit = state.unit === 'auto' ? unitOf(plotted.lines.map(({ label }) => label)) : state.unit;
    draw();
  };
  byId('refresh').addEventListener('change', () => change({ refreshS: Number(byId<HTMLSelectElement>('refresh').value) }, 'detail'));
  byId('unit').addEventListener('change', () => redraw({ unit: byId<HTMLSelectElement>('unit').value }));
  byId('stacked').addEventListener('change', () => redraw({ stacked: byId<HTMLInputElement>('stacked').checked, log: false }));
  byId('log').addEventListener('change', () => redraw({ log: byId<HTMLInputElement>('log').checked, stacked: false }));
  byId('refresh-now').addEventListener('click', refreshNow);
  byId('png').addEventListener('click', () => void downloadPng(plot.canvas(), plotted, unit));
  byId('values').addEventListener('toggle', () => showValues(plotted, unit));
  byId('share').addEventListener('click', () => void share());
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', refreshNow);
}

const UNIT_WORDS: Record<string, string> = {
  auto: 'automatic',
  short: 'number',
  percent: 'per cent',
  decbytes: 'bytes (1000)',
  bytes: 'bytes (1024)',
  Bps: 'bytes per second',
  bps: 'bits per second',
  s: 'seconds',
  ms: 'milliseconds',
  none: 'as it is',
};

async function share(): Promise<void> {
  const address = new URL(location.pathname + writeState(state), location.href).href;
  // Browsers let pages write to the clipboard on https and on this machine only.
  try {
    await navigator.clipboard.writeText(address);
    say('The link was copied.');
    setText(byId('share'), 'Copied');
  } catch {
    window.prompt('The link to what you see:', address);
  }
  setTimeout(() => setText(byId('share'), 'Copy link'), 2000);
}

byId('explorer').hidden = false;
wireTimes();
wireOptions();
list.show(state.targets);
showControls();
const refreshNow = repeat({
  work: async () => {
    showControls();
    await refresh();
  },
  everyS: () => (state.refreshS === 0 ? 1 : state.refreshS),
  isPaused: () => state.refreshS === 0,
  onError: (error) => setText(byId('chart-state'), error instanceof Error ? error.message : 'The console could not be asked.'),
});
