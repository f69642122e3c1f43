import { describe, expect, it } from 'vitest';
import { nodesOf, nodesOfBeginning, sortNodes } from '../../../../src/console/explorer/nodes.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const metric = (path: string): object => ({ path, isMetric: true, isFolder: false });
const folder = (path: string): object => ({ path, isMetric: false, isFolder: true });

// As carbonapi 0.18 and graphite-web 1.1 answer /metrics/find?format=completer.
const CARBONAPI = '{"metrics":[{"path":"a.b.","name":"","is_leaf":"0"},{"path":"a.c","name":"c","is_leaf":"1"}]}\n';
const GRAPHITE_WEB = '{"metrics": [{"path": "a.b.", "name": "b", "is_leaf": "0"}, {"path": "a.c", "name": "c", "is_leaf": "1"}]}';

describe('names that were found', () => {
  it.each([
    ['carbonapi', CARBONAPI],
    ['graphite-web', GRAPHITE_WEB],
  ])('are read from %s', (_, text) => {
    expect(nodesOf(bytes(text))).toEqual([folder('a.b'), metric('a.c')]);
  });

  it('are one where a name is both a metric and a folder', () => {
    const text = '{"metrics":[{"path":"a.","is_leaf":"0"},{"path":"a","is_leaf":"1"},{"path":"a","is_leaf":"1"}]}';
    expect(nodesOf(bytes(text))).toEqual([{ path: 'a', isMetric: true, isFolder: true }]);
  });

  it.each([
    ['no JSON', '<html>', undefined],
    ['another answer', '{"results":[]}', undefined],
    ['null', 'null', undefined],
    ['odd entries', '{"metrics":[null,3,{"path":7},{"path":""},{"path":"..."},{"name":"*"}]}', []],
  ])('are not invented: %s', (_, text, expected) => {
    expect(nodesOf(bytes(text))).toEqual(expected);
  });

  it.each([10, 40, 57, 58, 60, 103, 104, GRAPHITE_WEB.length])('are those which are whole when an answer is cut off after %i characters', (length) => {
    const whole = [folder('a.b'), metric('a.c')].slice(0, length < 58 ? 0 : length < 104 ? 1 : 2);
    expect(nodesOfBeginning(bytes(GRAPHITE_WEB.slice(0, length)))).toEqual(whole);
  });

  it('may have braces and quotes in them', () => {
    const cut = '{"metrics":[{"path":"a{\\"b}","is_leaf":"1"},{"path":"c","is_le';
    expect(nodesOfBeginning(bytes(cut))).toEqual([metric('a{"b}')]);
  });

  it('are sorted as people count', () => {
    const paths = ['host10', 'host2', 'Host1'].map((path) => ({ path, isMetric: true, isFolder: false }));
    expect(sortNodes(paths).map(({ path }) => path)).toEqual(['Host1', 'host2', 'host10']);
  });
});
