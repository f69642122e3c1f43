import type { RenderedSeries } from '../answers.ts';
import type { Calc, Display, Override, Panel } from '../dashboards/model.ts';
import { shownColour, thresholdColour } from './dashboards-colours.ts';
import { figureOf } from './dashboards-figures.ts';
import { markdown } from './dashboards-text.ts';
import { linkOfSeries } from './dashboards-variables.ts';
import { make } from './elements.ts';
import { colourMark } from './explorer-table.ts';
import { aligned, cssColour, hueColour, seriesPlot, type Plotted, type PlottedLine } from './series-plot.ts';
import { isKnownUnit, writeValue } from './units.ts';

/* One panel of a dashboard, drawn. */

/** A series with the letter of the target that it came of. */
export interface PanelSeries extends RenderedSeries {
  refId: string;
}

export interface DrawnPanel {
  element: HTMLElement;
  show: (series: readonly PanelSeries[], problems: readonly string[], span: { from: number; until: number }) => void;
}

const MOST_LINES = 60;
const HEADER_PX = 44;
const ROW_PX = 36;
const CALC_WORDS: Record<Calc, string> = {
  last: 'Last',
  first: 'First',
  min: 'Min',
  max: 'Max',
  mean: 'Avg',
  sum: 'Total',
  count: 'Count',
  range: 'Range',
  delta: 'Change',
};

/** Makes a panel, without its values. */
export function drawnPanel(panel: Panel, title: string, onZoom: (from: number, until: number) => void): DrawnPanel {
  const body = make('div', { class: 'panel-body' });
  const problem = make('p', { class: 'problem', role: 'status' });
  problem.hidden = true;
  const element = make(
    'article',
    { class: `card panel panel-${panel.kind}`, 'aria-label': title || panel.type },
    ...headOf(panel, title),
    body,
    problem,
    ...noteOf(panel),
  );
  // What can be scrolled must be reached with the keyboard.
  const reachable = (): void => (element.scrollHeight > element.clientHeight + 1 ? element.setAttribute('tabindex', '0') : element.removeAttribute('tabindex'));
  new ResizeObserver(reachable).observe(element);
  const draw = drawingOf(panel, body, onZoom);
  if (panel.kind === 'text') body.replaceChildren(...(panel.isMarkdown ? markdown(panel.content) : [make('p', { class: 'plain-text' }, panel.content)]));
  return {
    element,
    show(series, problems, span) {
      problem.hidden = problems.length === 0;
      problem.textContent = problems.join(' · ');
      if (panel.kind === 'unknown' || panel.kind === 'text') return;
      draw(linesOf(panel, series), span);
      reachable();
    },
  };
}

function headOf({ description }: Panel, title: string): HTMLElement[] {
  if (title === '') return [];
  const heading = make('h3', {}, title);
  // The first paragraph says what is shown; what follows is for whoever wants to know.
  const [, about = description, more = ''] = /^(.*?)\n\s*\n(.*)$/s.exec(description) ?? [];
  const told = about === '' ? [] : [make('p', { class: 'quiet' }, about)];
  return [make('header', {}, heading, ...(more === '' ? [] : [moreOf(title, more)]), ...told)];
}

function moreOf(title: string, more: string): HTMLElement {
  return make('details', { class: 'panel-more' }, make('summary', { 'aria-label': `${title}: what to do` }, '?'), make('div', {}, ...markdown(more)));
}

function noteOf({ notes, kind, display, overrides, targets }: Panel): HTMLElement[] {
  const units = [display.unit, ...overrides.flatMap(({ unit }) => unit ?? [])].filter((unit) => !isKnownUnit(unit));
  const all = [...notes, ...(kind !== 'text' && kind !== 'unknown' ? units.map((unit) => `The unit "${unit}" is written as it is.`) : [])];
  if (kind === 'unknown' && targets.length > 0) all.push(`Its targets: ${targets.map(({ target }) => target).join(' · ')}`);
  return all.length === 0 ? [] : [make('ul', { class: 'panel-notes' }, ...all.map((note) => make('li', {}, note)))];
}

type Draw = (lines: PanelLine[], span: { from: number; until: number }) => void;

function drawingOf(panel: Panel, body: HTMLElement, onZoom: (from: number, until: number) => void): Draw {
  switch (panel.kind) {
    case 'timeseries':
      return chartOf(panel, body, onZoom);
    case 'stat':
      return (lines) => show(body, lines, panel.display, statElement);
    case 'gauge':
      return (lines) => show(body, lines, panel.display, gaugeElement);
    case 'bars':
      return (lines) => body.replaceChildren(lines.length === 0 ? nothing(panel.display) : barsOf(lines, panel));
    case 'table':
      return (lines) =>
        body.replaceChildren(
          lines.length === 0
            ? nothing(panel.display)
            : tableOf(lines, panel.display, panel.display.calcs.length > 0 ? panel.display.calcs : ['last', 'min', 'max', 'mean']),
        );
    case 'text':
    case 'unknown':
      return () => {};
  }
}

/** A line with how it alone is shown. */
interface PanelLine extends PlottedLine {
  times: readonly number[];
  unit: string;
  decimals: number | undefined;
}

function linesOf(panel: Panel, series: readonly PanelSeries[]): PanelLine[] {
  const { display } = panel;
  const shown = series.filter((one) => !overridesFor(panel.overrides, one).some(({ isHidden }) => isHidden === true)).slice(0, MOST_LINES);
  const { times, values } = aligned(shown);
  return shown.map((one, index) => {
    const own = overridesFor(panel.overrides, one).reduce<Partial<Override>>((all, override) => ({ ...all, ...override }), {});
    const raw = values[index] ?? [];
    return {
      label: own.label ?? one.target,
      colour: shownColour(own.colour ?? display.colour) ?? hueColour(index),
      values: own.isBelow === true ? raw.map((value: number | null | undefined) => (typeof value === 'number' ? -value : (value as null))) : raw,
      times,
      unit: own.unit ?? display.unit,
      decimals: own.decimals ?? display.decimals,
    };
  });
}

function overridesFor(overrides: readonly Override[], { target, refId }: PanelSeries): Override[] {
  return overrides.filter(({ by, text }) => {
    if (by === 'name') return text === target;
    if (by === 'refId') return text === refId;
    try {
      return new RegExp(text.replace(/^\/(.*)\/$/, '$1')).test(target);
    } catch {
      return false;
    }
  });
}

function chartOf(panel: Panel, body: HTMLElement, onZoom: (from: number, until: number) => void): Draw {
  const { display, place } = panel;
  const chart = make('div', { class: 'series-plot', role: 'img', 'aria-label': `${panel.title}; its values are in the legend.` });
  const legend = make('div', { class: 'panel-legend', tabindex: '0', role: 'region', 'aria-label': `${panel.title || 'Panel'}, values` });
  const empty = make('p', { class: 'empty' });
  body.replaceChildren(chart, empty, legend);
  const plot = seriesPlot(chart);
  return (lines, span) => {
    const forLegend = display.legend === 'none' ? 0 : display.legend === 'table' ? 112 : 46;
    // Below each other (dashboards.css), panels are as high as their content; beside each other, as their place.
    const room = matchMedia('(max-width: 900px)').matches ? place.h * ROW_PX - HEADER_PX : body.clientHeight;
    const height = Math.max(110, room - forLegend);
    const times = [...(lines[0]?.times ?? [])];
    const hasPoints = lines.some(({ values }) => values.some((value) => typeof value === 'number'));
    empty.hidden = hasPoints;
    empty.textContent = display.noValue || 'No data in this time range';
    chart.hidden = !hasPoints;
    if (hasPoints)
      plot.show({ times, lines } satisfies Plotted, {
        ...plotOptions(display),
        height,
        span,
        onZoom,
        onPointer: (index) => showLegend(legend, lines, display, index),
      });
    showLegend(legend, hasPoints ? lines : [], display, undefined);
  };
}

function plotOptions(display: Display): Omit<Parameters<ReturnType<typeof seriesPlot>['show']>[1], 'height' | 'span'> {
  const { unit, decimals, min, max, isStacked, isLog, fill, lineWidth, draw, isBridged } = display;
  const drawn = display.thresholdsDrawn ? display.thresholds : [];
  return {
    unit,
    ...(decimals !== undefined && { decimals }),
    ...(min !== undefined && { low: min }),
    ...(max !== undefined && { high: max }),
    stacked: isStacked,
    log: isLog,
    fill,
    lineWidth: Math.max(1, lineWidth),
    draw,
    bridged: isBridged,
    thresholds: drawn.flatMap(({ from, colour }) => (from === null ? [] : [{ from, colour: shownColour(colour) ?? cssColour('quiet') }])),
    syncKey: 'dashboard',
  };
}

function showLegend(legend: HTMLElement, lines: readonly PanelLine[], display: Display, index: number | undefined): void {
  if (display.legend === 'none') return legend.replaceChildren();
  const calcs: readonly Calc[] = display.calcs.length > 0 ? display.calcs : ['last'];
  if (display.legend === 'table' && index === undefined) return legend.replaceChildren(...(lines.length === 0 ? [] : [tableOf(lines, display, calcs)]));
  const items = lines.map((line) => {
    const value =
      index === undefined
        ? calcs.map((calc) => writeValue(figureOf(line.values, calc), line.unit, line.decimals)).join(' ')
        : writeValue(line.values[index], line.unit, line.decimals);
    return make('li', {}, colourMark(line.colour), line.label, make('span', { class: 'value' }, value));
  });
  const at = index === undefined ? undefined : lines[0]?.times[index];
  if (at !== undefined) items.push(make('li', { class: 'when' }, new Date(at * 1000).toLocaleTimeString()));
  legend.replaceChildren(make('ul', { class: 'legend' }, ...items));
}

function tableOf(lines: readonly PanelLine[], display: Display, calcs: readonly Calc[]): HTMLElement {
  const head = calcs.map((calc) => make('th', { scope: 'col', class: 'figure' }, CALC_WORDS[calc]));
  const rows = lines.map((line) => {
    const cells = calcs.map((calc) => {
      const value = figureOf(line.values, calc);
      const cell = make('td', { class: 'figure' }, wordFor(value, display) ?? writeValue(value, line.unit, line.decimals));
      if (display.colourByThreshold) cell.style.setProperty('color', thresholdColour(value, display));
      return cell;
    });
    return make('tr', {}, make('th', { scope: 'row' }, colourMark(line.colour), line.label), ...cells);
  });
  return make(
    'table',
    { class: 'legend-table' },
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Series'), ...head)),
    make('tbody', {}, ...rows),
  );
}

function show(
  body: HTMLElement,
  lines: readonly PanelLine[],
  display: Display,
  element: (line: PanelLine, display: Display, isAlone: boolean) => HTMLElement,
): void {
  body.replaceChildren(...(lines.length === 0 ? [nothing(display)] : lines.slice(0, 12).map((line) => element(line, display, lines.length === 1))));
}

function nothing({ noValue }: Display): HTMLElement {
  return make('p', { class: 'empty' }, noValue || 'No data');
}

function wordFor(value: number | null, { words }: Display): string | undefined {
  const word = words.find((one) => one.value === String(value) || (one.value === 'null' && value === null));
  return word === undefined || word.text === '' ? undefined : word.text;
}

function statElement(line: PanelLine, display: Display, isAlone: boolean): HTMLElement {
  const value = figureOf(line.values, display.calcs[0] ?? 'last');
  const figure = make(
    'span',
    { class: 'stat-value' },
    wordFor(value, display) ?? (value === null && display.noValue !== '' ? display.noValue : writeValue(value, line.unit, line.decimals)),
  );
  figure.style.setProperty('color', thresholdColour(value, display));
  const label = isAlone ? [] : [make('span', { class: 'quiet' }, line.label)];
  return make('div', { class: 'stat' }, ...label, figure, ...(display.hasSparkline ? [sparkline(line.values, thresholdColour(value, display))] : []));
}

/** A bar for each line, in their order, as long as its value is of the highest there can be or is. */
function barsOf(lines: readonly PanelLine[], { display, link }: Panel): HTMLElement {
  const values = lines.map((line) => figureOf(line.values, display.calcs[0] ?? 'last'));
  const low = display.min ?? 0;
  const high = display.max ?? Math.max(low, ...values.map((value) => value ?? low));
  const items = lines.map((line, index) => {
    const value = values[index] ?? null;
    const label = link === undefined ? line.label : make('a', { href: linkOfSeries(link.url, line.label), title: link.title }, line.label);
    const fill = make('span', { class: 'bar-fill' });
    const share = value === null || high <= low ? 0 : Math.min(1, Math.max(0, (value - low) / (high - low)));
    fill.style.setProperty('width', `${(share * 100).toFixed(1)}%`);
    fill.style.setProperty('background', thresholdColour(value, display));
    const figure = make('span', { class: 'bar-value' }, wordFor(value, display) ?? writeValue(value, line.unit, line.decimals));
    return make('li', {}, make('span', { class: 'bar-label' }, label), figure, make('span', { class: 'bar', 'aria-hidden': 'true' }, fill));
  });
  return make('ul', { class: 'bars' }, ...items);
}

const SVG = 'http://www.w3.org/2000/svg';

function svg(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/** The course of the values, without scale. */
function sparkline(values: readonly (number | null)[], colour: string): SVGElement {
  const points = values.flatMap((value, index) => (typeof value === 'number' ? [[index, value] as const] : []));
  const [low, high] = points.reduce(([least, most], [, value]) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const height = (value: number): number => 28 - (high > low ? ((value - low) / (high - low)) * 26 : 13);
  const path = points.map(([index, value]) => `${((index / Math.max(1, values.length - 1)) * 200).toFixed(1)},${height(value).toFixed(1)}`).join(' ');
  const line = svg('polyline', { points: path, fill: 'none', stroke: colour, 'stroke-width': '1.5', 'vector-effect': 'non-scaling-stroke' });
  const picture = svg('svg', { class: 'sparkline', viewBox: '0 0 200 30', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  picture.append(line);
  return picture;
}

function gaugeElement(line: PanelLine, display: Display): HTMLElement {
  const value = figureOf(line.values, display.calcs[0] ?? 'last');
  const [low, high] = [display.min ?? 0, display.max ?? (display.unit === 'percentunit' ? 1 : 100)];
  const share = value === null || high <= low ? 0 : Math.min(1, Math.max(0, (value - low) / (high - low)));
  const arc = (part: number, colour: string): SVGElement =>
    svg('path', { d: arcPath(part), fill: 'none', stroke: colour, 'stroke-width': '11', 'stroke-linecap': 'butt' });
  const picture = svg('svg', { class: 'gauge', viewBox: '0 0 120 66', 'aria-hidden': 'true' });
  picture.append(arc(1, cssColour('grid')), ...(share > 0 ? [arc(share, thresholdColour(value, display))] : []));
  const figure = make('span', { class: 'stat-value' }, wordFor(value, display) ?? writeValue(value, line.unit, line.decimals));
  return make('div', { class: 'gauge-box' }, picture, figure, make('span', { class: 'quiet' }, line.label));
}

function arcPath(share: number): string {
  const angle = Math.PI * (1 - Math.min(share, 0.9999));
  return `M 12 60 A 48 48 0 0 1 ${(60 + 48 * Math.cos(angle)).toFixed(2)} ${(60 - 48 * Math.sin(angle)).toFixed(2)}`;
}
