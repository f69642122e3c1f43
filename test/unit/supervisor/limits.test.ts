import { run } from '../../../src/base/exec.ts';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { ServiceLimits } from '../../../src/contract/service.ts';
import { becomeService, LIMIT_NOT_GIVEN } from '../../../src/supervisor/become-service.ts';
import { hostLimits, limitFaults, lowestNice, refuseLimits } from '../../../src/supervisor/limits.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const HOST = { openFiles: 4096, lowestNice: 0, memoryBytes: 2 ** 30 };

describe('limits of conf/dkm.toml', () => {
  it.each([
    [{}, []],
    [{ openFiles: 4096, nice: 0, memoryBytes: 2 ** 30 }, []],
    [{ neededOpenFiles: 1_000_000 }, []],
    [{ openFiles: 4097 }, ['open_files: 4097 is more than the 4096 that this user may have open (see "ulimit -Hn")']],
    [{ nice: -1 }, ['nice: -1 takes root; this user may go down to 0']],
    [{ memoryBytes: 2 ** 31 }, ['memory_mib: 2048 is more than the 1.0 GiB that this machine has']],
  ] satisfies [ServiceLimits, string[]][])('%j', (limits, expected) => {
    expect(limitFaults(limits, HOST)).toEqual(expected);
  });

  it('are refused together, each with file and key', () => {
    const services = [
      { name: 'store', limits: { nice: -5, openFiles: 5000 } },
      { name: 'web', limits: { nice: -1 } },
    ];
    expect(() => refuseLimits(services, HOST, '/srv/conf/dkm.toml')).toThrow(
      /^\/srv\/conf\/dkm\.toml: services\.store\.open_files: 5000 .*\n\/srv\/conf\/dkm\.toml: services\.store\.nice: .*\n\/srv\/conf\/dkm\.toml: services\.web\.nice: /,
    );
  });

  it.each([
    ['root', true, 5, 0, -20],
    ['a user', false, 5, 0, 5],
    ['a user with RLIMIT_NICE', false, 5, 30, -10],
  ])('know how low %s may go', (_, isRoot, present, ceiling, expected) => {
    expect(lowestNice(isRoot, present, ceiling)).toBe(expected);
  });

  it('are those of this machine', async () => {
    const { stdout } = await run('/bin/sh', ['-c', 'ulimit -Hn']);
    expect(hostLimits().openFiles).toBe(stdout.trim() === 'unlimited' ? Infinity : Number(stdout));
    expect(hostLimits().memoryBytes).toBeGreaterThan(2 ** 20);
  });
});

describe('becomeService', () => {
  const tell = async (limits: ServiceLimits, before = ''): Promise<{ code: number | null; printed: string[] }> => {
    const outputFile = join(temporaryDirectory(), 'a "log" $x.log');
    const args = becomeService(
      { command: ['/bin/sh', '-c', 'echo $$; ulimit -Sn; ulimit -Hn; nice; echo "$1|$HIDDEN|"', 'sh', 'a  b'], outputFile, limits },
      'HIDDEN',
      getPriority(),
    );
    const shell = before === '' ? { command: '/bin/sh', args } : { command: '/bin/sh', args: ['-c', `${before}; exec /bin/sh "$@"`, 'sh', ...args] };
    const { code } = await run(shell.command, shell.args, { env: { ...process.env, HIDDEN: 'seen' } });
    return { code, printed: readFileSync(outputFile, 'utf8').trimEnd().split('\n') };
  };
  const nice = String(getPriority());

  it('gives what is said, and the arguments as they are', async () => {
    const { code, printed } = await tell({ openFiles: 200, nice: getPriority() + 3 });
    expect(code).toBe(0);
    expect(printed.slice(1)).toEqual(['200', '200', String(getPriority() + 3), 'a  b||']);
  });

  it.each([
    ['raises what is too low', 'ulimit -Sn 100; ulimit -Hn 400', 300, ['300', '400', nice]],
    ['takes the hard limit where that is lower, and says so', 'ulimit -Sn 100; ulimit -Hn 150', 300, ['150', '150', nice]],
    ['takes nothing away', 'ulimit -Sn 350; ulimit -Hn 400', 300, ['350', '400', nice]],
  ])('of what a manifest needs %s', async (_, before, neededOpenFiles, expected) => {
    const { printed } = await tell({ neededOpenFiles }, `ulimit -Sn 100; ${before}`);
    expect(printed.slice(-4, -1)).toEqual(expected);
    expect(printed.some((line) => line.includes('wants 300'))).toBe(expected[0] === '150');
  });

  it('does not start what it cannot give a limit', async () => {
    const beyondAnyKernel = 2_000_000_000; // fs.nr_open bounds root, too
    const { code, printed } = await tell({ openFiles: beyondAnyKernel });
    expect(code).toBe(LIMIT_NOT_GIVEN);
    expect(printed.at(-1)).toBe(`dkm: open_files = ${beyondAnyKernel} cannot be given`);
  });
});
