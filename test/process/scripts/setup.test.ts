import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/*
 * scripts/setup.mjs in a project of the test's own, with a PATH that holds only what the test puts there: nothing is
 * installed here, whoever runs this. (Without apt-get on the PATH it cannot install packages, as any user but root.)
 */

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'scripts', 'setup.mjs');
const STAMP = 'node_modules/.dkm-installed-for';

let root: string;
const file = (path: string): string => join(root, path);
const programs = (...names: string[]): void => names.forEach((name) => program(name, 'exit 0'));
const setup = (purpose: string, nodeOptions: string[] = []): Promise<Finished> =>
  run(process.execPath, [...nodeOptions, file('scripts/setup.mjs'), purpose], { env: { PATH: file('bin') }, timeoutMs: 60_000 });

function program(name: string, script: string): void {
  writeFileSync(file(`bin/${name}`), `#!/bin/sh\n${script}\n`);
  chmodSync(file(`bin/${name}`), 0o755);
}

beforeEach(() => {
  root = temporaryDirectory();
  for (const folder of ['bin', 'scripts', 'node_modules']) mkdirSync(file(folder));
  cpSync(SCRIPT, file('scripts/setup.mjs'));
  writeFileSync(file('package-lock.json'), '{}\n');
  program('npm', `echo "npm $*" >> '${file('npm-was-asked')}'`);
});

describe('setup.mjs', () => {
  it('installs the npm dependencies once for each lock file, and prints nothing when all is there', async () => {
    programs('python3', 'xz');
    const first = await setup('build');
    expect(first, first.stderr).toMatchObject({ code: 0, stdout: '', stderr: 'Installing our npm dependencies …\n' });
    expect(readFileSync(file('npm-was-asked'), 'utf8')).toMatch(/^npm ci --ignore-scripts/);
    rmSync(file('npm-was-asked'));
    expect(await setup('build')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(existsSync(file('npm-was-asked'))).toBe(false);
    writeFileSync(file('package-lock.json'), '{ "changed": true }\n');
    expect(await setup('build')).toMatchObject({ code: 0, stderr: expect.stringContaining('npm dependencies') as string });
    expect(existsSync(file('npm-was-asked'))).toBe(true);
  });

  it('tells that npm failed, and tries again the next time', async () => {
    programs('python3', 'xz');
    program('npm', 'echo "npm error network" >&2; exit 1');
    const failed = await setup('build');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/npm error network[\s\S]*npm ci failed.*npm ping/) as string });
    expect(existsSync(file(STAMP))).toBe(false);
  });

  it('prints the command for the packages that are missing, and fails', async () => {
    programs('xz');
    const { code, stdout, stderr } = await setup('build');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Missing: python3 (for ');
    expect(stderr).toMatch(/^Install it with: (sudo )?apt-get install -y --no-install-recommends python3 python3-pip$/m);
    expect(stderr).not.toContain('xz-utils');
    expect(stderr.includes('sudo apt-get')).toBe(process.getuid?.() !== 0);
  });

  it('tells a Python without pip from none', async () => {
    programs('xz');
    program('python3', '[ "$1" = --version ]');
    const { code, stderr } = await setup('build');
    expect(code).toBe(1);
    expect(stderr).toMatch(/apt-get install -y --no-install-recommends python3-pip$/m);
  });

  it('names what some tests can do without, and succeeds', async () => {
    programs('python3', 'xz', 'unshare');
    const { code, stderr } = await setup('test');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Missing: iproute2 (for the tests without a network).');
    expect(stderr).toMatch(/^Install it with: .*\biproute2\b/m);
  });

  it('fails when a test needs what is missing', async () => {
    programs('python3', 'xz');
    expect(await setup('test')).toMatchObject({ code: 1, stderr: expect.stringContaining('util-linux') as string });
  });

  it('refuses an old Node before it does anything', async () => {
    writeFileSync(file('old.mjs'), `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });\n`);
    const refused = await setup('build', ['--import', file('old.mjs')]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Node 18.20.4 is too old') as string });
    expect(existsSync(file('npm-was-asked'))).toBe(false);
  });
});
