import { DkmError, EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { hasColour, say, sayAside } from '../../base/terminal.ts';
import { csvOf } from '../../console/explorer/csv.ts';
import { readSettings } from '../../contract/settings.ts';
import { capabilitiesOf, type Capabilities } from '../../terminal/capabilities.ts';
import { drawGraph, type Picture } from '../../terminal/graph.ts';
import { whyNothing } from '../../terminal/near.ts';
import { queryService } from '../../terminal/own-query.ts';
import { pause } from '../../terminal/pause.ts';
import type { QueryService } from '../../terminal/query.ts';
import { openScreen } from '../../terminal/screen.ts';
import { figuresOf } from '../../terminal/series.ts';
import { readTime, TIMES_IN_WORDS } from '../../terminal/times.ts';

/** As command-line/graph.ts reads them. */
export interface GraphCommandOptions {
  from: string;
  until: string;
  width?: number;
  height?: number;
  stack?: boolean;
  csv?: boolean;
  json?: boolean;
  ascii?: boolean;
  min?: number;
  max?: number;
  unit?: string;
  /** Seconds between two pictures; true where none were given. */
  watch?: number | true;
}

/** Lines of a picture where the terminal does not say otherwise. */
const HEIGHT = 15;
const LEAST_HEIGHT = 4;
const MOST_LEGEND = 20;
const WATCH_S = 10;

/** `dkm graph TARGET...`: series as a picture, as CSV or as JSON. 0: there is something, 1: there is nothing, or nobody tells. */
export async function graph(layout: Layout, targets: readonly string[], options: GraphCommandOptions): Promise<number> {
  refuseContradictions(options);
  const service = queryService(await readSettings(layout.settings), layout);
  if (options.watch !== undefined) return watch(service, targets, options, options.watch === true ? WATCH_S : options.watch);
  const picture = await look(service, targets, options);
  if (options.json === true) say(JSON.stringify(asJson(picture)));
  else if (options.csv === true) sayCsv(picture);
  else if (hasPoint(picture)) sayLines(draw(picture, options, capabilitiesOf(process.stdout, process.env)));
  return hasPoint(picture) ? EXIT.fine : tellWhy(service, targets);
}

function refuseContradictions({ csv, json, watch: seconds, min, max }: GraphCommandOptions): void {
  const refuse = (message: string): never => {
    throw new DkmError('usage', message);
  };
  if (csv === true && json === true) refuse('--csv and --json contradict each other: name one of them.');
  if (seconds !== undefined && (csv === true || json === true)) refuse('--watch draws; it does not go with --csv or --json.');
  if (min !== undefined && max !== undefined && min >= max) refuse(`--min must be less than --max; found ${min} and ${max}.`);
}

async function look(service: QueryService, targets: readonly string[], options: Pick<GraphCommandOptions, 'from' | 'until'>): Promise<Picture> {
  const nowMs = Date.now();
  const fromS = timeGiven('--from', options.from, nowMs);
  const untilS = timeGiven('--until', options.until, nowMs);
  if (untilS <= fromS) throw new DkmError('usage', `--from must be before --until: ${options.from} is not before ${options.until}.`);
  const series = await service.render(targets, fromS, untilS);
  // Graphite answers in whole steps, the first of which may lie before; a point stands for the time until the next one.
  return { series: series.map(({ name, points }) => ({ name, points: points.filter(([at]) => at >= fromS && at <= untilS) })), fromS, untilS };
}

function timeGiven(option: string, text: string, nowMs: number): number {
  const time = readTime(text, nowMs);
  if (time === undefined) throw new DkmError('usage', `${option}: expected ${TIMES_IN_WORDS}; found "${text}".`);
  return time;
}

function hasPoint({ series }: Picture): boolean {
  return series.some(({ points }) => points.some(([, value]) => value !== null));
}

/** How a picture is drawn for who reads it. */
function draw(picture: Picture, options: GraphCommandOptions, { width, height, colour, glyphs }: Capabilities): string[] {
  const count = picture.series.length;
  // Below the picture: its axis, the times, the period, the head of the legend; above it perhaps a title.
  const room = height === undefined ? Infinity : height - 5 - (count > 1 ? 1 : 0);
  const mostLegend = Math.min(count, room === Infinity ? count : MOST_LEGEND, Math.max(1, room - LEAST_HEIGHT - 1));
  const fits = room === Infinity ? HEIGHT : Math.max(LEAST_HEIGHT, Math.min(HEIGHT, room - mostLegend - (mostLegend < count ? 1 : 0)));
  return drawGraph(picture, {
    width: options.width ?? width,
    height: options.height ?? fits,
    colour,
    glyphs: options.ascii === true ? 'ascii' : glyphs,
    stack: options.stack === true,
    min: options.min,
    max: options.max,
    unit: options.unit,
    mostLegend,
  });
}

function sayLines(lines: readonly string[]): void {
  for (const line of lines) say(line);
}

function asJson({ series, fromS, untilS }: Picture): object {
  return {
    schema: 1,
    from: fromS,
    until: untilS,
    series: series.map(({ name, points }) => ({ target: name, figures: figuresOf(points), datapoints: points.map(([at, value]) => [value, at]) })),
  };
}

function sayCsv({ series }: Picture): void {
  const table = csvOf(series.map(({ name, points }) => ({ target: name, datapoints: points.map(([at, value]) => [value, at]) })));
  if (!table.ok) throw new DkmError('usage', table.message, { exitCode: EXIT.failed });
  process.stdout.write(table.text);
}

/** Says on standard error why there is nothing, and what there is near the names. */
async function tellWhy(service: QueryService, targets: readonly string[]): Promise<number> {
  for (const target of targets) sayAside(await whyNothing(service, target, Date.now()));
  return EXIT.failed;
}

/** Draws again and again until somebody has enough of it; on what is no terminal one picture below the other. */
async function watch(service: QueryService, targets: readonly string[], options: GraphCommandOptions, seconds: number): Promise<number> {
  if (!process.stdout.isTTY || !process.stdin.isTTY) return watchPlain(service, targets, options, seconds);
  let lines: () => string[] = () => ['…'];
  const screen = openScreen(process.stdin, process.stdout, {
    onKey: (key) => (key === 'q' || key === 'escape' ? screen.end(EXIT.fine) : undefined),
    onResize: () => show(),
  });
  const show = (): void => screen.show(lines().slice(0, screen.size().height));
  const again = async (): Promise<void> => {
    lines = await linesNow(service, targets, options, () => ({ ...capabilitiesOf(process.stdout, process.env), ...screen.size(), colour: hasColour() }));
    show();
  };
  return repeat(again, seconds, screen);
}

/** Does it at once and then every so many seconds; what it throws gives the terminal back first. */
async function repeat(work: () => Promise<void>, seconds: number, screen: { ended: Promise<number>; end: (code: number) => void }): Promise<number> {
  let code: number | undefined;
  let wake: () => void = () => undefined;
  void screen.ended.then((ended) => {
    code = ended;
    wake();
  });
  try {
    while (code === undefined) {
      await work();
      if (code === undefined) await pause(seconds * 1000, (stop) => (wake = stop));
    }
    return code;
  } finally {
    screen.end(EXIT.failed);
  }
}

async function linesNow(
  service: QueryService,
  targets: readonly string[],
  options: GraphCommandOptions,
  capabilities: () => Capabilities,
): Promise<() => string[]> {
  try {
    const picture = await look(service, targets, options);
    if (hasPoint(picture)) return () => draw(picture, options, capabilities());
    const reasons = await Promise.all(targets.map((target) => whyNothing(service, target, Date.now())));
    return () => reasons;
  } catch (error) {
    if (!(error instanceof DkmError) || error.code !== 'service-failed') throw error;
    return () => [error.message]; // it may come back while somebody looks
  }
}

async function watchPlain(service: QueryService, targets: readonly string[], options: GraphCommandOptions, seconds: number): Promise<number> {
  for (;;) {
    const lines = await linesNow(service, targets, options, () => capabilitiesOf(process.stdout, process.env));
    sayLines([...lines(), '']);
    await pause(seconds * 1000, () => undefined);
  }
}
