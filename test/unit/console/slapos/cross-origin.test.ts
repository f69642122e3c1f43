import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAllowedOrigin, isSlaposPath, readDomains } from '../../../../src/console/slapos/cross-origin.ts';
import { temporaryDirectory } from '../../../helpers/temporary.ts';

const DOMAINS = ['example.org', 'here.example:8443'];

it.each([
  ['https://example.org', true],
  ['http://example.org', true],
  ['https://monitor.app.example.org', true],
  ['https://example.org:8080', true],
  ['https://here.example:8443', true],
  ['https://a.here.example:8443', true],
  ['https://here.example', false],
  ['https://notexample.org', false],
  ['https://example.org.evil.example', false],
  ['https://example.org@evil.example', false],
  ['https://evil.example/example.org', false],
  ['https://example.org/', false],
  ['file://example.org', false],
  ['null', false],
  ['', false],
  [undefined, false],
])('the origin %j is let in: %j', (origin, isAllowed) => {
  expect(isAllowedOrigin(origin, DOMAINS)).toBe(isAllowed);
  expect(isAllowedOrigin(origin, [])).toBe(false);
});

it.each([
  ['/share', true],
  ['/share/private/a', true],
  ['/feeds', true],
  ['/monitor.haljson', true],
  ['/shared', false],
  ['/feedsx', false],
  ['/', false],
  ['/api/v1/status', false],
  ['/login', false],
])('%s belongs to the interface of SlapOS: %j', (path, belongs) => {
  expect(isSlaposPath(path)).toBe(belongs);
});

it('takes domains from the configuration and from the list of the tree', async () => {
  const monitor = temporaryDirectory();
  mkdirSync(monitor, { recursive: true });
  expect(await readDomains({ config: {}, layout: { monitor } })).toEqual([]);
  writeFileSync(join(monitor, 'cors-domains'), 'Listed.Example\n\n');
  expect(await readDomains({ config: { cors_domains: ['example.org'] }, layout: { monitor } })).toEqual(['example.org', 'listed.example']);
});
