import type { HostAnswer, RenderedSeries } from '../answers.ts';
import { FIRST_POINTS_WITHIN_S } from '../graphite/charts.ts';
import { Failure, getJson } from './answer.ts';
import { chartCard, type ChartCard, type Span } from './chart-card.ts';
import { byId, make, showNotice } from './elements.ts';
import { formatClock } from './format.ts';
import { repeat } from './repeat.ts';

const RANGES = [
  { name: '15m', label: '15 min', seconds: 900, everyS: 10 },
  { name: '1h', label: '1 h', seconds: 3600, everyS: 10 },
  { name: '6h', label: '6 h', seconds: 21_600, everyS: 30 },
  { name: '24h', label: '24 h', seconds: 86_400, everyS: 60 },
  { name: '7d', label: '7 d', seconds: 604_800, everyS: 300 },
] as const;
type Range = (typeof RANGES)[number];
/** More points cannot be told apart, and are sent for nothing. */
const PIXELS_PER_POINT = 2;
/** While there is no point yet. */
const FIRST_EVERY_S = 5;

let range: Range = rangeInAddress();
let paused = false;
/** When all charts were last filled; undefined before the first time. */
let filledAtMs: number | undefined;

/** The range named after the # of the address, so that a bookmark keeps it. */
function rangeInAddress(): Range {
  return RANGES.find((known) => `#${known.name}` === location.hash) ?? RANGES[1];
}

/** Asks for all charts and shows what came; a chart whose query failed keeps what it has. */
async function refreshCharts(charts: readonly (readonly [HostAnswer['charts'][number], ChartCard])[]): Promise<void> {
  const until = Math.floor(Date.now() / 1000);
  const span: Span = { from: until - range.seconds, until };
  const asked = range;
  const outcomes = await Promise.allSettled(
    charts.map(async ([chart, card]) => {
      const search = new URLSearchParams([
        ...chart.targets.map((target) => ['target', target]),
        ['from', String(span.from)],
        ['until', String(until)],
        ['maxDataPoints', String(Math.ceil(card.width() / PIXELS_PER_POINT))],
      ]);
      const rendered = await getJson<RenderedSeries[]>(`/api/render?${search.toString()}`);
      return asked === range && card.show(rendered, span);
    }),
  );
  if (asked !== range) return;
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  showNotice(byId('query-error'), failed === undefined ? '' : queryFailure(failed.reason));
  const empty = failed === undefined && outcomes.every((outcome) => outcome.status === 'fulfilled' && !outcome.value);
  showNotice(byId('no-data'), empty ? noDataMessage() : '');
  if (failed === undefined) filledAtMs = until * 1000;
  byId('charts').hidden = empty || filledAtMs === undefined;
}

function queryFailure(reason: unknown): string {
  return filledAtMs === undefined ? messageOf(reason) : `${messageOf(reason)} The charts show what was known at ${formatClock(filledAtMs)}.`;
}

function noDataMessage(): string {
  if (byId('charts').dataset['collector'] === 'none') return 'This installation does not measure its own host: no collector is installed here.';
  return `No data yet: the first points arrive within ${FIRST_POINTS_WITHIN_S} seconds of the collector's start. If nothing shows by then, look at the collector's page.`;
}

function messageOf(error: unknown): string {
  return error instanceof Failure ? error.message : 'The console could not be asked.';
}

function showRanges(onChange: () => void): void {
  const buttons = RANGES.map((known) => {
    const button = make('button', { type: 'button' }, known.label);
    button.addEventListener('click', () => location.replace(`#${known.name}`));
    return button;
  });
  const mark = (): void => buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(RANGES[index] === range)));
  window.addEventListener('hashchange', () => {
    range = rangeInAddress();
    mark();
    onChange();
  });
  mark();
  byId('ranges').replaceChildren(...buttons);
}

function showPause(onResume: () => void): void {
  const button = byId('pause');
  button.hidden = false;
  button.addEventListener('click', () => {
    paused = !paused;
    button.setAttribute('aria-pressed', String(paused));
    if (!paused) onResume();
  });
}

async function start(): Promise<void> {
  const host = await getJson<HostAnswer>('/api/host');
  const charts = host.charts.map((chart) => [chart, chartCard(chart)] as const);
  byId('charts').replaceChildren(...charts.map(([, card]) => card.element));
  range = rangeInAddress(); // it may have changed since the page was loaded
  const refresh = repeat({
    work: () => refreshCharts(charts),
    everyS: () => (byId('charts').hidden ? FIRST_EVERY_S : range.everyS),
    isPaused: () => paused,
    onError: (error) => showNotice(byId('query-error'), messageOf(error)),
  });
  showRanges(refresh);
  showPause(refresh);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(([, card]) => card.recolour()));
}

start().catch((error: unknown) => showNotice(byId('query-error'), `${messageOf(error)} Load the page again.`));
