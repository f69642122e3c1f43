import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, type Finished } from '../../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import type { ChannelTest } from '../../../src/contract/notify.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { installed } from './installed.ts';
import { Receiver } from './receiver.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

function dkm(layout: Layout, ...args: string[]): Promise<Finished> {
  return run(process.execPath, [MAIN, 'dkm', '-d', layout.root, ...args], { timeoutMs: 60_000 });
}

/** A supervisor without services, in a time zone of its own. */
async function supervised(layout: Layout): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'supervise', layout.root], { stdio: 'ignore', env: { ...process.env, TZ: 'Asia/Kathmandu' } });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  beforeRemoval(async () => {
    child.kill('SIGTERM');
    await gone;
  });
  await eventually('it listens', () => existsSync(join(layout.run, 'dkm.sock')), 30_000);
}

const CHANNELS = (url: string): string => `
[[channels]]
name = "command"
kind = "command"
command = ["sh", "-c", "echo $TZ $DKM_EVENT $DKM_HOST"]

[[channels]]
name = "hook"
kind = "webhook"
url = "${url}"
`;

describe('dkm notify', () => {
  it('tests channels by the file as it is, with and without a supervisor, and says what came back', async () => {
    const receiver = await new Receiver().here();
    const layout = layoutOf(installed().root);
    writeFileSync(layout.notifySettings, CHANNELS(receiver.url));
    const alone = await dkm(layout, 'notify', 'test');
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(alone.stdout).toMatch(/^command +sent +command sh: exit code 0: .*test box\.example\.org$/m);
    expect(alone.stdout).toMatch(/^hook +sent +json webhook at 127\.0\.0\.1:\d+: HTTP 204$/m);
    await supervised(layout);
    receiver.answer = (response) => void response.writeHead(500).end('broken');
    const asked = await dkm(layout, 'notify', 'test', '--json');
    expect(asked.code).toBe(1);
    const { channels } = JSON.parse(asked.stdout) as { channels: ChannelTest[] };
    expect(channels).toMatchObject([{ channel: 'command', ok: true }, { channel: 'hook', ok: false, message: expect.stringContaining('HTTP 500: broken') as string }]); // prettier-ignore
    expect(channels[0]?.message).toContain('Asia/Kathmandu'); // the supervisor's surroundings
    expect((await dkm(layout, 'notify', 'test', 'command')).code).toBe(0);
    expect(receiver.received).toHaveLength(2);
  });

  it('refuses a file with faults and a channel that there is not', async () => {
    const layout = installed();
    writeFileSync(layout.notifySettings, `${CHANNELS('http://127.0.0.1:1/')}speed = 1\n`);
    const faulty = await dkm(layout, 'notify', 'test');
    expect([faulty.code, faulty.stderr]).toEqual([1, expect.stringContaining('conf/notify.toml: channels[1].speed: unknown key')]);
    writeFileSync(layout.notifySettings, CHANNELS('http://127.0.0.1:1/'));
    const unknown = await dkm(layout, 'notify', 'test', 'nobody');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('The channels are command, hook.')]);
  });

  it('says how it goes', async () => {
    const layout = installed();
    expect(await dkm(layout, 'notify', 'status')).toMatchObject({ code: 0, stdout: expect.stringContaining('Nobody is told') as string });
  });
});
