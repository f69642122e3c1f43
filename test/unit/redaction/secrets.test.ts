import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formsOf, isSecretName, isSought } from '../../../src/redaction/secrets.ts';

describe('isSecretName', () => {
  it.each([
    'password',
    'admin_password',
    'PGPASSWORD',
    'passwd',
    'secret_key',
    'clientSecret',
    'api-key',
    'apikey',
    'token',
    'accessToken',
    'basic_auth',
    'Authorization',
    'cookie',
    'signing_key',
    'key',
    'AWS_SECRET_ACCESS_KEY',
    'dsn',
    'webhook_url',
    'private_key',
  ])('takes %s for one', (name) => expect(isSecretName(name)).toBe(true));

  it.each(['port', 'listen', 'password_file', 'session_secret_file', 'tokenPath', 'retentions', 'pattern', 'author', 'hostname', 'keepalive'])(
    'does not take %s for one',
    (name) => expect(isSecretName(name)).toBe(false),
  );
});

describe('isSought', () => {
  it.each([
    ['hunter2', true],
    ['1234', false],
    ['83920174', true],
    ['abc', false],
    ['admin', false],
    ['TRUE', false],
  ])('%s: %s', (value, sought) => expect(isSought(value)).toBe(sought));
});

describe('formsOf', () => {
  const SECRET = `p"a'ss/w%rd&<é>\\$`;

  it.each<[string, string]>([
    ['as it is', SECRET],
    ['JSON', JSON.stringify(SECRET)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET))],
    ['a part of a URL', `https://x:${encodeURIComponent(SECRET)}@example.org`],
    ['a form', new URLSearchParams({ x: SECRET }).toString()],
    ['hexadecimal', Buffer.from(SECRET).toString('hex')],
    ['base64', Buffer.from(SECRET).toString('base64')],
    ['base64url', Buffer.from(SECRET).toString('base64url')],
    ['HTTP basic authentication', Buffer.from(`admin:${SECRET}`).toString('base64')],
    ['in the middle of base64', Buffer.from(`ab${SECRET}cd`).toString('base64')],
    ['shell quotation', `'${SECRET.replaceAll("'", `'\\''`)}'`],
    ['HTML', `<b>p&quot;a&#39;ss/w%rd&amp;&lt;é&gt;\\$</b>`],
    ['every byte as in URLs', [...Buffer.from(SECRET)].map((byte) => `%${byte.toString(16)}`).join('')],
  ])('has it in %s', (_, text) => expect(formsOf(SECRET).some((form) => text.includes(form))).toBe(true));

  it('has base64 of any secret in any company', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 7, maxLength: 60, unit: 'binary' }),
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        (secret, before, after) => {
          fc.pre(secret.isWellFormed());
          const encoded = Buffer.concat([before, Buffer.from(secret), after]);
          return (['base64', 'base64url'] as const).every((encoding) => formsOf(secret).some((form) => encoded.toString(encoding).includes(form)));
        },
      ),
    );
  });
});
