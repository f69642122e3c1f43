import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRetention, parseRetentions, retentionCost, ruleFor } from '../../../src/manifest/retention.ts';
import { lossesOf } from '../../../src/whisper/losses.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const FOLDER = join(import.meta.dirname, '../../../vendor-manifests');

/** Where Python finds the whisper package: what a test run was told, or the system's. */
const PYTHONPATH = process.env['DKM_TEST_WHISPER'] ?? '';
const hasWhisper = spawnSync('python3', ['-c', 'import whisper'], { env: { ...process.env, PYTHONPATH } }).status === 0;

describe('retentions', () => {
  it.each([
    ['60s:1d', [{ stepSeconds: 60, points: 1440 }]],
    ['10s:6h,1m:7d,10m:1y', [{ stepSeconds: 10, points: 2160 }, { stepSeconds: 60, points: 10_080 }, { stepSeconds: 600, points: 52_560 }]], // prettier-ignore
    ['1min:2w', [{ stepSeconds: 60, points: 20_160 }]],
    ['1m:1440', [{ stepSeconds: 60, points: 1440 }]],
  ])('%s', (text, archives) => {
    expect(parseRetentions(text)).toEqual(archives);
  });

  it.each(['', '10s', '10s:', 'x:1d', '10s:6h,', '0s:1d', '1d:10s'])('%j are refused', (text) => {
    expect(() => parseRetentions(text)).toThrow(/expected resolution:duration/);
  });

  it.each([
    ['60s:1d', 16 + 12 + 12 * 1440],
    ['10s:6h,1m:7d,10m:1y', 16 + 3 * 12 + 12 * (2160 + 10_080 + 52_560)],
  ])('%s cost %i bytes', (text, bytes) => {
    expect(retentionCost(text)).toBe(bytes);
  });

  it.skipIf(!hasWhisper)(
    'cost what whisper takes (skipped without the whisper package: pip install whisper, or name its folder in DKM_TEST_WHISPER)',
    async () => {
      const folder = temporaryDirectory();
      const { rule } = await loadRetention(FOLDER);
      for (const { name, retentions } of rule) {
        const path = join(folder, `${name}.wsp`);
        const script = 'import sys, whisper; whisper.create(sys.argv[1], [whisper.parseRetentionDef(part) for part in sys.argv[2].split(",")])';
        execFileSync('python3', ['-c', script, path, retentions], { env: { ...process.env, PYTHONPATH } });
        expect((await stat(path)).size).toBe(retentionCost(retentions));
      }
    },
  );
});

describe('_retention.toml', () => {
  it('keeps ten seconds for hours and a year in all', async () => {
    expect(ruleFor(await loadRetention(FOLDER), 'my.metric')).toMatchObject({ pattern: '.*', retentions: '10s:6h,1m:7d,10m:1y' });
  });

  // What 0.1.0 shipped before there were groups; installations have files that were made by it.
  const BEFORE = { self: '1m:7d,10m:1y', host: '10s:6h,1m:7d,10m:1y', dss: '10s:6h,1m:7d,10m:1y', default: '10s:6h,1m:7d,10m:1y' };

  it.each(Object.entries(BEFORE))('keeps at least as much of %s as before', async (name, before) => {
    const now = (await loadRetention(FOLDER)).rule.find((rule) => rule.name === name);
    expect(lossesOf(parseRetentions(before), parseRetentions(now?.retentions ?? ''))).toEqual([]);
    expect(lossesOf(parseRetentions(before), parseRetentions('10s:6h,1m:6d,10m:1y')), 'a day less is seen').toHaveLength(1);
  });

  it('loses nothing of what is sent less often than the finest resolution', async () => {
    const { aggregation } = await loadRetention(FOLDER);
    expect(aggregation.map(({ x_files_factor }) => x_files_factor)).toEqual(aggregation.map(() => 0));
  });

  it.each([
    ['a step that does not divide the next', '"10s:6h,1m:7d,10m:1y"', '"10s:6h,25s:7d"', 'rule[3].retentions: '],
    ['a finer archive that does not cover a step', '"10s:6h,1m:7d,10m:1y"', '"10s:30s,1m:7d"', 'rule[3].retentions: '],
    ['a last rule that leaves metrics out', "'.*'\nnote", "'^a'\nnote", 'rule: the last rule'],
    ['an unknown method', '"average"', '"mean"', 'aggregation[2].method: '],
    ['a pattern that is none', "'^(carbon|dkm)\\.'", "'('", 'rule[0].pattern: a regular expression'],
    ['a note of two lines', '"Everything else."', '"Everything\\nelse."', 'rule[3].note: one line'],
  ])('with %s is refused', async (_, from, to, message) => {
    const folder = join(temporaryDirectory(), 'm');
    await mkdir(folder);
    const text = await readFile(join(FOLDER, '_retention.toml'), 'utf8');
    expect(text).toContain(from);
    await writeFile(join(folder, '_retention.toml'), text.replace(from, to));
    await expect(loadRetention(folder)).rejects.toThrow(`_retention.toml: ${message}`);
  });
});
