import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../src/base/layout.ts';
import { emailSender, type EmailSettings } from '../../../src/notify/channels/email.ts';
import type { Delivery } from '../../../src/notify/channels/sender.ts';
import { compose, composeTest } from '../../../src/notify/compose.ts';
import type { Message } from '../../../src/notify/message.ts';
import { MINUTE, Scene, spec } from '../../unit/notify/scene.ts';
import { installed } from './installed.ts';
import { MailServer } from './mail-server.ts';

const TEST = composeTest('mail', { host: 'box', link: '' }, 0);

function settings(port: number, more: Partial<EmailSettings> = {}): EmailSettings {
  return {
    host: '127.0.0.1',
    port,
    tls: 'none',
    from: 'dkm <dkm@example.org>',
    to: ['ops@example.org', 'boss@example.org'],
    verifyTls: true,
    timeoutMs: 3_000,
    ...more,
  };
}

async function delivered(own: EmailSettings, message: Message = TEST, layout: Layout = installed()): Promise<Delivery> {
  return emailSender(own, layout).deliver(message, new AbortController().signal);
}

/** Messages of a breakdown, with these words in it. */
function messages(message: string, runs = 'ffo'): Message[] {
  const scene = new Scene(spec({ reminderMs: MINUTE })).runs(runs, { message });
  return scene.decisions.flatMap(({ tellings }) => tellings.map((telling) => compose(telling, scene.spec, scene.nowMs)));
}

const certificate = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
});

function withCertificate(secrets: Record<string, string> = {}): Layout {
  const layout = installed(secrets);
  writeFileSync(join(layout.conf, 'ca.pem'), certificate.cert);
  return layout;
}

describe('a mail', () => {
  it('reaches all recipients as plain text, from a machine', async () => {
    const server = await new MailServer().here();
    const [message] = messages('Grüße, 100 % voll 🙈');
    expect(await delivered(settings(server.port), message)).toMatchObject({ ok: true, message: expect.stringMatching(/^250 /) as string });
    const [{ from, to, parsed, raw }] = server.mails as [MailServer['mails'][number]];
    expect([from, to]).toEqual(['dkm@example.org', ['ops@example.org', 'boss@example.org']]);
    expect(parsed.subject).toBe('[box] FAILED: Title of disk');
    expect(parsed.text).toContain('Grüße, 100 % voll 🙈');
    expect(parsed.html).toBeUndefined();
    expect(raw).toMatch(/^Auto-Submitted: auto-generated/im);
  });

  it('of a recovery and of a reminder belongs to the first', async () => {
    const server = await new MailServer().here();
    const all = messages('It is full.');
    for (const message of all) expect(await delivered(settings(server.port), message)).toMatchObject({ ok: true });
    const [first, ...later] = server.mails.map(({ parsed }) => parsed);
    expect(later.map(({ inReplyTo }) => inReplyTo)).toEqual([first?.messageId, first?.messageId]);
    expect(new Set(server.mails.map(({ parsed }) => parsed.messageId)).size).toBe(3);
  });

  it('has the same id when it is sent twice', async () => {
    const server = await new MailServer().here();
    for (let time = 0; time < 2; time += 1) await delivered(settings(server.port));
    expect(server.mails[0]?.parsed.messageId).toBe(server.mails[1]?.parsed.messageId);
  });

  it('has no header but ours, whatever a check says or a host is called', async () => {
    const server = await new MailServer().here();
    const inject = 'x\r\nBcc: evil@example.org\r\n\r\n.\r\nMAIL FROM:<evil@example.org>';
    const scene = new Scene(spec({}, { host: 'box\r\nX-Evil: 1' }));
    scene.run('failed', { message: inject, id: inject });
    const message = compose(scene.decisions[0]!.tellings[0]!, scene.spec, 0);
    expect(await delivered(settings(server.port), message)).toMatchObject({ ok: true });
    const [{ to, parsed }] = server.mails as [MailServer['mails'][number]];
    expect(server.mails).toHaveLength(1);
    expect(to).toEqual(['ops@example.org', 'boss@example.org']);
    expect(parsed.headers.map(({ key }) => key).filter((key) => /bcc|x-evil/.test(key))).toEqual([]);
    expect(parsed.subject).toContain('Bcc: evil@example.org');
  });
});

describe('a mail server', () => {
  it('is talked to through STARTTLS, and told the password only then', async () => {
    const layout = withCertificate({ password: 'geheim' });
    const seen: unknown[] = [];
    const onAuth: NonNullable<ConstructorParameters<typeof MailServer>[0]>['onAuth'] = (auth, session, done) => {
      seen.push([auth.username, auth.password, session.secure]);
      done(auth.password === 'geheim' ? null : new Error('Wrong password'), { user: auth.username });
    };
    const server = await new MailServer({ key: certificate.private, cert: certificate.cert, onAuth }).here();
    const own = settings(server.port, { tls: 'starttls', user: 'monitoring', passwordFile: 'password', caFile: 'ca.pem' });
    expect(await delivered(own, TEST, layout)).toMatchObject({ ok: true });
    expect(seen).toEqual([['monitoring', 'geheim', true]]);
    expect(server.mails[0]).toMatchObject({ isEncrypted: true, user: 'monitoring' });
    writeFileSync(join(layout.secrets, 'password'), 'falsch', { mode: 0o600 });
    const refused = await delivered(own, TEST, layout);
    expect(refused).toMatchObject({ ok: false, isPermanent: true });
    expect(refused.message).not.toContain('falsch');
  });

  it('is talked to through TLS from the start', async () => {
    const server = await new MailServer({ secure: true, key: certificate.private, cert: certificate.cert }).here();
    expect(await delivered(settings(server.port, { tls: 'smtps', caFile: 'ca.pem' }), TEST, withCertificate())).toMatchObject({ ok: true });
    expect(server.mails[0]).toMatchObject({ isEncrypted: true });
  });

  it('that has no STARTTLS, or a certificate nobody vouches for, gets nothing', async () => {
    const plain = await new MailServer({ disabledCommands: ['AUTH', 'STARTTLS'] }).here();
    const unknown = await new MailServer({ key: certificate.private, cert: certificate.cert }).here();
    for (const server of [plain, unknown]) {
      expect(await delivered(settings(server.port, { tls: 'starttls' }))).toMatchObject({ ok: false });
      expect(server.mails).toEqual([]);
    }
    expect(await delivered(settings(unknown.port, { tls: 'starttls', verifyTls: false }))).toMatchObject({ ok: true });
  });

  it.each([
    [451, false],
    [550, true],
  ])('that answers %d to everybody is tried again: not %s', async (responseCode, isPermanent) => {
    const server = await new MailServer({ onRcptTo: (_, __, done) => done(Object.assign(new Error('Not now'), { responseCode })) }).here();
    expect(await delivered(settings(server.port))).toMatchObject({ ok: false, isPermanent, message: expect.stringContaining('Not now') as string });
  });

  it('that refuses one of several is told of, and the others have it', async () => {
    const refuseBoss: NonNullable<ConstructorParameters<typeof MailServer>[0]>['onRcptTo'] = ({ address }, _, done) =>
      done(address.startsWith('boss') ? Object.assign(new Error('No such user'), { responseCode: 550 }) : null);
    const server = await new MailServer({ onRcptTo: refuseBoss }).here();
    expect(await delivered(settings(server.port))).toMatchObject({ ok: true, warning: 'refused for boss@example.org' });
    expect(server.mails.map(({ to }) => to)).toEqual([['ops@example.org']]);
  });

  it('that is not there, or says nothing, is tried again', async () => {
    const server = await new MailServer().here();
    const { port } = server;
    await server.away();
    expect(await delivered(settings(port))).toMatchObject({ ok: false, isPermanent: false });
    const silent = createServer((socket) => socket.on('error', () => undefined));
    const { promise, resolve } = Promise.withResolvers<void>();
    silent.listen(0, '127.0.0.1', resolve);
    await promise;
    expect(await delivered(settings((silent.address() as AddressInfo).port, { timeoutMs: 300 }))).toMatchObject({ ok: false, isPermanent: false });
    silent.close();
  });
});
