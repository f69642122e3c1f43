import { bytesInWords, spanInWords } from '../../base/terminal.ts';
import { writeValue } from '../../console/page/units.ts';
import type { Glyphs } from '../capabilities.ts';
import { STYLES, written, type Piece, type Style } from '../cells.ts';
import { harmless, inAscii, padded, shortened, widthOf, wrapped } from '../text.ts';
import { isSilent, loadPerCore, sortHosts, type HostFigures } from './hosts.ts';
import { TOP_SORTS, type TopSort } from './sorts.ts';

/*
 * What `dkm top` shows, as lines that fit the terminal.
 */

export interface TopService {
  name: string;
  role: string;
  state: string;
  health: string;
  reason: string;
  restarts: number;
  uptimeSeconds: number | null;
  memoryBytes: number | null;
}

export interface TopPromise {
  id: string;
  severity: string;
  message: string;
  sinceMs: number | null;
}

/** Everything that is shown. */
export interface TopPicture {
  /** Of this installation. */
  host: string;
  nowMs: number;
  /** False: no supervisor runs. */
  isWatched: boolean;
  services: readonly TopService[];
  warnings: readonly string[];
  broken: readonly TopPromise[];
  hosts: readonly HostFigures[];
  /** Why there is nothing new of hosts; undefined when there is. */
  fault?: string | undefined;
}

export interface TopView {
  width: number;
  /** Undefined: as many lines as there are. */
  height: number | undefined;
  colour: boolean;
  glyphs: Glyphs;
  sort: TopSort;
  isReversed: boolean;
  /** Hosts above the first one that is shown. */
  scrolled: number;
  isHelp: boolean;
  /** Seconds between two looks; undefined when there is only one. */
  everyS: number | undefined;
}

/** Lines that hosts have at least, with their head. */
const LEAST_HOST_LINES = 7;
/** An empty line, the title, the head of the table. */
const ABOVE_HOSTS = 3;

/** The lines of a frame; on a terminal exactly as many as it has. Pure, but for the time zone. */
export function topFrame(picture: TopPicture, view: TopView): string[] {
  const top = [headline(picture, view), ...warningLines(picture)];
  const { services, promises } = partLines(picture, view, top.length);
  const above = [...top, ...services, ...promises];
  const body = view.isHelp ? HELP.map((text): Piece[] => [{ text }]) : [...above.slice(top.length), ...hostLines(picture, view, hostRoom(view, above.length))];
  const all = [...top, ...body].slice(0, view.height === undefined ? undefined : Math.max(1, view.height - 1));
  if (view.height !== undefined) {
    while (all.length < view.height - 1) all.push([]);
    if (view.height > 1) all.push(keyLine(view));
  }
  return all.map((pieces) => fitted(pieces, view));
}

/** How many hosts have room, and how far it can be scrolled. Pure. */
export function scrollOf(picture: TopPicture, view: TopView): { page: number; most: number } {
  const top = 1 + warningLines(picture).length;
  const { services, promises } = partLines(picture, view, top);
  const page = hostRoom(view, top + services.length + promises.length) ?? picture.hosts.length;
  return { page, most: Math.max(0, picture.hosts.length - page) };
}

function fitted(pieces: readonly Piece[], { width, colour, glyphs }: TopView): string {
  const isAscii = glyphs === 'ascii';
  let left = width;
  const shown = pieces.map(({ text, style }) => {
    const known = isAscii ? inAscii(text) : text;
    const fitting = widthOf(known) <= left ? known : shortened(known, left, isAscii ? '~' : '…');
    left -= widthOf(fitting);
    return { text: fitting, ...(style !== undefined && { style }) };
  });
  const line = written(shown, colour);
  return colour ? line : line.trimEnd();
}

function headline({ host, nowMs, services, broken, isWatched }: TopPicture, { everyS }: TopView): Piece[] {
  const ill = services.filter((service) => !isWell(service)).length;
  const running = services.filter(({ state }) => state === 'RUNNING').length;
  const servicesInWords: Piece = !isWatched
    ? { text: running > 0 ? 'services run unwatched' : 'nothing is running', style: STYLES.yellow }
    : ill > 0
      ? { text: `${ill} of ${services.length} services not well`, style: STYLES.red }
      : { text: `${running} services well`, style: STYLES.green };
  const promises: Piece =
    broken.length > 0
      ? { text: `${broken.length === 1 ? '1 promise' : `${broken.length} promises`} not kept`, style: STYLES.red }
      : { text: 'promises kept', style: STYLES.green };
  const date = new Date(nowMs);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((number) => String(number).padStart(2, '0')).join(':');
  return [
    { text: harmless(host), style: STYLES.bold },
    { text: '  ' },
    servicesInWords,
    ...(isWatched ? [{ text: '  ' }, promises] : []),
    { text: `  ${clock}${everyS === undefined ? '' : `, every ${everyS} s`}` },
  ];
}

function isWell({ state, health, reason }: TopService): boolean {
  return state === 'RUNNING' ? health !== 'unhealthy' : state === 'STOPPED' && reason === '';
}

function warningLines({ warnings }: TopPicture): Piece[][] {
  return warnings.map((message) => [{ text: 'Warning: ', style: STYLES.yellow }, { text: harmless(message) }]);
}

/** Services and promises, shortened where the terminal is low: hosts need room, too. */
function partLines(picture: TopPicture, { height }: TopView, above: number): { services: Piece[][]; promises: Piece[][] } {
  const services = serviceLines(picture.services);
  const promises = promiseLines(picture.broken, picture.nowMs);
  if (height === undefined) return { services, promises };
  const forHosts = Math.min(LEAST_HOST_LINES, ABOVE_HOSTS + Math.max(1, picture.hosts.length));
  const room = Math.max(0, height - 1 - above - forHosts);
  const forServices = Math.max(0, Math.min(services.length, room - Math.min(promises.length, Math.max(0, Math.floor(room / 2)))));
  const forPromises = Math.max(0, Math.min(promises.length, room - forServices));
  return { services: limited(services, forServices), promises: limited(promises, forPromises) };
}

/** So many of the lines, the last of which says how many are missing. A head alone says nothing. */
function limited(lines: readonly Piece[][], room: number): Piece[][] {
  if (lines.length <= room) return [...lines];
  if (room < 3) return [];
  const kept = room - 1;
  return [...lines.slice(0, kept), [{ text: `  and ${lines.length - kept} more`, style: STYLES.grey }]];
}

const ILL_FIRST = (a: TopService, b: TopService): number => Number(isWell(a)) - Number(isWell(b));

function serviceLines(services: readonly TopService[]): Piece[][] {
  const names = Math.max(7, ...services.map(({ name }) => widthOf(name)));
  const head = [{ text: `${padded('SERVICE', names)}  STATE     HEALTH     MEMORY     UPTIME     RESTARTS`, style: STYLES.bold }];
  const rows = services.toSorted(ILL_FIRST).map((service): Piece[] => [
    { text: `${padded(harmless(service.name), names)}  ` },
    { text: padded(service.state, 8), style: STATE_STYLES[service.state] ?? STYLES.yellow },
    { text: '  ' },
    service.state === 'RUNNING'
      ? { text: padded(service.health, 9), style: service.health === 'healthy' ? STYLES.green : STYLES.red }
      : { text: padded('-', 9) },
    {
      text: `  ${padded(service.memoryBytes === null ? '-' : bytesInWords(service.memoryBytes), 9)}  ${padded(service.uptimeSeconds === null ? '-' : spanInWords(service.uptimeSeconds), 9)}  ${padded(String(service.restarts), 3)}`,
    },
    ...(service.reason === '' ? [] : [{ text: `  ${harmless(service.reason)}`, style: STYLES.yellow }]),
  ]);
  return [head, ...rows];
}

const STATE_STYLES: Record<string, Style> = { RUNNING: STYLES.green, STOPPED: STYLES.grey, FATAL: STYLES.red };

function promiseLines(broken: readonly TopPromise[], nowMs: number): Piece[][] {
  if (broken.length === 0) return [];
  const ids = Math.max(17, ...broken.map(({ id }) => Math.min(32, widthOf(id))));
  const sorted = broken.toSorted((a, b) => Number(a.severity !== 'critical') - Number(b.severity !== 'critical') || (a.sinceMs ?? 0) - (b.sinceMs ?? 0));
  const rows = sorted.map(({ id, severity, message, sinceMs }): Piece[] => [
    { text: padded(harmless(id), ids), style: severity === 'critical' ? STYLES.red : STYLES.yellow },
    { text: `  ${padded(sinceMs === null ? '-' : spanInWords((nowMs - sinceMs) / 1000), 9)}  ${harmless(message)}` },
  ]);
  return [[], [{ text: `${padded('PROMISE NOT KEPT', ids)}  SINCE      MESSAGE`, style: STYLES.bold }], ...rows];
}

interface Column {
  title: string;
  width: number;
  sort: TopSort;
  text: (host: HostFigures) => string;
  style: (host: HostFigures) => Style | undefined;
}

const level = (value: number | null, warn: number, bad: number): Style | undefined =>
  value === null ? undefined : value >= bad ? STYLES.red : value >= warn ? STYLES.yellow : undefined;
const number = (value: number | null, unit: string, decimals?: number): string => (value === null ? '-' : writeValue(value, unit, decimals));

/** From the one that is needed most to the one that is left out first. */
const COLUMNS: readonly Column[] = [
  { title: 'AGE', width: 6, sort: 'age', text: ageInWords, style: (host) => (isSilent(host) ? STYLES.red : undefined) },
  { title: 'CPU', width: 5, sort: 'cpu', text: ({ cpu }) => number(cpu, 'percent', 0), style: ({ cpu }) => level(cpu, 80, 95) },
  { title: 'MEMORY', width: 6, sort: 'memory', text: ({ memory }) => number(memory, 'percent', 0), style: ({ memory }) => level(memory, 85, 95) },
  { title: 'DISK', width: 5, sort: 'disk', text: ({ disk }) => number(disk, 'percent', 0), style: ({ disk }) => level(disk, 85, 95) },
  {
    title: 'LOAD',
    width: 6,
    sort: 'load',
    text: ({ load }) => number(load, 'none', load !== null && load < 100 ? 2 : 0),
    style: (host) => level(loadPerCore(host), 1, 2),
  },
  { title: 'NET IN', width: 9, sort: 'network', text: ({ received }) => number(received, 'Bps'), style: () => undefined },
  { title: 'NET OUT', width: 9, sort: 'network', text: ({ sent }) => number(sent, 'Bps'), style: () => undefined },
  { title: 'CORES', width: 5, sort: 'load', text: ({ cores }) => number(cores, 'none'), style: () => undefined },
];

/** The age in its largest unit, as there is little room. */
function ageInWords({ ageSeconds }: HostFigures): string {
  return ageSeconds === null ? '> 7 d' : spanInWords(ageSeconds).split(' ').slice(0, 2).join(' ');
}

/** In which order they are shown. */
const SHOWN_ORDER = ['LOAD', 'CORES', 'CPU', 'MEMORY', 'DISK', 'NET IN', 'NET OUT', 'AGE'];
const LEAST_NAME = 14;

function hostRoom({ height, isHelp }: TopView, above: number): number | undefined {
  if (height === undefined) return undefined;
  return isHelp ? 0 : Math.max(0, height - 1 - above - ABOVE_HOSTS);
}

function hostLines({ hosts, fault }: TopPicture, view: TopView, room: number | undefined): Piece[][] {
  const silent = hosts.filter(isSilent).length;
  const scrolled = room === undefined ? 0 : Math.max(0, Math.min(view.scrolled, hosts.length - room));
  const shown = sortHosts(hosts, view.sort, view.isReversed).slice(scrolled, room === undefined ? undefined : scrolled + room);
  const where = shown.length < hosts.length && shown.length > 0 ? `, ${scrolled + 1} to ${scrolled + shown.length} shown` : '';
  const title: Piece[] = [
    { text: hosts.length === 1 ? '1 host' : `${hosts.length} hosts`, style: STYLES.bold },
    ...(silent > 0 ? [{ text: ', ' }, { text: `${silent} silent`, style: STYLES.red }] : []),
    { text: `${where}; ${view.sort === 'worst' ? 'the worst first' : `by ${view.sort}`}${view.isReversed ? ', turned round' : ''}` },
  ];
  const failure: Piece[][] = fault === undefined ? [] : [[{ text: harmless(fault), style: STYLES.yellow }]];
  if (hosts.length === 0) {
    const why = fault === undefined ? 'No host has sent anything yet.' : harmless(fault);
    return [[], ...wrapped(why, view.width).map((text): Piece[] => [{ text, ...(fault !== undefined && { style: STYLES.yellow }) }])];
  }
  const longest = Math.max(4, ...hosts.map(({ name }) => widthOf(name)));
  const columns = columnsFor(view.width, Math.min(longest, LEAST_NAME));
  const names = Math.max(1, Math.min(longest, view.width - columns.reduce((sum, { width }) => sum + width + 2, 0)));
  const head = [
    { text: padded('HOST', names), style: view.sort === 'name' ? `${STYLES.bold};4` : STYLES.bold },
    ...columns.flatMap(({ title: text, width, sort }) => [
      { text: `  ${' '.repeat(Math.max(0, width - text.length))}`, style: STYLES.bold },
      { text, style: sort === view.sort ? `${STYLES.bold};4` : STYLES.bold },
    ]),
  ];
  const rows = shown.map((host) => [
    { text: padded(harmless(host.name), names), ...(isSilent(host) && { style: STYLES.red }) },
    ...columns.map(({ width, text, style }): Piece => {
      const wanted = style(host);
      return { text: `  ${padded(text(host), width, 'right')}`, ...(wanted !== undefined && { style: wanted }) };
    }),
  ]);
  // A failure takes the place of the empty line, so that as many hosts fit as before.
  return [...(fault === undefined ? [[]] : failure), title, head, ...rows];
}

/** The columns that fit beside a name, in the order in which they are shown. */
function columnsFor(width: number, name: number): Column[] {
  let left = width - name;
  const fitting: Column[] = [];
  for (const column of COLUMNS) {
    if (left < column.width + 2) break;
    left -= column.width + 2;
    fitting.push(column);
  }
  return fitting.sort((a, b) => SHOWN_ORDER.indexOf(a.title) - SHOWN_ORDER.indexOf(b.title));
}

function keyLine({ isHelp }: TopView): Piece[] {
  return [{ text: isHelp ? 'h back  q quit' : 'q quit  h help  s sort  r turn round  ↑↓ scroll', style: STYLES.grey }];
}

const HELP = [
  '',
  '  q, Esc, Ctrl-C       quit',
  '  h, ?                 this help, and back',
  '  ↑ ↓ j k              scroll through the hosts',
  '  Page Up, Page Down   by pages; Home, End: to the first, the last',
  `  s, ← →               sort by: ${TOP_SORTS.join(', ')}`,
  '  r                    turn the order round',
  '  + -                  look more, or less, often',
  '  space                look now',
  '',
  '  Yellow and red: CPU from 80 and 95 %, memory and disk from 85 and 95 %,',
  '  load from 1 and 2 for each core, hosts that sent nothing for 2 minutes.',
  '  DISK is the fullest file system; NET leaves the loopback out.',
];
