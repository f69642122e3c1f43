import uPlot from 'uplot';
import { formatTimes } from './format.ts';
import { stacked as stack, type Line, type Values } from './lines.ts';
import { writeValue } from './units.ts';

/* A chart of any series: the explorer's and those of dashboards. */

/** A series as it is drawn. */
export interface PlottedLine {
  label: string;
  /** A CSS colour. */
  colour: string;
  values: Values;
}

export interface Plotted {
  /** Seconds since the epoch. */
  times: number[];
  lines: PlottedLine[];
}

export interface PlotOptions {
  height: number;
  unit: string;
  decimals?: number;
  stacked: boolean;
  /** Logarithmic: what is not above zero is not drawn. */
  log: boolean;
  low?: number;
  high?: number;
  /** How much the area below is filled, 0 to 1. */
  fill?: number;
  lineWidth?: number;
  draw?: 'line' | 'bars' | 'points';
  /** Gaps of missing values are bridged. */
  bridged?: boolean;
  thresholds?: readonly { from: number; colour: string }[];
  span: { from: number; until: number };
  /** Somebody marked a stretch of time. */
  onZoom?: (from: number, until: number) => void;
  /** The pointer is at this index of the times; undefined: elsewhere. */
  onPointer?: (index: number | undefined) => void;
  /** Charts with the same key show the pointer together. */
  syncKey?: string;
}

export interface SeriesPlot {
  show: (plotted: Plotted, options: PlotOptions) => void;
  canvas: () => HTMLCanvasElement | undefined;
}

/** Colours of the palette in style.css, by their numbers. */
export const HUES = ['blue', 'orange', 'green', 'purple', 'red', 'violet', 'ochre', 'teal'] as const;

/** A variable of the style sheet, as it is now. */
export function cssColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The colour of the nth line (from 0). After the palette it begins again. */
export function hueColour(position: number): string {
  return cssColour(`line-${(position % HUES.length) + 1}`);
}

/** Makes a chart in an element, empty. */
export function seriesPlot(element: HTMLElement): SeriesPlot {
  let drawn: uPlot | undefined;
  let height = 240;
  const erase = (): void => {
    drawn?.destroy();
    drawn = undefined;
  };
  new ResizeObserver(() => drawn?.setSize({ width: element.clientWidth, height })).observe(element);
  return {
    show(plotted, options) {
      erase();
      height = options.height;
      element.style.setProperty('min-height', `${height}px`);
      if (plotted.lines.length === 0) return;
      drawn = new uPlot(optionsOf(plotted, options, element.clientWidth || 500), dataOf(plotted, options), element);
    },
    canvas: () => drawn?.ctx.canvas,
  };
}

function dataOf({ times, lines }: Plotted, { stacked, log }: PlotOptions): uPlot.AlignedData {
  if (stacked) return [times, ...stack(lines.map((line): Line => ({ label: line.label, hue: 0, below: false, values: carriedOn(line.values) })))];
  return [times, ...lines.map(({ values }) => (log ? values.map((value) => (value === null || value > 0 ? value : null)) : values))];
}

/** Between the points of a coarse series its value goes on: on each other, lines need one at every time. */
function carriedOn(values: Values): Values {
  let before: number | null = null;
  return values.map((value: number | null | undefined) => (before = value === undefined ? before : value));
}

function optionsOf(plotted: Plotted, options: PlotOptions, width: number): uPlot.Options {
  const { lines } = plotted;
  const axis = { stroke: cssColour('quiet'), font: '12px system-ui, sans-serif', grid: { stroke: cssColour('grid'), width: 1 }, ticks: { show: false } };
  const bands = options.stacked ? lines.slice(1).map((_, below) => ({ series: [below + 2, below + 1] as [number, number] })) : [];
  const isLog = options.log && !options.stacked;
  return {
    width,
    height: options.height,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: options.onZoom !== undefined, y: false, setScale: false },
      y: false,
      points: { size: 6 },
      ...(options.syncKey !== undefined && { sync: { key: options.syncKey } }),
    },
    scales: {
      x: { range: () => [options.span.from, options.span.until] },
      y: isLog ? { distr: 3 } : { range: (_, low, high) => rangeOf(options, low, high) },
    },
    axes: [
      { ...axis, size: 30, space: 72, values: (_, ticks, __, ___, step) => formatTimes(ticks, step) },
      {
        ...axis,
        size: 68,
        space: 30,
        ...(isBinary(options.unit) && { incrs: BINARY_STEPS }),
        values: (_, ticks) => ticks.map((tick: number | null) => (tick === null ? '' : writeValue(tick, options.unit))),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, options, lines.length))],
    bands,
    hooks: hooksOf(options),
  };
}

/** Steps of an axis in units of 1024: powers of two. */
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);
const isBinary = (unit: string): boolean => unit === 'bytes' || unit === 'bits' || unit === 'binBps';

function hooksOf({ onZoom, onPointer, thresholds }: PlotOptions): uPlot.Hooks.Arrays {
  return {
    setSelect: [
      (plot) => {
        if (onZoom === undefined || plot.select.width < 4) return;
        const [from, until] = [plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x')];
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        onZoom(Math.floor(from), Math.ceil(until));
      },
    ],
    setCursor: [({ cursor }) => onPointer?.(cursor.idx ?? undefined)],
    drawAxes: [(plot) => drawThresholds(plot, thresholds ?? [])],
  };
}

function drawThresholds(plot: uPlot, thresholds: NonNullable<PlotOptions['thresholds']>): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const { from, colour } of thresholds) {
    const y = plot.valToPos(from, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = colour;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function seriesOf(line: PlottedLine, options: PlotOptions, count: number): uPlot.Series {
  const fill = options.fill ?? (options.stacked ? 0.6 : count === 1 ? 0.14 : 0);
  const bars = options.draw === 'bars' ? uPlot.paths.bars?.({ size: [0.8, 60] }) : undefined;
  return {
    label: line.label,
    stroke: line.colour,
    width: options.lineWidth ?? 1.6,
    points: { show: options.draw === 'points' },
    spanGaps: options.bridged ?? false,
    ...(options.draw === 'points' && { paths: () => null }),
    ...(bars !== undefined && { paths: bars }),
    ...(fill > 0 && options.draw !== 'points' && { fill: withOpacity(line.colour, options.draw === 'bars' ? Math.max(fill, 0.5) : fill) }),
  };
}

/** A colour, less opaque. The canvas itself reads what colours there are: #rrggbb, names, rgb(). */
export function withOpacity(colour: string, opacity: number): string {
  const reader = document.createElement('canvas').getContext('2d');
  if (reader === null) return colour;
  reader.fillStyle = '#808080';
  reader.fillStyle = colour;
  const read = String(reader.fillStyle);
  const share = Math.round(opacity * 255)
    .toString(16)
    .padStart(2, '0');
  return /^#[0-9a-f]{6}$/i.test(read) ? read + share : read;
}

function rangeOf({ low: fixedLow, high: fixedHigh, stacked }: PlotOptions, low: number | null, high: number | null): [number, number] {
  const [least, most] = [low ?? 0, high ?? 1];
  const bottom = fixedLow ?? (least >= 0 && (stacked || least < 0.6 * most) ? 0 : least - (most - least) * 0.08);
  const top = fixedHigh ?? most + (most - Math.min(least, bottom)) * 0.06;
  if (bottom === 0 && top <= 0) return [0, 1];
  return top > bottom ? [bottom, top] : [bottom - Math.abs(bottom) * 0.1 - 0.5, bottom + Math.abs(bottom) * 0.1 + 0.5];
}

/** What a line's values say together; null where there is none. */
export interface Figures {
  last: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
}

/** Last, lowest, highest and average of what is there. */
export function figuresOf(values: Values): Figures {
  let [count, sum, min, max, last] = [0, 0, Infinity, -Infinity, null as number | null];
  for (const value of values as (number | null | undefined)[]) {
    if (value === null || value === undefined) continue;
    count += 1;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
    last = value;
  }
  return count === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / count };
}

/**
 * All times of several series, and each one's values at them. Where a series has no point at a time that another one has,
 * its value is undefined, which is bridged; a missing value of its own is null, which is a gap.
 */
export function aligned(series: readonly { datapoints: readonly (readonly [number | null, number])[] }[]): { times: number[]; values: Values[] } {
  const times = [...new Set(series.flatMap(({ datapoints }) => datapoints.map(([, time]) => time)))].sort((a, b) => a - b);
  const at = new Map(times.map((time, index) => [time, index]));
  const values = series.map(({ datapoints }) => {
    const own = Array<number | null>(times.length).fill(undefined as unknown as null);
    for (const [value, time] of datapoints) own[at.get(time) ?? 0] = value;
    return own;
  });
  return { times, values };
}
