import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../src/base/layout.ts';
import { senderFor } from '../../../src/notify/channels/all.ts';
import type { Delivery } from '../../../src/notify/channels/sender.ts';
import { compose } from '../../../src/notify/compose.ts';
import type { Message } from '../../../src/notify/message.ts';
import { eventually } from '../../helpers/wait.ts';
import { channel, Scene, spec } from '../../unit/notify/scene.ts';
import { installed } from './installed.ts';

function message(text: string): Message {
  const scene = new Scene(spec()).run('failed', { message: text, id: 'disk space' });
  return compose(scene.decisions[0]!.tellings[0]!, scene.spec, scene.nowMs);
}

async function delivered(
  layout: Layout,
  argv: string[],
  { text = 'It is full.', timeoutMs = 10_000, signal = new AbortController().signal } = {},
): Promise<Delivery> {
  const sender = await senderFor(channel({ settings: { argv, timeoutMs } }), layout);
  return sender.deliver(message(text), signal);
}

const shell = (script: string): string[] => ['/bin/sh', '-c', script];

describe('a command', () => {
  it('finds the message on standard input and in its environment, and nothing else of ours', async () => {
    const layout = installed();
    process.env['DKM_TEST_SECRET'] = 'secret';
    const outcome = await delivered(layout, shell('cat > stdin; env > environment; pwd > where; echo done'), { text: 'Ünïcode "\n$(id)\0' });
    delete process.env['DKM_TEST_SECRET'];
    expect(outcome).toEqual({ ok: true, message: 'exit code 0: done' });
    expect(JSON.parse(readFileSync(join(layout.root, 'stdin'), 'utf8'))).toEqual(message('Ünïcode "\n$(id)\0'));
    const environment = readFileSync(join(layout.root, 'environment'), 'utf8');
    for (const line of [
      'DKM_EVENT=failed',
      'DKM_PROMISE=disk space',
      'DKM_SEVERITY=critical',
      'DKM_HOST=box',
      'DKM_COUNT=1',
      'DKM_SUBJECT=[box] FAILED: Title of disk space',
    ]) {
      expect(environment.split('\n')).toContain(line);
    }
    expect(environment).toContain('Ünïcode "\n$(id)');
    expect(environment).not.toContain('secret');
    expect(readFileSync(join(layout.root, 'where'), 'utf8').trim()).toBe(layout.root);
  });

  it.each<[string, string[], Partial<Delivery>]>([
    ['fails', shell('echo "no line" >&2; exit 3'), { ok: false, isPermanent: false, message: 'exit code 3: no line' }],
    ['is ended', shell('kill -TERM $$'), { ok: false, isPermanent: false, message: 'signal SIGTERM' }],
    ['is not there', ['/nowhere/page'], { ok: false, isPermanent: true }],
    ['is no program', ['/etc/passwd'], { ok: false, isPermanent: true }],
    ['does not read its input', shell('exit 0'), { ok: true }],
    ['prints without an end', shell('yes | head -c 50000000; exit 1'), { ok: false, isPermanent: false }],
  ])('that %s', async (_, argv, expected) => {
    expect(await delivered(installed(), argv, { text: 'x'.repeat(200_000) })).toMatchObject(expected);
  });

  it('that takes too long is ended with its children', async () => {
    const layout = installed();
    const outcome = await delivered(layout, shell('sleep 300 & echo $! > child; wait'), { timeoutMs: 300 });
    expect(outcome).toMatchObject({ ok: false, isPermanent: false, message: 'it did not finish within 0.3 s and was ended' });
    const child = readFileSync(join(layout.root, 'child'), 'utf8').trim();
    await eventually('its child is gone', () => !existsSync(`/proc/${child}`) || readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z '));
  });

  it('is ended when dkm ends', async () => {
    const layout = installed();
    const ending = new AbortController();
    const outcome = delivered(layout, shell('touch begun; sleep 300'), { signal: ending.signal });
    await eventually('it has begun', () => existsSync(join(layout.root, 'begun')));
    ending.abort();
    expect(await outcome).toMatchObject({ ok: false, isPermanent: false });
  });

  it('is a script of one line, if that is enough', async () => {
    const layout = installed();
    writeFileSync(join(layout.root, 'tell'), '#!/bin/sh\nprintf "%s" "$DKM_SUBJECT" > told\n', { mode: 0o755 });
    expect(await delivered(layout, ['./tell'])).toMatchObject({ ok: true });
    expect(readFileSync(join(layout.root, 'told'), 'utf8')).toBe('[box] FAILED: Title of disk space');
  });
});
