import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archivesOf, namesOf, nextStamp, readArchive, timeOf } from '../../../src/log-files/log-archives.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const STAMP = '20261121-044512-345';
const NEXT = '20261121-044512-346';

describe('namesOf', () => {
  it.each([
    ['nothing of others', ['store.log', 'store.logs.20261121-044512-345', 'web.log.20261121-044512-345', 'store.log.1', 'store.log.gz'], [], []],
    ['in order', [`store.log.${NEXT}`, `store.log.${STAMP}.gz`], [`${STAMP} gz`, NEXT], []],
    ['one that is there twice as compressed', [`store.log.${STAMP}.gz`, `store.log.${STAMP}`], [`${STAMP} gz`], []],
    ['what is under way', [`store.log.${STAMP}.part`, `store.log.${NEXT}.gz.part`], [], [`store.log.${STAMP}.part`, `store.log.${NEXT}.gz.part`]],
  ])('finds %s', (_, names, archives, unfinished) => {
    const found = namesOf('/logs/store.log', names);
    expect(found.archives.map(({ stamp, isCompressed }) => (isCompressed ? `${stamp} gz` : stamp))).toEqual(archives);
    expect(found.unfinished).toEqual(unfinished.map((name) => `/logs/${name}`));
  });
});

describe('stamps', () => {
  const now = Date.UTC(2026, 10, 21, 4, 45, 12, 345);

  it.each([
    ['the moment', undefined, STAMP],
    ['the moment after an earlier one', '20261120-000000-000', STAMP],
    ['later than one of the same millisecond', STAMP, NEXT],
    ['later than one of the future, when the clock was set back', '20270101-000000-999', '20270101-000001-000'],
  ])('are %s', (_, newest, expected) => {
    expect(nextStamp(now, newest)).toBe(expected);
  });

  it('tell their time', () => {
    expect(timeOf(STAMP)).toBe(now);
  });
});

describe('readArchive', () => {
  it('reads plain and compressed ones, and nothing where none is', () => {
    const log = join(temporaryDirectory(), 'a.log');
    writeFileSync(`${log}.${STAMP}.gz`, gzipSync('one\n'));
    writeFileSync(`${log}.${NEXT}`, 'two\n');
    expect(archivesOf(log).archives.map((archive) => readArchive(archive)?.toString())).toEqual(['one\n', 'two\n']);
    expect(readArchive({ path: `${log}.none`, stamp: STAMP, isCompressed: true })).toBeUndefined();
    expect(archivesOf('/nowhere/a.log').archives).toEqual([]);
  });
});
