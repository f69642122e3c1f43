import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childrenOf } from '../../../src/supervisor/memory.ts';
import { fakeInstallation } from '../../helpers/fake-installation.ts';
import { NO_TMUX, openTerminal, type Terminal } from '../../helpers/tmux.ts';
import { eventually } from '../../helpers/wait.ts';
import { fakeStore, type FakeStore } from './fake-store.ts';

/*
 * dkm top and dkm graph --watch in a real terminal: what keys do, and that the terminal is as before whatever way out is
 * taken.
 */

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

interface Scene {
  terminal: Terminal;
  store: FakeStore;
  root: string;
}

async function running(command: string, until: RegExp, size: [width: number, height: number] = [80, 24]): Promise<Scene> {
  const { layout, port } = await fakeInstallation();
  const store = await fakeStore({ carbon: port + 1, query: port + 2 });
  for (let index = 0; index < 60; index += 1) {
    store.add(`collectd.org.example.host${index}.load.load.shortterm`, [index / 10]);
    store.add(`collectd.org.example.host${index}.cpu.0.cpu.idle`, [100 - index]);
  }
  const terminal = await openTerminal(...size);
  terminal.type(`dkm() { '${process.execPath}' '${MAIN}' dkm -d '${layout.root}' "$@"; }; clear`);
  terminal.type(command);
  await terminal.shows(until);
  return { terminal, store, root: layout.root };
}

/** The shell is back, and the terminal takes and shows lines as before. */
async function isRestored(terminal: Terminal): Promise<void> {
  await terminal.shows(/READY>\s*$/);
  expect([terminal.flag('alternate_on'), terminal.flag('cursor_flag'), terminal.flag('wrap_flag')]).toEqual(['0', '1', '1']);
  terminal.type('clear; stty -a | grep -oE -- "-?(icanon|echo|isig|icrnl) "');
  const settings = await terminal.shows(/icanon[^]*echo[^]*READY/);
  expect(settings).not.toMatch(/-(icanon|echo|isig|icrnl)/);
}

describe('dkm top in a terminal', () => {
  it('scrolls, sorts, helps and follows the terminal, and leaves it as it was', async ({ skip }) => {
    skip(NO_TMUX !== undefined, NO_TMUX);
    const { terminal } = await running('dkm top --every 1; echo "code $?"', /60 hosts.*1 to 16 shown/);
    expect(terminal.flag('alternate_on')).toBe('1');
    const first = terminal.screen();
    expect(first).toHaveLength(24);
    expect(first.at(-1)).toMatch(/^q quit/);
    expect(first.join('\n')).toMatch(/HOST.*LOAD.*AGE *\nhost59\.example\.org +5\.9/);

    terminal.press('Down', 'Down');
    await terminal.shows(/3 to 18 shown/);
    terminal.press('PageDown');
    await terminal.shows(/19 to 34 shown/);
    terminal.press('End');
    await terminal.shows(/45 to 60 shown/);
    terminal.press('Home', 's');
    await terminal.shows(/1 to 16 shown; by name\nHOST.*\nhost0\.example\.org/);
    terminal.press('r');
    await terminal.shows(/turned round\nHOST.*\nhost59\.example\.org/);
    terminal.press('h');
    await terminal.shows(/turn the order round/);
    terminal.press('h');
    await terminal.shows(/60 hosts/);
    terminal.resize(46, 12);
    await terminal.shows(/HOST +CPU +MEMORY +DISK +AGE\n/);
    await terminal.shows(/↑↓ scro…$/); // the last column is shown, too
    expect(Math.max(...terminal.screen().map((line) => line.length))).toBeLessThanOrEqual(46);
    terminal.resize(120, 40);
    await terminal.shows(/HOST +LOAD +CORES/);
    terminal.press('q');
    await terminal.shows(/code 0/);
    await isRestored(terminal);
  });

  it('is suspended and comes back', async ({ skip }) => {
    skip(NO_TMUX !== undefined, NO_TMUX);
    const { terminal } = await running('dkm top --every 1', /60 hosts/);
    for (let times = 0; times < 2; times += 1) {
      terminal.press('C-z');
      await terminal.shows(/Stopped/);
      await isRestored(terminal);
      terminal.type('fg');
      await terminal.shows(/q quit/);
      expect(terminal.flag('alternate_on')).toBe('1');
    }
    terminal.press('h'); // keys are taken again
    await terminal.shows(/turn the order round/);
    terminal.press('C-c');
    await isRestored(terminal);
  });

  it.for([
    ['Ctrl-C', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['an exception', 70],
  ] as const)('gives the terminal back after %s', async ([way, code], { skip }) => {
    skip(NO_TMUX !== undefined, NO_TMUX);
    const { terminal, root } = await running('dkm top --every 1; echo "code $?"', /60 hosts/);
    if (way === 'Ctrl-C') terminal.press('C-c');
    else if (way === 'an exception') makeUnreadable(root);
    else process.kill(pidOf(terminal), way);
    await terminal.shows(new RegExp(`code ${code}`));
    await isRestored(terminal);
    if (way === 'an exception') rmSync(join(root, 'run', 'status.json'), { recursive: true });
  });

  it('goes on when the query service does not answer for a while', async ({ skip }) => {
    skip(NO_TMUX !== undefined, NO_TMUX);
    const { terminal, store } = await running('dkm top --every 1', /60 hosts/);
    store.mode = 'fails';
    await terminal.shows(/status 500: "out of order"[^]*60 hosts/);
    store.mode = 'answers';
    await eventually('the failure is gone', () => !terminal.screen().join('\n').includes('status 500'));
    terminal.press('q');
    await isRestored(terminal);
  });
});

/** A directory in its place is what nobody reckons with. */
function makeUnreadable(root: string): void {
  mkdirSync(join(root, 'run', 'status.json'));
}

/** The process in the foreground of the terminal, below its shell. */
function pidOf(terminal: Terminal): number {
  const shell = Number(terminal.flag('pane_pid'));
  return childrenOf(shell)[0] ?? 0;
}

describe('dkm graph --watch in a terminal', () => {
  it('draws what is new, in the terminal it has, until q', async ({ skip }) => {
    skip(NO_TMUX !== undefined, NO_TMUX);
    const { terminal, store } = await running('dkm graph \'collectd.org.example.host1.load.*.*\' --watch 1; echo "code $?"', /host1\.load/);
    store.add('collectd.org.example.host1.load.load.longterm', [77.5]);
    await terminal.shows(/longterm +77\.5/);
    terminal.resize(60, 14);
    await eventually(
      'the picture has that width',
      () => terminal.screen().every((line) => line.length <= 60) && /longterm +77\.5/.test(terminal.screen().join('\n')),
    );
    store.mode = 'fails';
    await terminal.shows(/out of order/);
    terminal.press('q');
    await terminal.shows(/code 0/);
    await isRestored(terminal);
  });
});
