import { appendFileSync } from 'node:fs';

/** Appends lines to run/install.log: what was done, when, and what went wrong. No secret is ever handed to it. */
export interface InstallLog {
  add: (line: string) => void;
}

/** The log in this file, which is made when missing. */
export function installLog(path: string): InstallLog {
  return { add: (line) => appendFileSync(path, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 }) };
}

/** A log that says nothing more once it cannot be written: a full disk must not keep a change from being taken back. */
export function unfailingLog({ add }: InstallLog): InstallLog {
  let isWritable = true;
  return {
    add: (line) => {
      try {
        if (isWritable) add(line);
      } catch {
        isWritable = false;
      }
    },
  };
}
