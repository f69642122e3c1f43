import { describe, expect, it } from 'vitest';
import { createSessions, formToken, isSame, SESSION_MS } from '../../../src/console/session.ts';

const SECRETS = { secret: 'the secret of the sessions', password: 'open sesame' };

describe('a session', () => {
  it('is valid until it expires', () => {
    let now = 1_000_000;
    const sessions = createSessions(() => now);
    const cookie = sessions.start(SECRETS);
    now += SESSION_MS - 1;
    expect(sessions.isValid(cookie, SECRETS)).toBe(true);
    now += 1;
    expect(sessions.isValid(cookie, SECRETS)).toBe(false);
  });

  it('outlives the console: another one with the same secrets knows it', () => {
    expect(createSessions().isValid(createSessions().start(SECRETS), SECRETS)).toBe(true);
  });

  it('ends with the password and with the secret', () => {
    const sessions = createSessions();
    const cookie = sessions.start(SECRETS);
    expect(sessions.isValid(cookie, { ...SECRETS, password: 'another' })).toBe(false);
    expect(sessions.isValid(cookie, { ...SECRETS, secret: 'another' })).toBe(false);
  });

  it('ends by logging out, and no other one with it', () => {
    const sessions = createSessions();
    const [first, second] = [sessions.start(SECRETS), sessions.start(SECRETS)];
    sessions.end(first, SECRETS);
    expect([sessions.isValid(first, SECRETS), sessions.isValid(second, SECRETS)]).toEqual([false, true]);
  });

  it('cannot be made up or prolonged', () => {
    const sessions = createSessions();
    const [expiry = '', id = '', signature = ''] = sessions.start(SECRETS).split('.');
    const later = (Number.parseInt(expiry, 36) + 1).toString(36);
    const forged = [
      '',
      '.',
      '..',
      'a.b.c',
      `${later}.${id}.${signature}`,
      `${expiry}.other.${signature}`,
      `${expiry}.${id}.`,
      `${expiry}.${id}.${signature}.`,
      `${expiry}.${id}.${signature}x`,
    ];
    expect(forged.filter((cookie) => sessions.isValid(cookie, SECRETS))).toEqual([]);
  });
});

it('compares texts of any length', () => {
  expect([isSame('a', 'a'), isSame('a', 'b'), isSame('a', 'aa'), isSame('', '')]).toEqual([true, false, false, true]);
});

it('makes a form token that fits one cookie and one secret', () => {
  expect(new Set([formToken('a', 's'), formToken('b', 's'), formToken('a', 't')]).size).toBe(3);
});
