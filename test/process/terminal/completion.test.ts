import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, runOrThrow } from '../../../src/base/exec.ts';
import { fakeInstallation } from '../../helpers/fake-installation.ts';
import { NO_TMUX, openTerminal } from '../../helpers/tmux.ts';
import { fakeStore } from './fake-store.ts';

/*
 * What the shells themselves make of the completion scripts, with names of an installation.
 */

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const missing = (shell: Shell): string | undefined =>
  spawnSync(shell, ['-c', 'true']).status === 0 ? undefined : `${shell} is not here (Debian package ${shell})`;

interface Scene {
  folder: string;
  script: Record<Shell, string>;
  env: NodeJS.ProcessEnv;
  root: string;
}

/** A program `dkm` on the path, and its scripts. */
async function scene(): Promise<Scene> {
  const { layout, port } = await fakeInstallation();
  const store = await fakeStore({ carbon: port + 1, query: port + 2 });
  for (const name of ['web.load.shortterm', 'web.load.midterm', 'web.cpu', 'other']) store.add(`my.${name}`, [1]);
  const folder = join(layout.root, 'program');
  mkdirSync(folder);
  writeFileSync(join(folder, 'dkm'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' dkm "$@"\n`);
  chmodSync(join(folder, 'dkm'), 0o755);
  // Names come from the directory that is named in the line: this program belongs to no installation itself.
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
  const script = {} as Record<Shell, string>;
  for (const shell of SHELLS) {
    script[shell] = join(folder, shell === 'zsh' ? '_dkm' : `dkm.${shell}`);
    writeFileSync(script[shell], await runOrThrow(join(folder, 'dkm'), ['completion', shell]));
  }
  return { folder, script, env, root: layout.root };
}

/** A line up to the cursor, and what it may go on with. */
const CASES = (root: string): [line: string, expected: RegExp][] => [
  ['dkm ver', /^verify version$/],
  ['dkm promise ac', /^acknowledge$/],
  ['dkm console token add x --role ', /^operator reader$/],
  ['dkm top --sort n', /^name network$/],
  ['dkm graph --st', /^--stack$/],
  ['dkm completion ', /^bash fish zsh$/],
  [`dkm -d ${root} restart `, /^store web$/],
  [`dkm -d ${root} logs -n 5 s`, /^store supervisor$/],
  [`dkm --directory ${root} graph --from -1h my.web.`, /^my\.web\.cpu my\.web\.load\.$/],
  [`dkm -d ${root} metrics find my.web.load.s`, /^my\.web\.load\.shortterm$/],
  [`dkm -d ${root} promise show host-`, /^$/],
];

const words = (text: string): string =>
  text
    .split(/\s+/)
    .filter((word) => word !== '')
    .sort()
    .join(' ');

describe('completion', () => {
  it('of bash', async ({ skip }) => {
    const why = missing('bash');
    skip(why !== undefined, why);
    const { script, env, root } = await scene();
    const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dkm; printf '%s\\n' "\${COMPREPLY[@]}"`;
    for (const [line, expected] of CASES(root)) {
      const { stdout, stderr } = await run('bash', ['--norc', '-c', program, 'bash', script.bash, ...line.split(' ')], { env, timeoutMs: 60_000 });
      expect(`${words(stdout)}${stderr}`.split(' ').sort().join(' '), line).toMatch(sorted(expected));
    }
  });

  it('of fish', async ({ skip }) => {
    const why = missing('fish');
    skip(why !== undefined, why);
    const { script, env, root } = await scene();
    for (const [line, expected] of CASES(root)) {
      const { stdout, stderr } = await run('fish', ['--no-config', '-c', `source ${script.fish}; complete -C ${JSON.stringify(line)} | string split -f1 \\t`], {
        env,
        timeoutMs: 60_000,
      });
      expect(`${words(stdout)}${stderr}`, line).toMatch(sorted(expected));
    }
  });

  it('of zsh, in a terminal', async ({ skip }) => {
    const why = missing('zsh') ?? NO_TMUX;
    skip(why !== undefined, why);
    const { folder, env, root } = await scene();
    const terminal = await openTerminal(200, 30, env);
    writeFileSync(join(folder, '.zshrc'), 'PS1="ZSH> "; fpath=(~ $fpath); autoload -Uz compinit; compinit -u; bindkey "^I" complete-word; setopt no_beep\n');
    terminal.type(`clear; HOME='${folder}' PATH='${env['PATH'] ?? ''}' ZDOTDIR='${folder}' zsh -d -i`);
    await terminal.shows(/ZSH>/);
    for (const [typed, completed] of [
      ['dkm promise ackn', /dkm promise acknowledge/],
      ['dkm top --sort mem', /--sort memory/],
      ['dkm graph --sta', /graph --stack/],
      [`dkm -d ${root} restart w`, /restart web/],
      [`dkm -d ${root} logs -n 5 sup`, /-n 5 supervisor/],
      [`dkm -d ${root} graph my.web.l`, /graph my\.web\.load\./],
      [`dkm -d ${root} graph my.web.load.sho`, /graph my\.web\.load\.shortterm/],
    ] as const) {
      terminal.press('C-l');
      terminal.press('-l', typed);
      await terminal.shows(new RegExp(typed.slice(-20).replaceAll('.', '\\.')));
      terminal.press('Tab');
      await terminal.shows(completed);
      terminal.press('C-u');
    }
    terminal.press('-l', 'dkm console token ');
    terminal.press('Tab');
    await terminal.shows(/add +.*make a token[^]*revoke/);
  });

  it.each(SHELLS)('is a script without faults (%s)', async (shell) => {
    const { script, env } = await scene();
    if (missing(shell) === undefined) expect(await run(shell, ['-n', script[shell]], { env })).toMatchObject({ code: 0, stderr: '' });
  });

  it('has nothing to say where there is no installation, and prints no error', async () => {
    const { folder, root } = await scene();
    expect(await run(join(folder, 'dkm'), ['complete-names', 'service'])).toMatchObject({ code: 1, stdout: '', stderr: '' });
    expect(await run(join(folder, 'dkm'), ['-d', root, 'complete-names', 'nonsense', '-x'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

/** The same, with its words in the order in which they are compared. */
function sorted(expected: RegExp): RegExp {
  const alternatives = expected.source.slice(1, -1).split(' ').sort().join(' ');
  return new RegExp(`^${alternatives}$`);
}
