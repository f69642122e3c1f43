import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeRemoval, temporaryDirectory } from './temporary.ts';
import { eventually } from './wait.ts';

/** Why there is no tmux; undefined when there is. */
export const NO_TMUX = spawnSync('tmux', ['-V']).status === 0 ? undefined : 'tmux is not here (Debian package tmux), a terminal that programs can be tried in';

export interface Terminal {
  /** Types keys, by tmux's names: `q`, `C-c`, `Up`, `Enter`. */
  press: (...keys: string[]) => void;
  /** Types a line and Enter. */
  type: (line: string) => void;
  resize: (width: number, height: number) => void;
  /** The lines that are shown. */
  screen: () => string[];
  /** Waits until what is shown matches, and returns it. */
  shows: (pattern: RegExp) => Promise<string>;
  /** What tmux knows of the terminal: `alternate_on`, `cursor_flag`. */
  flag: (name: string) => string;
}

/** A terminal with a shell in it, in a tmux server of its own, which ends after the test. */
export async function openTerminal(width = 80, height = 24, env: NodeJS.ProcessEnv = {}): Promise<Terminal> {
  const socket = join(temporaryDirectory('dkm-tmux-'), 'socket');
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', TMUX: '', ...env },
      timeout: 30_000,
    });
  tmux('new-session', '-d', '-x', String(width), '-y', String(height), 'env', 'PS1=READY> ', 'bash', '--norc', '--noprofile', '-i');
  beforeRemoval(() => Promise.resolve(spawnSync('tmux', ['-S', socket, 'kill-server'])));
  const screen = (): string[] => tmux('capture-pane', '-p').split('\n').slice(0, -1);
  const terminal: Terminal = {
    press: (...keys) => void tmux('send-keys', ...keys),
    type: (line) => {
      tmux('send-keys', '-l', line);
      tmux('send-keys', 'Enter');
    },
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    screen,
    shows: (pattern) =>
      eventually(
        `the terminal shows ${pattern.source}`,
        () => {
          const text = screen().join('\n');
          return pattern.test(text) ? text : undefined;
        },
        60_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${screen().join('\n')}`, { cause: error });
      }),
    flag: (name) => tmux('display-message', '-p', `#{${name}}`).trim(),
  };
  await terminal.shows(/READY>/);
  return terminal;
}
