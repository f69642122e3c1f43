import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/exec.ts';
import { listTree } from '../../../src/base/files.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { readHistory } from '../../../src/monitor/read.ts';
import { monitorTree } from '../../../src/monitor/tree.ts';
import { monitored, monitoredDirectory } from '../../helpers/monitored.ts';
import { monitorSpecOf, promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/* Whatever happens to the process or the disk: what is read is whole. */

/** Files below a directory that are no JSON though they should be. */
async function broken(root: string): Promise<string[]> {
  const files = (await listTree(root)).filter((name) => name.endsWith('.json') || name.endsWith('_promise_status') || name.includes('/cache/'));
  expect(files.length).toBeGreaterThan(5);
  return files.filter((name) => {
    try {
      JSON.parse(readFileSync(join(root, name), 'utf8'));
      return false;
    } catch {
      return true;
    }
  });
}

describe('kill -9', () => {
  it('in the middle of writes leaves whole files, and the next start goes on', async () => {
    const { root, monitor: tree } = monitoredDirectory();
    for (let round = 0; round < 8; round += 1) {
      const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'writer.ts'), root], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(writer, 'exit');
      let said = '';
      writer.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      await eventually('some rounds', () => said.includes(`round ${5 + round}\n`));
      await pause(Math.random() * 10); // somewhere in one
      writer.kill('SIGKILL');
      await ended;
      expect(await broken(tree)).toEqual([]);
    }
    const { monitor, layout, log } = await monitored([promiseSpecOf('promise-0')], {}, layoutOf(root));
    await monitor.end();
    expect(log).toEqual([]);
    expect((await listTree(tree)).filter((name) => /promise-[1-9]/.test(name))).toEqual([]);
    expect(readHistory(layout, 'promise-0').length).toBeGreaterThan(0);
  });
});

/** Takes what room there is. */
function fill(path: string): void {
  for (let size = 1_048_576; size >= 1024; size /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // it has no room for so much; perhaps for less
    }
  }
}

describe('a full disk', () => {
  it('leaves whole files, is told once, and what was missed is made up for', async ({ skip }) => {
    const disk = temporaryDirectory();
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).catch(() => ({ code: 1 }));
    skip(mounted.code !== 0, 'a small tmpfs cannot be mounted here: run the tests as root where mounting is allowed');
    beforeRemoval(() => run('umount', [disk]));
    const promises = Array.from({ length: 20 }, (_, index) => promiseSpecOf(`promise-${index}`));
    const { monitor, layout, log } = await monitored(promises, {}, monitoredDirectory(join(disk, 'install')));
    for (const spec of promises) await monitor.record(resultOf(spec));
    await monitor.configure(monitorSpecOf(), promises);
    const filler = join(disk, 'filler');
    fill(filler);
    for (let round = 0; round < 3; round += 1) {
      for (const spec of promises) await monitor.record(resultOf(spec, { state: 'failed', message: `${'x'.repeat(3000)} ${round}` }));
      await monitor.configure(monitorSpecOf(), promises);
      expect(await broken(layout.monitor)).toEqual([]);
    }
    const results = log.filter((line) => line.includes('results:'));
    expect(results, 'not one for each promise').toHaveLength(1);
    expect(results[0]).toContain('ENOSPC');
    rmSync(filler);
    for (const spec of promises) await monitor.record(resultOf(spec, { state: 'failed', message: 'at last' }));
    await monitor.end();
    expect(log).toContain('monitor: results: it works again');
    expect(promises.map(({ id }) => readHistory(layout, id).at(-1))).toEqual(
      promises.map(() => expect.objectContaining({ state: 'failed', message: 'at last' }) as unknown),
    );
  });
});

describe('damaged files', () => {
  it('are begun anew', async () => {
    const promises = ['one', 'two'].map((id) => promiseSpecOf(id));
    const first = await monitored(promises);
    for (const spec of promises) await first.monitor.record(resultOf(spec));
    await first.monitor.end();
    const tree = monitorTree(first.layout);
    for (const name of await listTree(tree.root)) {
      const path = join(tree.root, name);
      if (name.endsWith('.json') || name.endsWith('_promise_status') || name.endsWith('feed') || name.endsWith('feeds'))
        writeFileSync(path, readFileSync(path).subarray(0, 20));
    }
    const { monitor, layout, log } = await monitored(promises, {}, first.layout);
    for (const spec of promises) await monitor.record(resultOf(spec, { state: 'failed' }));
    await monitor.end();
    expect(log).toEqual([]);
    expect(await broken(tree.root)).toEqual([]);
    expect(readHistory(layout, 'one')).toMatchObject([{ state: 'failed' }]);
  });
});
