import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';

/*
 * A terminal as a screen of our own, for what is shown again and again: the other buffer, no cursor, keys as they are
 * pressed. Whatever way out is taken (a key, a signal, an exception, being suspended), the terminal is as it was before.
 * Sequences: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Codes of exits by signals: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface ScreenEvents {
  /** A key: a character, or a name such as `up`, `page-down`, `escape`. */
  onKey: (key: string) => void;
  /** The terminal has another size, or was come back to: everything is to be drawn anew. */
  onResize: () => void;
}

export interface Screen {
  /** Shows these lines, from the top; they must fit. */
  show: (lines: readonly string[]) => void;
  /** Columns and rows at the moment. */
  size: () => { width: number; height: number };
  /** Gives the terminal back, and `ended` that exit code. */
  end: (exitCode: number) => void;
  /** Ends with an exit code when a signal, Ctrl-C or `end` asked for it. */
  ended: Promise<number>;
}

/** Takes the terminal. `input` and `output` must be one. */
export function openScreen(input: ReadStream, output: WriteStream & { fd: number }, { onKey, onResize }: ScreenEvents): Screen {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  let isTaken = false;
  let isEnded = false;

  const enter = (): void => {
    if (isTaken || isEnded) return;
    isTaken = true;
    input.setRawMode(true);
    output.write(ENTER);
  };
  /** At once, whatever waits to be written: the process may end right after. */
  const leave = (): void => {
    if (!isTaken) return;
    isTaken = false;
    try {
      input.setRawMode(false);
      writeSync(output.fd, LEAVE);
    } catch {
      // The terminal itself is gone: nobody is left to give it back to.
    }
  };
  const end = (exitCode: number): void => {
    if (isEnded) return;
    isEnded = true;
    leave();
    for (const [signal, handler] of handlers) process.off(signal, handler);
    process.off('exit', leave);
    process.off('uncaughtExceptionMonitor', leave);
    output.off('resize', onResize);
    input.off('data', take);
    input.pause();
    resolve(exitCode);
  };
  const suspend = (): void => {
    leave();
    process.off('SIGTSTP', suspend); // so that the next one does what it does by default
    process.kill(0, 'SIGTSTP');
    // Where nobody could wake us again (the first process of a terminal) the signal does nothing, and we go on.
    setTimeout(resume, 200);
  };
  const resume = (): void => {
    if (isEnded || isTaken) return;
    if (process.listenerCount('SIGTSTP') === 0) process.on('SIGTSTP', suspend);
    enter();
    onResize();
  };
  const take = (data: Buffer): void => {
    for (const key of keysIn(data.toString('utf8'))) {
      if (isEnded) return;
      if (key === 'ctrl-c') end(EXIT_CODES.SIGINT);
      else if (key === 'ctrl-z') suspend();
      else if (key === 'ctrl-l') onResize();
      else onKey(key);
    }
  };
  const handlers: [NodeJS.Signals, () => void][] = [
    ...Object.entries(EXIT_CODES).map(([signal, code]): [NodeJS.Signals, () => void] => [signal as NodeJS.Signals, () => end(code)]),
    ['SIGTSTP', suspend],
    ['SIGCONT', resume],
  ];

  for (const [signal, handler] of handlers) process.on(signal, handler);
  process.on('exit', leave);
  process.on('uncaughtExceptionMonitor', leave); // before what was thrown is printed
  output.on('resize', onResize);
  input.on('data', take);
  input.once('end', () => end(EXIT_CODES.SIGHUP));
  input.resume();
  enter();
  return {
    show(lines) {
      if (!isTaken) return;
      // Cleared before and not after: behind a full line the cursor still stands on its last character.
      const text = lines.map((line) => `${CLEAR_LINE}${line}`).join('\r\n');
      output.write(`${HOME}${text}${lines.length < output.rows ? `\r\n${CLEAR_BELOW}` : ''}`);
    },
    size: () => ({ width: output.columns > 0 ? output.columns : 80, height: output.rows > 0 ? output.rows : 24 }),
    end,
    ended,
  };
}

const NAMED: Record<string, string> = {
  '\u0003': 'ctrl-c',
  '\u000c': 'ctrl-l',
  '\u001a': 'ctrl-z',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\u001b[C': 'right',
  '\u001b[D': 'left',
  '\u001bOA': 'up',
  '\u001bOB': 'down',
  '\u001bOC': 'right',
  '\u001bOD': 'left',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\u001b[H': 'home',
  '\u001b[F': 'end',
  '\u001bOH': 'home',
  '\u001bOF': 'end',
  '\u001b[1~': 'home',
  '\u001b[4~': 'end',
  '\u0006': 'page-down',
  '\u0002': 'page-up',
};

/** The keys in what a terminal sent; sequences that mean nothing here are left out. Pure. */
export function keysIn(text: string): string[] {
  const pieces = text.match(/\u001b\[[0-?]*[ -/]*[@-~]|\u001bO.|\u001b(?!\[|O)|[^\u001b]/gu) ?? [];
  return pieces.flatMap((piece) => {
    const name = NAMED[piece];
    if (name !== undefined) return [name];
    return piece.length <= 2 && !/\p{Cc}/u.test(piece) ? [piece] : [];
  });
}
