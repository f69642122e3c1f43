import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run, runOrThrow, type Finished } from '../../../src/base/exec.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/*
 * The manual page: without a fault for the programs that show such pages, and with everything the command line has.
 */

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');
const dkm = (...args: string[]): Promise<string> => runOrThrow(process.execPath, [MAIN, 'dkm', ...args], { timeoutMs: 60_000 });
const isHere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

let source = '';
beforeAll(async () => {
  source = await dkm('man');
});

function file(): string {
  const path = join(temporaryDirectory(), 'dkm.1');
  writeFileSync(path, source);
  return path;
}

describe('the manual page', () => {
  it('has no fault that mandoc finds', async ({ skip }) => {
    skip(!isHere('mandoc'), 'mandoc is not here (Debian package mandoc)');
    expect(await run('mandoc', ['-T', 'lint', '-W', 'warning', file()])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('has no fault that groff warns of', async ({ skip }) => {
    skip(!isHere('groff'), 'groff is not here (Debian package groff)');
    const finished: Finished = await run('groff', ['-man', '-ww', '-Tutf8', file()]);
    expect({ code: finished.code, stderr: finished.stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('names every command and option that --help names', async ({ skip }) => {
    skip(!isHere('mandoc'), 'mandoc is not here (Debian package mandoc)');
    const shown = (await runOrThrow('mandoc', ['-T', 'ascii', '-O', 'width=400', file()])).replace(/.\u0008/g, '');
    const missing: string[] = [];
    let commands = 0;
    const look = async (...path: string[]): Promise<void> => {
      const help = await dkm(...path, '--help');
      const name = ['dkm', ...path].join(' ');
      const section = path.length === 0 ? shown : (shown.split(new RegExp(`^ {3}${name}$`, 'm'))[1]?.split(/^ {3}\S/m)[0] ?? '');
      if (section === '') missing.push(name);
      commands += 1;
      for (const [, flags = ''] of help.split('\nGlobal Options:')[0]!.matchAll(/^ {2}((?:-\w, )?--[\w-]+)/gm)) {
        if (!flags.includes('--help') && !section.includes(flags)) missing.push(`${name} ${flags}`);
      }
      const below = /\nCommands:\n([^]*?)(?:\n\n|$)/.exec(help)?.[1] ?? '';
      for (const [, command = ''] of below.matchAll(/^ {2}([a-z-]+)/gm)) if (command !== 'help') await look(...path, command);
    };
    await look();
    expect(missing).toEqual([]);
    expect(commands).toBeGreaterThan(40);
  });

  it.each(['EXIT STATUS', 'FILES', 'EXAMPLES', 'ENVIRONMENT', 'SEE ALSO'])('has a section %s', (section) => {
    expect(source).toMatch(new RegExp(`^\\.SH ${section}$`, 'm'));
  });

  it('is the same, whoever makes it', async () => {
    const env = { ...process.env, COLUMNS: '40', LC_ALL: 'C', TZ: 'Asia/Tokyo' };
    expect(await runOrThrow(process.execPath, [MAIN, 'dkm', 'man', '--source'], { env, timeoutMs: 60_000 })).toBe(source);
  });
});
