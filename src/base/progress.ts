import { bytesInWords, spanInWords } from './terminal.ts';

/*
 * Progress of several transfers at once, on standard error: on a terminal one live line for each that is under way,
 * elsewhere plain lines at the beginning, now and then, and at the end.
 */

/** One transfer, at one moment. */
export interface Transfer {
  name: string;
  doneBytes: number;
  totalBytes: number | undefined;
  startedMs: number;
  /** What was there already when it was continued; it does not count for the speed. */
  startBytes: number;
}

export interface Progress {
  /** Bytes that have come; the first call for a name begins its line. */
  update(name: string, doneBytes: number, totalBytes: number | undefined): void;
  /** It is there; `note` says more, such as where it was taken from. */
  finish(name: string, note?: string): void;
  /** It is not there; without a reason its line just goes. */
  fail(name: string, reason?: string): void;
  /** A line of its own, above the live ones. */
  note(line: string): void;
  /** Takes the live lines away. */
  close(): void;
}

/** The stream that progress is written to; process.stderr is one. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  stream?: ProgressStream;
  now?: () => number;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
/** A speed over less than this is a guess. */
const SPEED_AFTER_MS = 1_000;

/** Shows progress on a stream; standard error when left out. */
export function createProgress({ stream = process.stderr, now = () => performance.now() }: ProgressOptions = {}): Progress {
  const active = new Map<string, Transfer>();
  const display = stream.isTTY === true ? liveDisplay(stream, active, now) : plainDisplay(stream, now);
  return {
    update: (name, doneBytes, totalBytes) => {
      const known = active.get(name);
      const transfer = known ?? { name, doneBytes, totalBytes, startedMs: now(), startBytes: doneBytes };
      active.set(name, { ...transfer, doneBytes, totalBytes });
      display.moved({ ...transfer, doneBytes, totalBytes }, known === undefined);
    },
    finish: (name, note) => {
      const transfer = active.get(name);
      active.delete(name);
      display.line(finishedLine(name, transfer, now(), note));
    },
    fail: (name, reason) => {
      const wasShown = active.delete(name);
      if (reason !== undefined) display.line(`${name}: ${reason}`);
      else if (wasShown) display.line();
    },
    note: (line) => display.line(line),
    close: () => {
      active.clear();
      display.line();
    },
  };
}

interface Display {
  moved(transfer: Transfer, isNew: boolean): void;
  /** Prints a line for good; without one only brings the display up to date. */
  line(text?: string): void;
}

function liveDisplay(stream: ProgressStream, active: ReadonlyMap<string, Transfer>, now: () => number): Display {
  let shown = 0;
  let lastMs = -Infinity;
  const draw = (above: string): void => {
    const lines = [...active.values()].map((transfer) => `${transferLine(transfer, now(), (stream.columns ?? 80) - 1)}\n`);
    stream.write(`${shown === 0 ? '' : `\u001b[${shown}A\u001b[J`}${above}${lines.join('')}`);
    shown = lines.length;
    lastMs = now();
  };
  return {
    moved: (_, isNew) => {
      if (isNew || now() - lastMs >= REDRAW_MS) draw('');
    },
    line: (text) => {
      if (text !== undefined || shown > 0) draw(text === undefined ? '' : `${text}\n`);
    },
  };
}

function plainDisplay(stream: ProgressStream, now: () => number): Display {
  const lastMs = new Map<string, number>();
  return {
    moved: (transfer, isNew) => {
      const isComplete = transfer.doneBytes === transfer.totalBytes;
      if (isComplete || (!isNew && now() - (lastMs.get(transfer.name) ?? 0) < PLAIN_LINE_MS)) return;
      lastMs.set(transfer.name, now());
      stream.write(`${transferLine(transfer, now())}\n`);
    },
    line: (text) => {
      if (text !== undefined) stream.write(`${text}\n`);
    },
  };
}

/** Bytes per second so far; undefined while it is too early to tell. */
export function speedOf({ doneBytes, startBytes, startedMs }: Transfer, nowMs: number): number | undefined {
  const elapsedMs = nowMs - startedMs;
  return elapsedMs < SPEED_AFTER_MS || doneBytes <= startBytes ? undefined : ((doneBytes - startBytes) * 1000) / elapsedMs;
}

/** Seconds that are left at the present speed; undefined while it is too early to tell. */
export function secondsLeft(transfer: Transfer, nowMs: number): number | undefined {
  const speed = speedOf(transfer, nowMs);
  if (speed === undefined || transfer.totalBytes === undefined) return undefined;
  return Math.ceil((transfer.totalBytes - transfer.doneBytes) / speed);
}

/** `grafana.tar.gz  43 %  196 MiB of 457 MiB  12.1 MiB/s  22 s left`, cut to `width` columns. */
export function transferLine(transfer: Transfer, nowMs: number, width = Infinity): string {
  const { name, doneBytes, totalBytes } = transfer;
  const speed = speedOf(transfer, nowMs);
  const left = secondsLeft(transfer, nowMs);
  const facts = [
    totalBytes === undefined || totalBytes === 0 ? '' : `${String(Math.floor((doneBytes / totalBytes) * 100)).padStart(3)} %`,
    totalBytes === undefined ? bytesInWords(doneBytes) : `${bytesInWords(doneBytes)} of ${bytesInWords(totalBytes)}`,
    speed === undefined ? '' : `${bytesInWords(speed)}/s`,
    left === undefined ? '' : `${spanInWords(left)} left`,
  ].filter((fact) => fact !== '');
  const line = [name, ...facts].join('  ');
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** `grafana.tar.gz  457 MiB in 38 s (12.0 MiB/s)`. */
export function finishedLine(name: string, transfer: Transfer | undefined, nowMs: number, note?: string): string {
  const facts: string[] = [];
  if (transfer !== undefined) {
    const speed = speedOf(transfer, nowMs);
    const took = speed === undefined ? '' : ` in ${spanInWords((nowMs - transfer.startedMs) / 1000)} (${bytesInWords(speed)}/s)`;
    facts.push(`${bytesInWords(transfer.doneBytes)}${took}`);
  }
  if (note !== undefined) facts.push(note);
  return [name, ...facts].join('  ');
}
