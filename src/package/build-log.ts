import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { lastLines } from '../base/exec.ts';

/** `build/build.log`: everything that the programs print which make-package runs. */
export interface BuildLog {
  path: string;
  write(text: string): void;
  /** The last lines of the present run. */
  tail(lines: number): string;
  close(): void;
}

/** As much of the log as is kept in memory for messages. */
const TAIL_CHARACTERS = 16_384;

/** Begins a new log; the one of the run before is replaced. */
export function openBuildLog(path: string): BuildLog {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  let end = '';
  let isOpen = true;
  return {
    path,
    write: (text) => {
      if (!isOpen) return; // a program that is being ended may still say something
      writeSync(file, text);
      end = (end + text).slice(-TAIL_CHARACTERS);
    },
    tail: (lines) => lastLines(end, lines),
    close: () => {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}
