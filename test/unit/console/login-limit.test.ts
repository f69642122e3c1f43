import { describe, expect, it } from 'vitest';
import { addressGroup, createLoginLimit, FREE_FAILURES, MOST_AT_ONCE, waitAfter, type LoginLimit } from '../../../src/console/access/login-limit.ts';

const GUESSER = '192.0.2.7';
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** One wrong guess: 0, or how long it has to wait. */
function guess(limit: LoginLimit, address = GUESSER, account = 'admin', browser?: string): number {
  const attempt = limit.tryLogin(address, account, browser);
  if (!attempt.go) return attempt.waitMs;
  attempt.finish('wrong');
  return 0;
}

describe('wrong passwords', () => {
  it('make the next try wait longer and longer, up to a bound', () => {
    const waits = Array.from({ length: 25 }, (_, failures) => waitAfter(failures));
    expect(waits.slice(0, FREE_FAILURES)).toEqual(Array(FREE_FAILURES).fill(0));
    expect(waits.slice(FREE_FAILURES, FREE_FAILURES + 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(waits.at(-1)).toBe(15 * 60 * 1000);
  });

  it('lock their address out and no other', () => {
    const limit = createLoginLimit(() => 0);
    expect(Array.from({ length: FREE_FAILURES + 1 }, () => guess(limit))).toEqual([...Array<number>(FREE_FAILURES).fill(0), 1000]);
    expect(guess(limit, '192.0.2.8')).toBe(0);
  });

  it('say once for each wait that it has begun', () => {
    let now = 0;
    const limit = createLoginLimit(() => now);
    for (let failure = 0; failure < FREE_FAILURES; failure += 1) guess(limit);
    expect(limit.tryLogin(GUESSER, 'admin')).toMatchObject({ go: false, isNews: true });
    expect(limit.tryLogin(GUESSER, 'admin')).toMatchObject({ go: false, isNews: false });
    now += 1000;
    guess(limit);
    expect(limit.tryLogin(GUESSER, 'admin')).toMatchObject({ go: false, isNews: true });
  });

  it('are bounded when they come together', () => {
    const limit = createLoginLimit(() => 0);
    const attempts = Array.from({ length: 1000 }, () => limit.tryLogin(GUESSER, 'admin')).filter((attempt) => attempt.go);
    expect(attempts).toHaveLength(MOST_AT_ONCE);
    for (const attempt of attempts) if (attempt.go) attempt.finish('wrong');
    expect(guess(limit)).toBeGreaterThan(10_000);
  });

  it.each([
    ['one address', () => GUESSER, 130],
    ['ten thousand addresses', (index: number) => `10.0.${(index >> 8) & 255}.${index & 255}`, 1_500],
  ])('from %s leave few guesses of one account to a day of trying', (_, addressOf, most) => {
    let now = 0;
    const limit = createLoginLimit(() => now);
    let guesses = 0;
    for (let index = 0; now < DAY_MS; index += 1) {
      const wait = guess(limit, addressOf(index % 10_000));
      if (wait === 0) guesses += 1;
      now += Math.max(1, Math.min(wait, 1000));
    }
    expect(guesses).toBeLessThan(most);
  });

  it('do not lock out a browser that has logged in as this account before', () => {
    const limit = createLoginLimit(() => 0);
    for (let host = 0; host < 100; host += 1) guess(limit, `10.0.0.${host}`);
    expect(guess(limit, '192.0.2.8')).toBeGreaterThan(0);
    expect(guess(limit, '192.0.2.8', 'admin', 'a known one')).toBe(0);
    expect(guess(limit, '192.0.2.8', 'ada')).toBe(0);
  });

  it('are not forgotten by a try that nobody looked at', () => {
    const limit = createLoginLimit(() => 0);
    for (let index = 0; index < FREE_FAILURES - 1; index += 1) guess(limit);
    const attempt = limit.tryLogin(GUESSER, 'admin');
    if (attempt.go) attempt.finish('unknown');
    expect(guess(limit)).toBe(0);
    expect(guess(limit)).toBe(1000);
  });

  it('are forgotten after a success, and after an hour of peace', () => {
    let now = 0;
    const limit = createLoginLimit(() => now);
    const fail = (): void => void Array.from({ length: FREE_FAILURES - 1 }, () => guess(limit));
    fail();
    const attempt = limit.tryLogin(GUESSER, 'admin');
    if (attempt.go) attempt.finish('right');
    fail();
    expect(guess(limit)).toBe(0);
    now += HOUR_MS;
    fail();
    expect(guess(limit)).toBe(0);
    expect(guess(limit)).toBe(1000);
  });

  it('of very many addresses do not fill the memory: the oldest are forgotten', () => {
    const limit = createLoginLimit(() => 0);
    for (let failure = 0; failure < FREE_FAILURES; failure += 1) guess(limit, GUESSER, `a${failure}`);
    for (let host = 0; host < 10_000; host += 1) guess(limit, `10.0.${host >> 8}.${host & 255}`, `b${host}`);
    expect(guess(limit, GUESSER, 'ada')).toBe(0);
  });
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('counts %s as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
