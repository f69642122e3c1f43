import { describe, expect, it } from 'vitest';
import { addressGroup, createLoginLimit, FREE_FAILURES, waitAfter } from '../../../src/console/login-limit.ts';

const GUESSER = '192.0.2.7';

describe('wrong passwords', () => {
  it('make the next try wait longer and longer, up to a bound', () => {
    const waits = Array.from({ length: 20 }, (_, failures) => waitAfter(failures));
    expect(waits.slice(0, FREE_FAILURES)).toEqual([0, 0, 0]);
    expect(waits.slice(FREE_FAILURES, FREE_FAILURES + 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(waits.at(-1)).toBe(15 * 60 * 1000);
  });

  it('lock their address out and no other', () => {
    const limit = createLoginLimit(() => 0);
    const tries = Array.from({ length: FREE_FAILURES + 1 }, () => limit.tryLogin(GUESSER));
    expect(tries).toEqual([0, 0, 0, 1000]);
    expect(limit.tryLogin('192.0.2.8')).toBe(0);
  });

  it('are counted one by one even when they come together', () => {
    const limit = createLoginLimit(() => 0);
    const let_through = Array.from({ length: 1000 }, () => limit.tryLogin(GUESSER)).filter((wait) => wait === 0);
    expect(let_through).toHaveLength(FREE_FAILURES);
  });

  it('leave few guesses to a day of trying', () => {
    let now = 0;
    const limit = createLoginLimit(() => now);
    let guesses = 0;
    while (now < 86_400_000) {
      const wait = limit.tryLogin(GUESSER);
      if (wait === 0) guesses += 1;
      now += Math.max(1, wait);
    }
    expect(guesses).toBeLessThan(120);
  });

  it('are forgotten after a success, and after an hour of peace', () => {
    let now = 0;
    const limit = createLoginLimit(() => now);
    const fail = (): void => void Array.from({ length: FREE_FAILURES }, () => limit.tryLogin(GUESSER));
    fail();
    limit.succeeded(GUESSER);
    expect(limit.tryLogin(GUESSER)).toBe(0);
    limit.succeeded(GUESSER);
    fail();
    now += 60 * 60 * 1000;
    fail();
    expect(limit.tryLogin(GUESSER)).toBe(1000);
  });

  it('of very many addresses do not fill the memory: the oldest are forgotten', () => {
    const limit = createLoginLimit(() => 0);
    for (let failure = 0; failure < FREE_FAILURES; failure += 1) limit.tryLogin(GUESSER);
    for (let host = 0; host < 10_000; host += 1) limit.tryLogin(`10.0.${host >> 8}.${host & 255}`);
    expect(limit.tryLogin(GUESSER)).toBe(0);
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
