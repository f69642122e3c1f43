import { describe, expect, it } from 'vitest';
import type { LevelAnswer } from '../../../../src/console/answers.ts';
import { folderOf, loadStretch, newLevel, placeOf, rowAt, rowCount, STRETCH, type Level } from '../../../../src/console/page/explorer-levels.ts';

const TOTAL = 100_000;
const answer = (path: string): Promise<LevelAnswer> => {
  const params = new URLSearchParams(path.slice(path.indexOf('?')));
  const [parent, offset] = [params.get('parent') ?? '', Number(params.get('offset'))];
  const total = parent === '' ? TOTAL : 3;
  const nodes = Array.from({ length: Math.min(STRETCH, total - offset) }, (_, index) => {
    const name = `n${offset + index}`;
    return { path: parent === '' ? name : `${parent}.${name}`, name, isMetric: false, isFolder: true };
  });
  return Promise.resolve({ parent, filter: '', offset, total, nodes });
};

async function opened(level: Level, index: number): Promise<Level> {
  await loadStretch(level, Math.floor(index / STRETCH), answer);
  const below = newLevel(rowAt(level, placeOf(level, level, index)!).node!.path, level.depth + 1);
  level.open.set(index, below);
  await loadStretch(below, 0, answer);
  return below;
}

describe('the open tree', () => {
  it('knows every row of 100,000 and of what is open in between', async () => {
    const root = newLevel('', 1);
    await opened(root, 50_000);
    const below = await opened(root, 2);
    const inner = await opened(below, 1);
    expect(rowCount(root)).toBe(TOTAL + 9);
    const names = await Promise.all(
      [0, 2, 3, 4, 5, 7, 8, 9, 50_006, 50_007, 50_009, 50_010].map(async (place) => {
        const { level, index } = rowAt(root, place);
        await loadStretch(level, Math.floor(index / STRETCH), answer);
        return rowAt(root, place).node?.path;
      }),
    );
    expect(names).toEqual(['n0', 'n2', 'n2.n0', 'n2.n1', 'n2.n1.n0', 'n2.n1.n2', 'n2.n2', 'n3', 'n50000', 'n50000.n0', 'n50000.n2', 'n50001']);
    for (const place of [0, 2, 3, 4, 5, 8, 9, 50_006, 50_009, 100_008]) {
      const { level, index } = rowAt(root, place);
      expect(placeOf(root, level, index)).toBe(place);
    }
    expect(folderOf(root, inner)).toEqual({ level: below, index: 1 });
    expect(folderOf(root, root)).toBeUndefined();
  });

  it('asks for a stretch once, and again after a failure', async () => {
    const level = newLevel('', 1);
    let asked = 0;
    const fails = (): Promise<LevelAnswer> => Promise.reject(new Error(`no ${(asked += 1)}`));
    await Promise.all([loadStretch(level, 0, fails), loadStretch(level, 0, fails)]);
    expect([asked, level.problem, rowCount(level)]).toEqual([1, 'no 1', 1]);
    await loadStretch(level, 0, answer);
    expect([level.problem, level.total]).toEqual(['', TOTAL]);
  });
});
