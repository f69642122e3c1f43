import { sayAside } from '../src/base/terminal.ts';

/** Tells how far an installation is: one line that is written over on a terminal, a line per phase elsewhere. */
export interface Progress {
  phase: (title: string) => void;
  /** How far the phase is, in words. */
  detail: (text: string) => void;
  end: () => void;
}

const SILENT: Progress = { phase: () => undefined, detail: () => undefined, end: () => undefined };
const REDRAW_MS = 80;

/** Progress on standard error; none when `silent`. */
export function progressOn(stream: NodeJS.WriteStream, silent: boolean): Progress {
  if (silent) return SILENT;
  return stream.isTTY ? onTerminal(stream) : { ...SILENT, phase: (title) => sayAside(title) };
}

function onTerminal(stream: NodeJS.WriteStream): Progress {
  let title = '';
  let drawnAt = -REDRAW_MS;
  const draw = (text: string): void => {
    stream.write(`\r\u001b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
  };
  return {
    phase: (next) => {
      title = next;
      draw(title);
    },
    detail: (text) => {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      draw(`${title}: ${text}`);
    },
    end: () => draw(''),
  };
}
