import { expect, it } from 'vitest';
import { isSameOrigin, type RequestOrigin } from '../../../src/console/access/origin.ts';

const NOTHING: RequestOrigin = { fetchSite: undefined, origin: undefined, host: 'monitor:16000' };

it.each<[string, Partial<RequestOrigin>, boolean]>([
  ['our own page, modern browser', { fetchSite: 'same-origin', origin: 'http://monitor:16000' }, true],
  ['our own page behind a proxy that changes the host', { fetchSite: 'same-origin', origin: 'https://public.example.org' }, true],
  ['another port of this machine', { fetchSite: 'same-site', origin: 'http://monitor:16000' }, false],
  ['another site', { fetchSite: 'cross-site', origin: 'http://evil.example' }, false],
  ['no page at all', { fetchSite: 'none' }, false],
  ['our own page on plain http', { origin: 'http://monitor:16000' }, true],
  ['the same, in capitals', { origin: 'http://monitor:16000', host: 'MONITOR:16000' }, true],
  ['another port on plain http', { origin: 'http://monitor:16001' }, false],
  ['another site on plain http', { origin: 'http://evil.example' }, false],
  ['a hidden origin', { origin: 'null' }, false],
  ['an origin that is no address', { origin: 'monitor:16000' }, false],
  ['nothing', {}, false],
  ['an origin without a host to compare', { origin: 'http://monitor:16000', host: undefined }, false],
])('%s', (_, change, expected) => {
  expect(isSameOrigin({ ...NOTHING, ...change })).toBe(expected);
});
