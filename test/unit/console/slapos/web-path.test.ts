import { describe, expect, it } from 'vitest';
import { pathOf, webPath } from '../../../../src/console/slapos/web-path.ts';

describe('a path of an address', () => {
  it.each([
    ['/public//monitor.global.json', ['public', 'monitor.global.json'], false],
    ['//public///a/', ['public', 'a'], true],
    ['/private/a%20b/%C3%A9%25', ['private', 'a b', 'é%'], false],
    ['/', [], true],
    ['/public/...', ['public', '...'], false],
  ])('%j is %j', (path, names, isDirectory) => {
    expect(webPath(path)).toEqual({ names, isDirectory });
  });

  it.each([
    '/public/..',
    '/public/%2e%2e/private',
    '/public/.',
    '/public/a%2fb',
    '/public/a%5cb',
    '/public/%00',
    '/public/a%0d%0ab',
    '/public/%zz',
    '/public/%',
    '/public/%ff%fe',
    '/public/%c0%ae%c0%ae/x',
    `/public/${'a'.repeat(256)}`,
    `/${'a/'.repeat(65)}`,
  ])('%j names no file', (path) => {
    expect(webPath(path)).toBeUndefined();
  });

  it.each([
    [['public', 'a b', 'é?#%'], false, '/public/a%20b/%C3%A9%3F%23%25'],
    [['share'], true, '/share/'],
    [[], true, '/'],
  ])('of the names %j is written so that it is read back', (names, isDirectory, path) => {
    expect(pathOf(names, isDirectory)).toBe(path);
    expect(webPath(path)?.names).toEqual(names);
  });
});
