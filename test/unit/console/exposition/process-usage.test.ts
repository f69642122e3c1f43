import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseStat, usageOf } from '../../../../src/console/exposition/process-usage.ts';
import { eventually } from '../../../helpers/wait.ts';

describe('a line of /proc/PID/stat', () => {
  it.each([
    ['123 (node) S 7 1 1 0 -1 0 0 0 0 0 10 20 3 4 20 0', { parent: 7, ticks: 37 }],
    ['123 (a) b) (c) S 7 1 1 0 -1 0 0 0 0 0 1 1 1 1 20 0', { parent: 7, ticks: 4 }],
    ['', undefined],
    ['123 (node', undefined],
    ['123 (node) S x', undefined],
  ])('%j', (line, entry) => {
    expect(parseStat(line)).toEqual(entry);
  });
});

it('counts a process with what it started; one that is gone is left out', async ({ skip }) => {
  skip(process.platform !== 'linux', 'only Linux has /proc');
  const child = spawn('/bin/sh', ['-c', 'sleep 60 & wait'], { stdio: 'ignore', detached: true });
  try {
    const both = await eventually('the child has a child', () => {
      const [alone, withUs] = [usageOf([child.pid!]).get(child.pid!), usageOf([process.pid]).get(process.pid)];
      return alone !== undefined && withUs !== undefined && alone.memoryBytes > 0 ? { alone, withUs } : undefined;
    });
    expect(both.withUs.memoryBytes).toBeGreaterThan(both.alone.memoryBytes);
    expect(both.withUs.cpuSeconds).toBeGreaterThan(0);
    expect([...usageOf([2 ** 30]).keys()]).toEqual([]);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
});
