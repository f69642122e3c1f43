import { describe, expect, it } from 'vitest';
import type { FoundNode } from '../../../../src/console/explorer/nodes.ts';
import { containing, wordsOf } from '../../../../src/console/explorer/patterns.ts';
import { MOST_FOUND, search, type FindNodes } from '../../../../src/console/explorer/search.ts';

const NAMES = [
  'collectd.org.example.web1.load.load.shortterm',
  'collectd.org.example.web1.disk.vda.disk_octets.read',
  'collectd.org.example.web1.disk.vda.disk_octets.write',
  'collectd.org.example.web2.load.load.shortterm',
  'dataiku.DSS.jobs.count',
  ...Array.from({ length: 300 }, (_, index) => `many.m${index}.value`),
];

/** Finds like Graphite: one expression per node, folders by what is below them. */
function findIn(names: readonly string[], asked: string[] = []): FindNodes {
  return (pattern) => {
    asked.push(pattern);
    const parts = pattern.split('.');
    const matches = parts.map((part) => new RegExp(`^${part.replaceAll('*', '.*').replaceAll('?', '.')}$`));
    const found = new Map<string, FoundNode>();
    for (const name of names) {
      const nodes = name.split('.');
      if (nodes.length < parts.length || !matches.every((match, index) => match.test(nodes[index]!))) continue;
      const path = nodes.slice(0, parts.length).join('.');
      const node = found.get(path) ?? { path, isMetric: false, isFolder: false };
      found.set(path, { path, isMetric: node.isMetric || nodes.length === parts.length, isFolder: node.isFolder || nodes.length > parts.length });
    }
    return Promise.resolve({ kind: 'found', answer: [...found.values()] });
  };
}

const run = async (text: string, find = findIn(NAMES), now: () => number = () => 0): Promise<{ paths: string[]; isCut: boolean; isLate: boolean }> => {
  const { nodes, isCut, isLate } = await search(wordsOf(text).words, find, now);
  return { paths: nodes.map(({ path }) => path).sort(), isCut, isLate };
};

describe('a search', () => {
  it.each([
    ['load', ['collectd.org.example.web1.load', 'collectd.org.example.web2.load']],
    ['LOAD', ['collectd.org.example.web1.load', 'collectd.org.example.web2.load']],
    ['dss', ['dataiku.DSS']],
    ['web1 load', ['collectd.org.example.web1.load']],
    ['web short', ['collectd.org.example.web1.load.load.shortterm', 'collectd.org.example.web2.load.load.shortterm']],
    ['load.shortterm', ['collectd.org.example.web1.load.load.shortterm', 'collectd.org.example.web2.load.load.shortterm']],
    ['disk octets', ['collectd.org.example.web1.disk.vda.disk_octets']],
    ['collectd web1 vda write', ['collectd.org.example.web1.disk.vda.disk_octets.write']],
    ['many m7 value', ['many.m7.value', ...Array.from({ length: 10 }, (_, digit) => `many.m7${digit}.value`)]],
    ['web?.load', ['collectd.org.example.web1.load', 'collectd.org.example.web2.load']],
    ['load web1', []],
    ['nothing', []],
    ['.count.', ['dataiku.DSS.jobs.count']],
  ])('for %j finds what has these words in this order', async (text, expected) => {
    expect(await run(text)).toEqual({ paths: expected.sort(), isCut: false, isLate: false });
  });

  it('says that there is more than it shows', async () => {
    const { paths, isCut } = await run('value');
    expect([paths.length, isCut]).toEqual([MOST_FOUND, true]);
  });

  it('looks into few folders one by one, and into many with a pattern', async () => {
    const asked: string[] = [];
    await run('web1 load', findIn(NAMES, asked));
    expect(asked).toContain('collectd.org.example.web1.*.*[lL][oO][aA][dD]*');
    asked.length = 0;
    await run('m value', findIn(NAMES, asked));
    expect(asked).toContain(`*.*[mM]*.${containing('value')}`);
    expect(asked.length).toBeLessThan(60);
  });

  it('ends when it takes too long, with what it has', async () => {
    let time = 0;
    const { paths, isLate } = await run('load', findIn(NAMES), () => (time += 3000));
    expect([paths, isLate]).toEqual([[], true]);
  });

  it('tells the failure of the query service', async () => {
    const failure = { kind: 'failed', status: 502, code: 'query-unreachable', message: 'It does not answer.' } as const;
    expect(
      await search(
        wordsOf('a').words,
        () => Promise.resolve(failure),
        () => 0,
      ),
    ).toMatchObject({ nodes: [], failure });
  });

  it('uses what came of an answer that was too large', async () => {
    const beginning = new TextEncoder().encode('{"metrics":[{"path":"a.load","name":"load","is_leaf":"1"},{"pa');
    const tooLarge = { kind: 'failed', status: 502, code: 'answer-too-large', message: '', beginning } as const;
    expect(await run('load', () => Promise.resolve(tooLarge))).toEqual({ paths: ['a.load'], isCut: true, isLate: false });
  });

  it('uses four words at most', () => {
    expect(wordsOf(' a  b.c d e f ')).toMatchObject({ isMore: true, words: [{ text: 'a' }, { text: 'b.c' }, { text: 'd' }, { text: 'e' }] });
  });
});
