import { unitOf, writeValue } from '../console/page/units.ts';
import { Canvas, markOfSeries } from './canvas.ts';
import type { Glyphs } from './capabilities.ts';
import { STYLES, styleOfSeries, written, type Piece } from './cells.ts';
import { reduce, slotOf } from './reduce.ts';
import { periodInWords, scaleOf, timeTicks, type Scale, type Tick } from './scale.ts';
import { figuresOf, type Figures, type Series } from './series.ts';
import { stacked, type Layer } from './stack.ts';
import { harmless, inAscii, padded, shortened, shortenedInside, widthOf } from './text.ts';

/*
 * A picture of series in characters: an axis of values, an axis of times, the lines, and a legend with figures. Every
 * line fits the width that was asked for.
 */

export interface GraphOptions {
  /** Characters of every line at most. */
  width: number;
  /** Lines of the picture itself, without times and legend. */
  height: number;
  colour: boolean;
  glyphs: Glyphs;
  /** Areas on top of each other in place of lines. */
  stack?: boolean;
  /** Ends of the axis of values, where they are not to follow the values. */
  min?: number | undefined;
  max?: number | undefined;
  /** A unit of src/console/page/units.ts; what the names speak of where it is left out. */
  unit?: string | undefined;
  /** Lines of the legend at most; all where it is left out. */
  mostLegend?: number;
}

export interface Picture {
  series: readonly Series[];
  /** Seconds since the epoch. */
  fromS: number;
  untilS: number;
}

/** Narrower pictures have no axis of values. */
const LEAST_COLUMNS = 12;

/** The lines of a picture. Pure, but for the time zone. */
export function drawGraph({ series, fromS, untilS }: Picture, options: GraphOptions): string[] {
  const names = namesOf(series.map(({ name }) => name));
  const named = series.map(({ points }, index) => ({ name: names.short[index] ?? '', points }));
  const unit = options.unit ?? unitOf(series.map(({ name }) => name));
  const glyphs = glyphsFor(options, series.length);
  const layers = options.stack === true ? stacked(named) : undefined;
  const scale = scaleOf(extremesOf(series, layers), { unit, mostTicks: Math.max(2, Math.ceil(options.height / 3)), min: options.min, max: options.max });
  const labelWidth = labelWidthOf(scale, options.width);
  const columns = Math.max(1, options.width - (labelWidth === 0 ? 0 : labelWidth + 2));
  const canvas = new Canvas(columns, options.height, glyphs);
  if (layers === undefined) drawLines(canvas, named, scale, fromS, untilS);
  else drawLayers(canvas, layers, scale, fromS, untilS);
  const times = timeTicks(fromS, untilS, columns);
  const lines = [
    ...(names.title === '' ? [] : [[{ text: shortenedInside(names.title, options.width), style: STYLES.bold }]]),
    ...plotLines(canvas, scale, labelWidth, options.height, glyphs),
    ...axisLines(times, { fromS, untilS, columns, labelWidth, glyphs }),
    [{ text: shortened(captionOf({ fromS, untilS, columns, series }), options.width), style: STYLES.grey }],
    ...legendLines(named, unit, { ...options, glyphs }),
  ];
  return lines.map((pieces) => fitted(pieces, options));
}

/** Without colours only marks tell series apart, and only colours areas. */
function glyphsFor({ glyphs, colour, stack }: GraphOptions, count: number): Glyphs {
  if (glyphs === 'ascii' || (!colour && count > 1)) return 'ascii';
  return stack === true ? 'blocks' : glyphs;
}

function fitted(pieces: readonly Piece[], { width, colour, glyphs: known }: GraphOptions): string {
  const shown = known === 'ascii' ? pieces.map((piece) => ({ ...piece, text: inAscii(piece.text) })) : pieces;
  let left = width;
  const whole = shown.map((piece) => {
    const text = widthOf(piece.text) <= left ? piece.text : shortened(piece.text, left, known === 'ascii' ? '~' : '…');
    left -= widthOf(text);
    return { ...piece, text };
  });
  const last = whole.at(-1);
  if (last !== undefined && last.style === undefined) last.text = last.text.trimEnd();
  const line = written(whole, colour);
  return colour ? line : line.trimEnd();
}

/** What all names of metrics begin with is said once, above. Pure. */
export function namesOf(names: readonly string[]): { title: string; short: string[] } {
  const shown = names.map(harmless);
  const [first = ''] = shown;
  if (shown.length < 2 || shown.some((name) => !/^[^\s(),]+$/.test(name))) return { title: '', short: shown };
  const parts = first.split('.');
  let common = 0;
  while (common < parts.length - 1 && shown.every((name) => name.startsWith(`${parts.slice(0, common + 1).join('.')}.`))) common += 1;
  if (common === 0) return { title: '', short: shown };
  const before = `${parts.slice(0, common).join('.')}.`;
  return { title: `${before}*`, short: shown.map((name) => name.slice(before.length)) };
}

function extremesOf(series: readonly Series[], layers: readonly Layer[] | undefined): { min: number; max: number } | null {
  let [min, max] = [Infinity, -Infinity];
  const add = (value: number): void => {
    if (value < min) min = value;
    if (value > max) max = value;
  };
  for (const { points } of series) for (const [, value] of points) if (layers === undefined && value !== null) add(value);
  for (const { parts } of layers ?? []) {
    for (const part of parts) {
      if (part === null) continue;
      add(part[1]);
      add(part[2]);
    }
  }
  return min > max ? null : { min, max };
}

function labelWidthOf({ ticks }: Scale, width: number): number {
  const wanted = Math.max(...ticks.map(({ label }) => widthOf(label)));
  return width - wanted - 2 >= LEAST_COLUMNS ? wanted : 0;
}

/** The line of dots on which a value lies, from above. */
function dotOf(value: number, { min, max }: Scale, down: number): number {
  // Each is divided before it is subtracted: the greatest numbers lie further apart than numbers go.
  const part = (value / 2 - min / 2) / (max / 2 - min / 2);
  return Math.round((1 - Math.max(-2, Math.min(3, part))) * (down - 1));
}

function drawLines(canvas: Canvas, series: readonly Series[], scale: Scale, fromS: number, untilS: number): void {
  const dot = (value: number): number => dotOf(value, scale, canvas.down);
  for (const [index, { points }] of series.entries()) {
    const { slots, joins } = reduce(points, fromS, untilS, canvas.across);
    for (const { fromSlot, from, toSlot, to } of joins) canvas.line(fromSlot, dot(from), toSlot, dot(to), index);
    for (const [x, slot] of slots.entries()) if (slot !== undefined) canvas.line(x, dot(slot.max), x, dot(slot.min), index);
  }
}

function drawLayers(canvas: Canvas, layers: readonly Layer[], scale: Scale, fromS: number, untilS: number): void {
  const zero = dotOf(Math.max(scale.min, Math.min(scale.max, 0)), scale, canvas.down);
  // The upper ones first, each down to zero: what lies below is drawn over it.
  for (const [index, { parts }] of [...layers.entries()].reverse()) {
    const known = parts.filter((part) => part !== null);
    const { slots, joins } = reduce(
      known.map(([at, , to]) => [at, to] as const),
      fromS,
      untilS,
      canvas.across,
    );
    for (const { fromSlot, from, toSlot, to } of joins) {
      for (let x = fromSlot + 1; x < toSlot; x += 1) {
        const value = from + ((to - from) * (x - fromSlot)) / (toSlot - fromSlot);
        canvas.line(x, dotOf(value, scale, canvas.down), x, zero, index);
      }
    }
    for (const [x, slot] of slots.entries()) {
      if (slot === undefined) continue;
      const far = Math.abs(slot.max) >= Math.abs(slot.min) ? slot.max : slot.min;
      canvas.line(x, dotOf(far, scale, canvas.down), x, zero, index);
    }
  }
}

interface AxisSigns {
  line: string;
  tick: string;
  corner: string;
  along: string;
  tickBelow: string;
}

const SIGNS: AxisSigns = { line: '│', tick: '┤', corner: '└', along: '─', tickBelow: '┬' };
const ASCII_SIGNS: AxisSigns = { line: '|', tick: '+', corner: '+', along: '-', tickBelow: '+' };

function plotLines(canvas: Canvas, scale: Scale, labelWidth: number, height: number, glyphs: Glyphs): Piece[][] {
  const signs = glyphs === 'ascii' ? ASCII_SIGNS : SIGNS;
  const labels = new Map<number, string>();
  for (const { at, label } of scale.ticks) {
    const row = Math.floor((dotOf(at, scale, canvas.down) * height) / canvas.down);
    if (row >= 0 && row < height && !labels.has(row)) labels.set(row, label);
  }
  return Array.from({ length: height }, (_, row) => {
    const label = labels.get(row);
    const axis = labelWidth === 0 ? [] : [{ text: `${padded(label ?? '', labelWidth, 'right')} ${label === undefined ? signs.line : signs.tick}` }];
    return [...axis, ...canvas.row(row)];
  });
}

interface AxisPlace {
  fromS: number;
  untilS: number;
  columns: number;
  labelWidth: number;
  glyphs: Glyphs;
}

function axisLines(ticks: readonly Tick[], { fromS, untilS, columns, labelWidth, glyphs }: AxisPlace): Piece[][] {
  const signs = glyphs === 'ascii' ? ASCII_SIGNS : SIGNS;
  const indent = labelWidth === 0 ? 0 : labelWidth + 2;
  const axis = Array.from({ length: columns }, () => signs.along);
  let labels = '';
  for (const { at, label } of ticks) {
    const column = slotOf(at, fromS, untilS, columns);
    const start = Math.max(0, Math.min(indent + column - Math.floor((label.length - 1) / 2), indent + columns - label.length));
    if (labels !== '' && start < labels.length + 2) continue;
    labels = labels.padEnd(start) + label;
    axis[column] = signs.tickBelow;
  }
  const corner = indent === 0 ? '' : `${' '.repeat(labelWidth + 1)}${signs.corner}`;
  return [[{ text: corner + axis.join('') }], [{ text: labels }]];
}

function captionOf({ fromS, untilS, columns, series }: Picture & { columns: number }): string {
  const most = Math.max(0, ...series.map(({ points }) => points.length));
  const perColumn = most > 2 * columns ? '; least and greatest value of each column' : '';
  return `${periodInWords(fromS, untilS)}${perColumn}`;
}

const FIGURES: readonly (keyof Figures)[] = ['last', 'min', 'avg', 'max'];
/** Which figures are left out first where there is no room. */
const DISPENSABLE: readonly (keyof Figures)[] = ['avg', 'min', 'max'];
const LEAST_NAME = 16;

function legendLines(series: readonly Series[], unit: string, { width, glyphs, mostLegend, stack }: GraphOptions): Piece[][] {
  const shown = series.slice(0, mostLegend ?? series.length);
  const figures = shown.map(({ points }) => figuresOf(points));
  const cell = (row: Figures | null, name: keyof Figures): string => (row === null ? '–' : writeValue(row[name], unit));
  const widths = Object.fromEntries(FIGURES.map((name) => [name, Math.max(name.length, ...figures.map((row) => widthOf(cell(row, name))))]));
  const mark = (index: number): string => (glyphs === 'ascii' ? markOfSeries(index) : stack === true ? '█' : '━');
  const longest = Math.max(4, ...shown.map(({ name }) => widthOf(name)));
  let kept = [...FIGURES];
  const room = (): number => width - 2 - kept.reduce((sum, name) => sum + 2 + (widths[name] ?? 0), 0);
  for (const name of DISPENSABLE) if (room() < Math.min(longest, LEAST_NAME)) kept = kept.filter((each) => each !== name);
  if (room() < 6) kept = [];
  const nameWidth = Math.max(1, Math.min(longest, room()));
  const head = [{ text: `  ${' '.repeat(nameWidth)}${kept.map((name) => `  ${padded(name, widths[name] ?? 0, 'right')}`).join('')}`, style: STYLES.grey }];
  const rows = shown.map(({ name }, index): Piece[] => [
    { text: mark(index), style: styleOfSeries(index) },
    {
      text: ` ${padded(shortenedInside(name, nameWidth), nameWidth)}${kept.map((each) => `  ${padded(cell(figures[index] ?? null, each), widths[each] ?? 0, 'right')}`).join('')}`,
    },
  ]);
  const left = series.length - shown.length;
  return [...(kept.length > 0 ? [head] : []), ...rows, ...(left > 0 ? [[{ text: `… and ${left} more series`, style: STYLES.grey }]] : [])];
}
