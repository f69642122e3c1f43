import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../src/base/layout.ts';
import { parseNotifyStatus, type Channel, type NotifyStatus } from '../../../src/contract/notify.ts';
import { createNotifier, type Notifier } from '../../../src/notify/notifier.ts';
import { eventually } from '../../helpers/wait.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { channel, result, spec } from '../../unit/notify/scene.ts';
import { installed, webhookTo } from './installed.ts';
import { MailServer } from './mail-server.ts';
import { Receiver } from './receiver.ts';
import { bundledTeller, startTeller } from './telling-process.ts';

const QUICK = { firstMs: 30, longestMs: 300 };

const to = (...channels: Channel[]) => spec({}, { channels });

async function notifier(layout: Layout, ...channels: Channel[]): Promise<{ tell: Notifier; log: string[] }> {
  const log: string[] = [];
  const tell = createNotifier(layout, (line) => log.push(line), QUICK);
  beforeRemoval(() => tell.end());
  await tell.configure(to(...channels));
  return { tell, log };
}

const statusOf = (layout: Layout): NotifyStatus | undefined => parseNotifyStatus(readFileSync(join(layout.notify, 'status.json'), 'utf8'));
const spooled = (layout: Layout, name: string, folder = 'spool'): string[] => {
  const directory = join(layout.notify, folder, name);
  return existsSync(directory) ? readdirSync(directory) : [];
};
const eventsOf = (receiver: Receiver): string[] => receiver.messages.map(({ event, promises }) => `${event}:${promises.map(({ id }) => id).join(',')}`);

describe('telling', () => {
  it('neither reads, writes nor loads anything while there is nobody to tell', async () => {
    const layout = installed();
    const { tell } = await notifier(layout);
    tell.record(result('failed'));
    expect(existsSync(layout.notify)).toBe(false);
  });

  it('goes on through failures, in order, and says how it goes', async () => {
    const receiver = await new Receiver().here();
    receiver.answer = (response, _, count) => void response.writeHead(count <= 3 ? 500 : 204).end();
    const layout = installed();
    const { tell, log } = await notifier(layout, webhookTo(receiver.url));
    for (const id of ['a', 'b', 'c']) tell.record(result('failed', { id }));
    await eventually('all is told', () => receiver.received.length === 6);
    expect(eventsOf(receiver)).toEqual(['failed:a', 'failed:a', 'failed:a', 'failed:a', 'failed:b', 'failed:c']);
    expect(new Set(receiver.messages.map(({ id }) => id)).size).toBe(3);
    await eventually('the status says so', () => statusOf(layout)?.channels[0]?.waiting === 0);
    expect(statusOf(layout)?.channels[0]).toMatchObject({ name: 'hook', lastError: null, dropped: 0, nextAttemptMs: null });
    expect(log).toEqual(['channel hook: it cannot be reached and is tried again: HTTP 500', 'channel hook: it is reached again: HTTP 204']);
    expect(spooled(layout, 'hook')).toEqual([]);
  });

  it('to one channel is not delayed by another that is dead', async () => {
    const [silent, alive] = [await new Receiver().here(), await new Receiver().here()];
    silent.answer = () => undefined;
    const { tell } = await notifier(installed(), webhookTo(silent.url, { timeoutMs: 60_000 }), webhookTo(alive.url, {}, { name: 'alive' }));
    const begun = performance.now();
    for (const id of ['a', 'b', 'c']) tell.record(result('failed', { id }));
    await eventually('the living one is told', () => alive.received.length === 3);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(silent.received).toHaveLength(1);
  });

  it('waits as long as it is asked to', async () => {
    const receiver = await new Receiver().here();
    const times: number[] = [];
    receiver.answer = (response, _, count) => {
      times.push(performance.now());
      response.writeHead(count === 1 ? 429 : 204, { 'retry-after': '1' }).end();
    };
    const { tell } = await notifier(installed(), webhookTo(receiver.url));
    tell.record(result('failed'));
    await eventually('it is told', () => times.length === 2);
    expect(times[1]! - times[0]!).toBeGreaterThan(990);
  });

  it('gives up what is refused for good, keeps it to look at, and tries again once it is set up anew', async () => {
    const receiver = await new Receiver().here();
    receiver.answer = (response) => void response.writeHead(401).end('who are you?');
    const layout = installed();
    const { tell, log } = await notifier(layout, webhookTo(receiver.url));
    tell.record(result('failed', { id: 'a' }));
    await eventually('it is given up', () => statusOf(layout)?.channels[0]?.givenUp === 1);
    expect(statusOf(layout)?.channels[0]).toMatchObject({ waiting: 0, lastError: { isPermanent: true, message: 'HTTP 401: who are you?' } });
    expect(log).toEqual(['channel hook: a message was refused and is given up: HTTP 401: who are you?']);
    expect(spooled(layout, 'hook', 'given-up')).toHaveLength(1);
    receiver.answer = (response) => void response.writeHead(204).end();
    await tell.configure(to(webhookTo(receiver.url, { headers: { authorization: 'now' } })));
    await eventually('it is told', () => receiver.received.length === 2);
    expect(eventsOf(receiver)).toEqual(['failed:a', 'failed:a']);
    await eventually('the status says so', () => statusOf(layout)?.channels[0]?.givenUp === 0);
  });

  it('drops repetitions first when too many wait, and says how many', async () => {
    const receiver = await new Receiver().here();
    receiver.answer = (response) => void response.writeHead(503).end();
    const layout = installed();
    const log: string[] = [];
    const tell = createNotifier(layout, (line) => log.push(line), { firstMs: 200, longestMs: 200 });
    beforeRemoval(() => tell.end());
    await tell.configure(spec({ reminderMs: 1 }, { channels: [webhookTo(receiver.url)] }));
    tell.record(result('failed', { id: 'first' }));
    for (let number = 0; number < 520; number += 1) {
      if (number === 260) tell.record(result('failed', { id: 'middle' }));
      const begun = Date.now();
      while (Date.now() === begun) await nextTurn(); // a reminder is due a millisecond later
      tell.record(result('failed', { id: 'first' }));
    }
    await eventually('some were dropped', () => (statusOf(layout)?.channels[0]?.dropped ?? 0) > 0);
    await eventually('the rest waits', () => spooled(layout, 'hook').length === 500);
    receiver.answer = (response) => void response.writeHead(204).end();
    const before = receiver.received.length;
    await eventually('what was kept is told', () => spooled(layout, 'hook').length === 0);
    const told = receiver.messages.slice(before);
    expect(told.map(({ event, promises }) => (event === 'failed' ? promises[0]?.id : '')).filter((id) => id !== '')).toEqual(
      expect.arrayContaining(['middle']),
    );
    expect(told[0]?.dropped).toBeGreaterThan(0);
    expect(told[0]?.text).toMatch(/earlier messages? (was|were) dropped/);
    expect(told[1]?.dropped).toBe(0);
    expect(log.join('\n')).toContain('dropped: too many wait');
  });

  it('forgets what waited for a channel that is no more', async () => {
    const layout = installed();
    const { tell, log } = await notifier(layout, webhookTo('http://127.0.0.1:1/'));
    tell.record(result('failed'));
    await eventually('it waits', () => spooled(layout, 'hook').length === 1);
    await tell.configure(to(channel({ name: 'other' })));
    expect(existsSync(join(layout.notify, 'spool', 'hook'))).toBe(false);
    expect(log.join('\n')).toContain('1 messages that waited for it are dropped');
  });

  it.each(['', '{', '{"schema":1}', '\0\0\0'])('begins anew when its memory is %j', async (damaged) => {
    const receiver = await new Receiver().here();
    const layout = installed();
    mkdirSync(join(layout.notify, 'spool', 'hook'), { recursive: true });
    writeFileSync(join(layout.notify, 'memory.json'), damaged);
    writeFileSync(join(layout.notify, 'status.json'), damaged);
    writeFileSync(join(layout.notify, 'spool', 'hook', '000000000000001-abc.json'), damaged);
    writeFileSync(join(layout.notify, 'spool', 'hook', 'strange'), damaged);
    const { tell, log } = await notifier(layout, webhookTo(receiver.url));
    tell.record(result('failed'));
    await eventually('it is told', () => receiver.received.length === 1);
    expect(log.join('\n')).toContain('memory.json is damaged');
    expect(log.join('\n')).toContain('dropped: its file is damaged');
  });

  it('reaches people though nothing can be written, as when the disk is full', async () => {
    const receiver = await new Receiver().here();
    receiver.answer = (response, _, count) => void response.writeHead(count === 1 ? 500 : 204).end();
    const layout = installed();
    const { tell, log } = await notifier(layout, webhookTo(receiver.url));
    await eventually('it is set up', () => existsSync(join(layout.notify, 'status.json')));
    rmSync(layout.notify, { recursive: true });
    writeFileSync(layout.notify, 'no directory: nothing can be written below it'); // root, too, cannot
    tell.record(result('failed', { id: 'a' }));
    await eventually('it is told', () => receiver.received.length === 2);
    tell.record(result('ok', { id: 'a' }));
    await eventually('it is told', () => receiver.received.length === 3);
    expect(eventsOf(receiver)).toEqual(['failed:a', 'failed:a', 'recovered:a']);
    expect(log.join('\n')).toMatch(/messages cannot be written and are kept in memory/);
  });

  it('reaches people though nothing could be written from the start', async () => {
    const receiver = await new Receiver().here();
    const layout = installed();
    writeFileSync(layout.notify, 'no directory');
    const { tell, log } = await notifier(layout, webhookTo(receiver.url));
    tell.record(result('failed', { id: 'a' }));
    await eventually('it is told', () => receiver.received.length === 1);
    expect(log.join('\n')).toContain('cannot be used');
  });

  it('sends signs of life, and says when they do not arrive', async () => {
    const receiver = await new Receiver().here();
    const layout = installed({ beat: `${receiver.url}?key=secret` });
    const log: string[] = [];
    const tell = createNotifier(layout, (line) => log.push(line), QUICK);
    beforeRemoval(() => tell.end());
    const settings = { urlFile: 'beat', verifyTls: true };
    await tell.configure(spec({}, { channels: [], heartbeat: { intervalMs: 50, timeoutMs: 1_000, settings } }));
    await eventually('three signs', () => receiver.received.length >= 3);
    expect(receiver.received[0]).toMatchObject({ method: 'GET', path: '/hook?key=secret' });
    receiver.answer = (response) => void response.writeHead(500).end();
    await eventually('it is told', () => statusOf(layout)?.heartbeat?.lastError?.message === 'HTTP 500');
    await tell.end();
    const { length } = receiver.received;
    expect(statusOf(layout)?.heartbeat?.lastSuccessMs).toBeGreaterThan(0);
    expect(log).toEqual(['heartbeat: HTTP 500']);
    expect(receiver.received).toHaveLength(length);
  });

  it('tests channels at once, whatever the rules say', async () => {
    const [receiver, dead] = [await new Receiver().here(), await new Receiver().here()];
    await dead.away();
    const quiet = { quietHours: ['00:00-12:00', '12:00-24:00'], severities: ['critical'] };
    const { tell } = await notifier(installed(), webhookTo(receiver.url, {}, quiet), webhookTo(dead.url, {}, { name: 'dead' }));
    const tests = await tell.test();
    expect(tests).toMatchObject([{ channel: 'hook', ok: true }, { channel: 'dead', ok: false }]); // prettier-ignore
    expect(tests[0]?.message).toMatch(/^json webhook at 127\.0\.0\.1:\d+: HTTP 204$/);
    expect(receiver.messages[0]?.event).toBe('test');
    await expect(tell.test('nobody')).rejects.toThrow('There is no channel "nobody"');
  });
});

describe('a supervisor without WebAssembly, as it runs', () => {
  it('tells every kind of channel', async () => {
    const layout = installed();
    const [receiver, mails] = [await new Receiver().here(), await new MailServer().here()];
    const settings = { host: '127.0.0.1', port: mails.port, tls: 'starttls', from: 'a@example.org', to: ['b@example.org'], verifyTls: false, timeoutMs: 5_000 };
    const command = channel({ name: 'command', promises: ['{disk,load}*'], settings: { argv: ['sh', '-c', 'cat > told'], timeoutMs: 5_000 } });
    const own = to(webhookTo(receiver.url), channel({ name: 'mail', kind: 'email', settings }), command);
    const teller = await startTeller(layout, own, await bundledTeller(temporaryDirectory()));
    teller.tell('failed disk');
    await eventually('all are told', () => receiver.received.length === 1 && mails.mails.length === 1 && existsSync(join(layout.root, 'told')));
    await teller.end();
    expect(teller.said()).toContain('WebAssembly: false');
    expect(mails.mails[0]).toMatchObject({ isEncrypted: true });
  });
});

describe('a supervisor that is killed', () => {
  it('tells what was not delivered once it is back, to HTTP and mail receivers that were away, and nothing twice', async () => {
    const layout = installed();
    const [receiver, mails] = [await new Receiver().here(), await new MailServer().here()];
    await receiver.away();
    await mails.away();
    const settings = { host: '127.0.0.1', port: mails.port, tls: 'none', from: 'a@example.org', to: ['b@example.org'], verifyTls: true, timeoutMs: 2_000 };
    const own = to(webhookTo(receiver.url), channel({ name: 'mail', kind: 'email', settings }));
    const first = await startTeller(layout, own);
    first.tell('failed disk', 'failed load');
    await eventually('it waits', () => spooled(layout, 'hook').length === 2 && spooled(layout, 'mail').length === 2 && first.said().includes('ECONNREFUSED'));
    await eventually('it is remembered', () => readFileSync(join(layout.notify, 'memory.json'), 'utf8').includes('"load"'));
    await first.kill();
    await receiver.here();
    await mails.here();
    const second = await startTeller(layout, own);
    await eventually('all is told', () => receiver.received.length === 2 && mails.mails.length === 2);
    second.tell('failed disk', 'failed load', 'ok disk');
    await eventually('the recovery is told', () => receiver.received.length === 3 && mails.mails.length === 3);
    await second.end();
    expect(eventsOf(receiver)).toEqual(['failed:disk', 'failed:load', 'recovered:disk']);
    expect(mails.mails[2]?.parsed.inReplyTo).toBe(mails.mails[0]?.parsed.messageId);
  });

  it('at any moment tells everything, in order, and what it tells twice has the same id', async () => {
    const layout = installed();
    const receiver = await new Receiver().here();
    receiver.answer = (response, _, count) => void (count % 3 === 0 ? response.socket?.destroy() : response.writeHead(204).end());
    const own = to(webhookTo(receiver.url));
    for (let round = 0; round < 6; round += 1) {
      const teller = await startTeller(layout, own);
      teller.tell(...Array.from({ length: 5 }, (_, number) => `failed p${round}-${number}`), 'now');
      await eventually('it has begun', () => teller.said().includes('now\n'));
      // Killed after as many deliveries as the round says: before, within and after writing down.
      await eventually('some are told', () => receiver.received.length >= round * 3);
      await teller.kill();
    }
    const last = await startTeller(layout, own);
    last.tell(...Array.from({ length: 30 }, (_, number) => `failed p${Math.floor(number / 5)}-${number % 5}`));
    await eventually('all is told', () => new Set(receiver.messages.map(({ promises }) => promises[0]?.id)).size === 30);
    await eventually('nothing waits', () => spooled(layout, 'hook').length === 0);
    await last.end();
    const idsOf = new Map<string, Set<string>>();
    for (const { id, promises } of receiver.messages) {
      const { id: name = '', incident = '' } = promises[0] ?? {};
      const key = `${name} ${incident}`;
      idsOf.set(key, (idsOf.get(key) ?? new Set()).add(id));
    }
    expect([...idsOf.values()].filter((ids) => ids.size > 1)).toEqual([]);
  });
});
