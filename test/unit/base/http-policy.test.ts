import { expect, it } from 'vitest';
import * as policy from '../../../src/base/http-policy.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

it.each<[number, string | null, Partial<policy.Fault>]>([
  [404, null, { what: 'answered 404 Not Found', retries: 0 }],
  [403, null, { retries: 0 }],
  [500, null, { retries: 4 }],
  [503, '2', { retries: 4, retryAfterMs: 2000 }],
  [429, 'Thu, 01 Jan 2026 00:00:05 GMT', { retries: 4, retryAfterMs: 5000 }],
  [429, 'soon', { retries: 4 }],
  [429, '3600', { retries: 0, what: 'answered 429 Too Many Requests and asks to wait for 3600 s' }],
])('decides on status %i with Retry-After %s', (status, retryAfter, expected) => {
  expect(policy.faultOfStatus(status, retryAfter, NOW)).toMatchObject(expected);
});

it.each<[string, number, RegExp]>([
  ['ECONNRESET', 4, /connection broke/],
  ['ENOTFOUND', 1, /does not resolve/],
  ['EAI_AGAIN', 1, /does not resolve/],
  ['ECONNREFUSED', 1, /refused/],
  ['CERT_HAS_EXPIRED', 0, /certificate/],
  ['SELF_SIGNED_CERT_IN_CHAIN', 0, /certificate/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 0, /certificate/],
  ['ENOSPC', 0, /no space/],
])('decides on error %s', (code, retries, what) => {
  expect(policy.faultOfError(Object.assign(new Error('x'), { code }))).toMatchObject({ retries, what: expect.stringMatching(what) as string });
});

it('waits longer each time, up to a limit, and never the same', () => {
  expect([1, 2, 3, 10].map((failures) => policy.backoffMs(failures, 500, 0))).toEqual([250, 500, 1000, 7500]);
  expect([1, 2, 3, 10].map((failures) => policy.backoffMs(failures, 500, 1))).toEqual([500, 1000, 2000, 15_000]);
});

it.each<[string, string[], string | null, object]>([
  ['a relative one', ['https://a/x/y'], '../z', { to: 'https://a/z' }],
  ['one to https', ['http://a/'], 'https://a/', { to: 'https://a/' }],
  ['one from https to http', ['https://a/x'], 'http://a/x?token=1', { refused: 'redirects from https to unprotected http (http://a/x)' }],
  ['one back', ['http://a/', 'http://b/'], 'http://a/', { refused: 'redirects in a circle: http://a/ -> http://b/ -> http://a/' }],
  ['one to the same with another query', ['http://a/'], '/?again', { to: 'http://a/?again' }],
  ['one without an address', ['http://a/'], null, { refused: 'redirects to no valid address (no Location header)' }],
  ['one to no address', ['http://a/'], 'http://[', { refused: 'redirects to no valid address (http://[)' }],
  ['one to a data address', ['http://a/'], 'data:,x', { refused: 'redirects to data:, which is not fetched' }],
])('decides on redirects: %s', (_, trail, location, expected) => {
  expect(policy.redirectOf(trail, location)).toEqual(expected);
});

it('ends a long trail of redirects', () => {
  const trail = Array.from({ length: 21 }, (_, index) => `http://a/${index}`);
  expect(policy.redirectOf(trail.slice(0, 20), '/next')).toHaveProperty('to');
  expect(policy.redirectOf(trail, '/next')).toEqual({ refused: 'redirects more than 20 times, last to http://a/next' });
});

it('identifies content by a strong ETag, or by its date where there is none', () => {
  expect(policy.validatorOf('"a"', 'Thu')).toBe('"a"');
  expect(policy.validatorOf('W/"a"', 'Thu')).toBeUndefined();
  expect(policy.validatorOf(null, 'Thu')).toBe('Thu');
  expect(policy.validatorOf(null, null)).toBeUndefined();
});

it('reads Content-Range', () => {
  expect(policy.contentRangeOf('bytes 5-9/10')).toEqual({ start: 5, total: 10 });
  expect(policy.contentRangeOf('bytes 5-9/*')).toEqual({ start: 5, total: undefined });
  expect(policy.contentRangeOf('bytes */10')).toBeUndefined();
  expect(policy.contentRangeOf(null)).toBeUndefined();
});
