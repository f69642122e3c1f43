import uPlot from 'uplot';
import type { RenderedSeries } from '../answers.ts';
import type { ChartForHost } from '../graphite/charts.ts';
import { make, swatch } from './elements.ts';
import { formatClock, formatTick, formatTimes, formatValue } from './format.ts';
import { headlineOf, latest, linesOf, stacked, type Line, type Lines } from './lines.ts';

/** A stretch of time, in seconds since the epoch. */
export interface Span {
  from: number;
  until: number;
}

/** A chart on the page. */
export interface ChartCard {
  element: HTMLElement;
  /** Shows these series; false when there is no point among them. */
  show: (rendered: readonly RenderedSeries[], span: Span) => boolean;
  /** How many points are worth asking for. */
  width: () => number;
  /** Draws anew in the colours of now. */
  recolour: () => void;
}

const HEIGHT = 190;
const WIDTH_WHILE_HIDDEN = 500;
const NOTHING: Lines = { times: [], lines: [], more: 0 };

/** Makes the card of a chart, empty. */
export function chartCard(chart: ChartForHost): ChartCard {
  const { element, headline, plot, empty, legend } = cardElements(chart);
  let drawn: { uplot: uPlot; labels: string } | undefined;
  let shown = NOTHING;
  let span: Span = { from: 0, until: 1 };

  const erase = (): void => {
    drawn?.uplot.destroy();
    drawn = undefined;
  };
  const draw = (): void => {
    const labels = shown.lines.map((line) => line.label).join('\n');
    if (drawn?.labels === labels) return drawn.uplot.setData(dataOf(chart, shown));
    erase();
    if (shown.lines.length === 0) return;
    const options = optionsOf(chart, shown.lines, plot.clientWidth, () => span);
    const hooks: uPlot.Hooks.Arrays = { setCursor: [({ cursor }) => showLegend(legend, chart, shown, cursor.idx)] };
    drawn = { labels, uplot: new uPlot({ ...options, hooks }, dataOf(chart, shown), plot) };
  };
  new ResizeObserver(() => drawn?.uplot.setSize({ width: plot.clientWidth, height: HEIGHT })).observe(plot);

  return {
    element,
    show(rendered, newSpan) {
      shown = linesOf(chart, rendered);
      span = newSpan;
      draw();
      empty.hidden = shown.lines.length > 0;
      showHeadline(headline, chart, shown);
      showLegend(legend, chart, shown, drawn?.uplot.cursor.idx);
      return shown.lines.length > 0;
    },
    width: () => plot.clientWidth || WIDTH_WHILE_HIDDEN,
    recolour() {
      erase();
      draw();
    },
  };
}

function cardElements(chart: ChartForHost): Record<'element' | 'headline' | 'plot' | 'empty' | 'legend', HTMLElement> {
  const headline = make('p', { class: 'headline' });
  const empty = make('p', { class: 'empty', hidden: '' }, 'No data in this time range');
  const plot = make('div', { class: 'plot', role: 'img', 'aria-label': `${chart.title}: ${chart.about}` }, empty);
  const legend = make('ul', { class: 'legend', 'aria-label': `${chart.title}, values` });
  const title = make('h3', { id: `chart-${chart.id}` }, chart.title);
  const header = make('header', {}, make('div', {}, title, make('p', { class: 'about' }, chart.about)), headline);
  const element = make('article', { class: 'card chart', 'aria-labelledby': title.id }, header, plot, legend);
  return { element, headline, plot, empty, legend };
}

function showHeadline(headline: HTMLElement, chart: ChartForHost, shown: Lines): void {
  const figures = headlineOf(chart, shown);
  headline.replaceChildren(...figures.map(({ label, value }) => make('span', {}, formatValue(value, chart.unit), make('small', {}, ` ${label}`))));
}

function dataOf(chart: ChartForHost, { times, lines }: Lines): uPlot.AlignedData {
  if (chart.shape === 'stacked') return [times, ...stacked(lines)];
  return [times, ...lines.map((line) => (line.below ? line.values.map((value) => (value === null ? null : -value)) : line.values))];
}

/** Shows each line's value at the pointer, or its newest one when the pointer is elsewhere. */
function showLegend(legend: HTMLElement, chart: ChartForHost, { times, lines, more }: Lines, index: number | null | undefined): void {
  const at = typeof index === 'number' && times[index] !== undefined ? index : undefined;
  const items = lines.map((line) => {
    const value = at === undefined ? latest(line.values) : line.values[at];
    return make('li', {}, swatch(line.hue, line.below), line.label, make('span', { class: 'value' }, formatValue(value, chart.unit)));
  });
  if (more > 0) items.push(make('li', {}, `and ${more} more`));
  if (at !== undefined) items.push(make('li', { class: 'when' }, formatClock((times[at] ?? 0) * 1000)));
  legend.replaceChildren(...items);
}

function optionsOf(chart: ChartForHost, lines: readonly Line[], width: number, span: () => Span): uPlot.Options {
  const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const font = '12px system-ui, sans-serif';
  const axis = { stroke: colour('quiet'), font, grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } };
  const stacks = chart.shape === 'stacked';
  return {
    width,
    height: HEIGHT,
    padding: [10, 22, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'dkm' }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
    scales: { x: { range: () => [span().from, span().until] }, y: { range: (_, low, high) => rangeOf(chart, low, high) } },
    axes: [
      { ...axis, size: 30, space: 64, values: (_, ticks, __, ___, step) => formatTimes(ticks, step) },
      { ...axis, size: 64, space: 30, values: (_, ticks) => ticks.map((tick) => formatTick(tick, chart.unit)) },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, colour(`line-${line.hue}`), chart, lines.length))],
    bands: stacks ? lines.slice(1).map((_, below) => ({ series: [below + 2, below + 1] as [number, number] })) : [],
  };
}

function seriesOf(line: Line, colour: string, chart: ChartForHost, count: number): uPlot.Series {
  const filled = { stacked: 'b3', mirrored: line.below ? '22' : '4d', lines: count === 1 ? '26' : '' }[chart.shape];
  return {
    label: line.label,
    stroke: colour,
    width: chart.shape === 'stacked' ? 1 : 1.75,
    points: { show: false },
    ...(filled === '' ? {} : { fill: colour + filled }),
  };
}

/** The scale's ends: zero is always on it, and noise close to zero does not fill the chart. */
function rangeOf(chart: ChartForHost, low: number | null, high: number | null): [number, number] {
  if (chart.top !== undefined) return [0, chart.top];
  const least = chart.unit === 'number' ? 1 : 1000;
  const top = Math.max(least, (high ?? 0) * (chart.shape === 'stacked' ? 1.02 : 1.1));
  return [chart.shape === 'mirrored' ? Math.min(-least, (low ?? 0) * 1.1) : 0, top];
}
