import { createHmac } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../src/base/layout.ts';
import { senderFor } from '../../../src/notify/channels/all.ts';
import type { Delivery } from '../../../src/notify/channels/sender.ts';
import { composeTest } from '../../../src/notify/compose.ts';
import { installed, webhookTo } from './installed.ts';
import { Receiver, type Answer } from './receiver.ts';

const MESSAGE = composeTest('hook', { host: 'box', link: '' }, 1_781_092_800_000);

async function delivered(layout: Layout, url: string, settings: Record<string, unknown> = {}): Promise<Delivery> {
  const sender = await senderFor(webhookTo(url, settings), layout);
  return sender.deliver(MESSAGE, new AbortController().signal);
}

describe('a webhook', () => {
  it('is posted the message as JSON, with its headers, signed', async () => {
    const receiver = await new Receiver().here();
    const layout = installed({ token: 'Bearer abc', key: 'signing key' });
    const settings = { headers: { 'X-Team': 'ops' }, headerFiles: { Authorization: 'token' }, hmacFile: 'key' };
    expect(await delivered(layout, receiver.url, settings)).toEqual({ ok: true, message: 'HTTP 204' });
    const [{ method, headers, body }] = receiver.received as [Receiver['received'][number]];
    expect(method).toBe('POST');
    expect(JSON.parse(body)).toEqual(MESSAGE);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'ops', authorization: 'Bearer abc', 'x-dkm-message-id': MESSAGE.id });
    expect(headers['x-dkm-signature']).toBe(`sha256=${createHmac('sha256', 'signing key').update(body).digest('hex')}`);
  });

  it.each<[string, Answer, object]>([
    ['refuses for good', (response) => void response.writeHead(403).end('no such token'), { ok: false, isPermanent: true, message: 'HTTP 403: no such token' }],
    ['fails', (response) => void response.writeHead(503).end('later'), { ok: false, isPermanent: false, message: 'HTTP 503: later' }],
    ['is asked too much', (response) => void response.writeHead(429, { 'retry-after': '7' }).end(), { ok: false, isPermanent: false, retryAfterMs: 7_000 }],
    ['is too slow for itself', (response) => void response.writeHead(408).end(), { ok: false, isPermanent: false }],
    [
      'cuts its answer off after the status',
      (response) => void response.writeHead(200, { 'content-length': '100' }).write('ok', () => response.socket?.destroy()),
      { ok: true },
    ],
    ['hangs up without a word', (response) => void response.socket?.destroy(), { ok: false, isPermanent: false }],
    ['answers without an end', (response) => void response.writeHead(200).write('x'.repeat(100_000)), { ok: true }],
    ['says nothing', () => undefined, { ok: false, isPermanent: false }],
  ])('that %s', async (_, answer, expected) => {
    const receiver = await new Receiver().here();
    receiver.answer = answer;
    expect(await delivered(installed(), receiver.url, { timeoutMs: 400 })).toMatchObject(expected);
  });

  it('that is not there is tried again, and its secret address is told to nobody', async () => {
    const receiver = await new Receiver().here();
    await receiver.away();
    const outcome = await delivered(installed({ url: `${receiver.url}/very-secret` }), '', { url: undefined, urlFile: 'url' });
    expect(outcome).toMatchObject({ ok: false, isPermanent: false });
    expect(outcome.message).toContain('ECONNREFUSED');
    expect(outcome.message).not.toContain('very-secret');
  });

  it('that redirects to another host is not followed: what is sent is not for that one', async () => {
    const [receiver, other] = [await new Receiver().here(), await new Receiver().here()];
    receiver.answer = (response) => void response.writeHead(307, { location: other.url }).end();
    expect(await delivered(installed(), receiver.url)).toMatchObject({ ok: false, isPermanent: true });
    expect(other.received).toEqual([]);
  });

  it('that redirects within itself is followed, but not round and round', async () => {
    const receiver = await new Receiver().here();
    receiver.answer = (response, { path }) => void (path === '/hook' ? response.writeHead(308, { location: '/hook/' }) : response.writeHead(204)).end();
    expect(await delivered(installed(), receiver.url)).toMatchObject({ ok: true });
    expect(receiver.received.map(({ path, body }) => [path, body !== ''])).toEqual([['/hook', true], ['/hook/', true]]); // prettier-ignore
    receiver.answer = (response) => void response.writeHead(308, { location: '/hook' }).end();
    expect(await delivered(installed(), receiver.url)).toMatchObject({ ok: false, isPermanent: true });
    expect(receiver.received).toHaveLength(6);
  });

  it('with a certificate nobody vouches for is refused, unless it is given, or expressly not looked at', async () => {
    const pems = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const receiver = await new Receiver({ key: pems.private, cert: pems.cert }).here();
    const layout = installed();
    writeFileSync(join(layout.conf, 'ca.pem'), pems.cert);
    expect(await delivered(layout, receiver.url)).toMatchObject({ ok: false, isPermanent: false, message: expect.stringContaining('certificate') as string });
    expect(receiver.received).toEqual([]);
    expect(await delivered(layout, receiver.url, { caFile: 'ca.pem' })).toMatchObject({ ok: true });
    expect(await delivered(layout, receiver.url, { verifyTls: false })).toMatchObject({ ok: true });
    expect(await delivered(layout, receiver.url, { caFile: 'absent.pem' })).toMatchObject({ ok: false, isPermanent: true });
  });

  it('is reached through a proxy where there is one', async () => {
    const proxy = await new Receiver().here();
    const outcome = await delivered(installed(), 'http://receiver.invalid/hook', { proxy: new URL(proxy.url).origin });
    expect(outcome).toMatchObject({ ok: true });
    expect(proxy.received.map(({ path }) => path)).toEqual(['http://receiver.invalid/hook']);
  });

  it('whose secret everybody may read is not told', async () => {
    const receiver = await new Receiver().here();
    const layout = installed({ url: receiver.url });
    chmodSync(join(layout.secrets, 'url'), 0o644);
    expect(await delivered(layout, '', { url: undefined, urlFile: 'url' })).toMatchObject({ ok: false, isPermanent: true });
    expect(receiver.received).toEqual([]);
  });

  it('of a service is told at its own address, with its token where the service wants it', async () => {
    const receiver = await new Receiver().here();
    const layout = installed({ token: '12:ab' });
    const base = new URL(receiver.url).origin;
    for (const settings of [{ preset: 'telegram', chatId: '5' }, { preset: 'gotify' }, { preset: 'ntfy', topic: 't' }, { preset: 'pagerduty' }]) {
      expect(await delivered(layout, base, { ...settings, tokenFile: 'token' })).toMatchObject({ ok: true });
    }
    const [telegram, gotify, ntfy, pagerduty] = receiver.received;
    expect(telegram?.path).toBe('/bot12:ab/sendMessage');
    expect([gotify?.path, gotify?.headers['x-gotify-key']]).toEqual(['/message', '12:ab']);
    expect([ntfy?.path, ntfy?.headers.authorization]).toEqual(['/', 'Bearer 12:ab']);
    expect(JSON.parse(pagerduty?.body ?? '')).toMatchObject({ routing_key: '12:ab', event_action: 'trigger' });
  });
});
