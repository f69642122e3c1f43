import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIDDEN, looksRandom, redactorOf } from '../../../src/redaction/redact-text.ts';
import { isSought } from '../../../src/redaction/secrets.ts';

const SECRET = 'Xq7-planted-0815';
const KEY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7';

describe('a redactor that knows nothing', () => {
  const { own, foreign } = redactorOf([]);

  it.each([
    ['a password in a URL', `GET https://admin:${SECRET}@example.org/x`],
    ['one with an @ in it', `amqp://guest:${SECRET}@@example.org/`],
    ['a header', `Authorization: Basic ${SECRET}`],
    ['a header in JSON', `{"Authorization": "Bearer ${SECRET}"}`],
    ['a cookie', `Set-Cookie: grafana_session=${SECRET}; Path=/`],
    ['an API key of a request', `X-Api-Key: ${SECRET}`],
    ['curl', `curl -H 'Authorization: Bearer ${SECRET}' http://127.0.0.1`],
    ['bearer alone', `sent Bearer ${SECRET}`],
    ['key = value', `db.password = ${SECRET} and more ${SECRET}`],
    ['key: value', `admin_password: "${SECRET}"`],
    ['JSON', `{"msg":"x","clientSecret":"${SECRET}"}`],
    ['an environment', `PGPASSWORD=${SECRET} psql`],
    ['an option', `mysql --password ${SECRET}`],
    ['an option with =', `mysql --password=${SECRET}`],
    ['a query', `GET /api?access_token=${SECRET}&x=1`],
    ['a private key', `-----BEGIN RSA PRIVATE KEY-----\n${KEY}${SECRET}\n-----END RSA PRIVATE KEY-----\nafter`],
    ['a private key without end', `-----BEGIN PRIVATE KEY-----\n${SECRET}\n`],
    ['a private key without beginning', `${KEY}\n${SECRET}\n-----END PRIVATE KEY-----\nafter`],
    ['a web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJYcTctcGxhbnRlZC0wODE1In0.c2lnbmF0dXJl'],
    ["Amazon's", 'id AKIAIOSFODNN7EXAMPLE'],
    ["Grafana's", 'glsa_HOruNAb7SOiCdshU7algkrq7F000_7a1b'],
  ])('hides %s', (_, text) => {
    for (const redact of [own, foreign]) {
      const redacted = redact(text);
      expect(redacted).toContain(HIDDEN);
      for (const secret of [SECRET, KEY, 'eyJzdWIi', 'AKIAIOSF', 'HOruNAb7']) expect(redacted).not.toContain(secret);
    }
  });

  it.each([
    ['a sentence', `the password is ${SECRET}`],
    ['a random word', 'using 7fQ9zKp2LmX4vR8tWb3N now'],
    ['a long hexadecimal number', `key ${'0a1b2c3d'.repeat(4)}`],
    ['colours in between', `pass\u001b[1mword=${SECRET}`],
    ['a very long line', `${'x'.repeat(5000)}${SECRET}`],
  ])('hides in the texts of others %s', (_, text) => {
    const redacted = foreign(text);
    for (const secret of [SECRET, '7fQ9zKp2', '0a1b2c3d']) expect(redacted).not.toContain(secret);
  });

  it.each([
    'plugin_load: plugin "write_graphite" successfully loaded.',
    'it ended (exit code 3): port 15001 is in use by another program',
    '/srv/dkm/versions/1.0.0/components/go-carbon/bin/go-carbon -config /srv/dkm/conf/go-carbon/go-carbon.toml',
    'collectd.org.example.host.df.root.df_complex.free',
    '2026-11-21T05:14:00.406Z supervisor 0.1.0 of /srv/dkm is ready, process 30363',
  ])('leaves alone: %s', (text) => {
    expect(own(text)).toBe(text);
    expect(foreign(text)).toBe(text);
  });
});

describe('a redactor that knows secrets', () => {
  it('takes the longer of two out first, and what only comes about by taking one out', () => {
    const { known, finds } = redactorOf(['abcd', 'abcdefgh']);
    expect(known('abcdefgh abcd')).toBe(`${HIDDEN} ${HIDDEN}`);
    const overlapping = redactorOf(['XYZW', 'ab[hidden]cd']).known('abXYZWcd');
    expect(overlapping).toBe(HIDDEN);
    expect(finds(Buffer.from('x abcd'))).toBe(true);
    expect(finds(Buffer.from('x abcd'), 5)).toBe(false);
  });

  const secret = fc.string({ minLength: 4, maxLength: 40 }).filter((text) => isSought(text) && isSought(text.trim()) && !HIDDEN.includes(text.trim()));
  const encoders: ((text: string) => string)[] = [
    (text) => text,
    (text) => JSON.stringify({ text }),
    (text) => encodeURIComponent(text),
    (text) => new URLSearchParams({ x: text }).toString(),
    (text) => Buffer.from(text).toString('hex'),
    (text) => Buffer.from(`user:${text}`).toString('base64'),
  ];

  it('leaves none of them in any text, whichever way it was written down', () => {
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 4 }),
        fc.string(),
        fc.string(),
        fc.constantFrom(...encoders),
        (secrets, before, after, encode) => {
          const redactor = redactorOf(secrets);
          const text = `${before}${secrets.map(encode).join(after)}${after}`;
          for (const redact of [redactor.known, redactor.own, redactor.foreign]) {
            const redacted = redact(text);
            expect(redactor.finds(Buffer.from(redacted))).toBe(false);
            for (const each of secrets) expect(redacted).not.toContain(each);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('looksRandom', () => {
  it.each([
    ['7fQ9zKp2LmX4vR8tWb3N', true],
    ['0123456789abcdef0123456789abcdef', true],
    ['b5c4943', false],
    ['thisIsAVeryLongCamelCaseNameOfSomething', false],
    ['write-generated-configuration-files', false],
    ['2026-11-21-05-14-00', false],
  ])('%s: %s', (text, expected) => expect(looksRandom(text)).toBe(expected));
});
