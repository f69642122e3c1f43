import type { LevelAnswer, TreeNode } from '../answers.ts';

/*
 * The tree of names as it is open now. A level is known by its length and the stretches that were looked at; the rest
 * stays with the server, however many names there are.
 */

/** Names asked for at once. */
export const STRETCH = 200;

/** One level: what is directly below a folder. */
export interface Level {
  parent: string;
  depth: number;
  filter: string;
  /** Undefined until the first answer. */
  total: number | undefined;
  problem: string;
  /** Stretches by number; undefined while one is asked for. */
  stretches: Map<number, readonly TreeNode[] | undefined>;
  /** Open folders by their place. */
  open: Map<number, Level>;
}

/** A row of the tree, from above. */
export interface Row {
  level: Level;
  index: number;
  /** Undefined while it is asked for. */
  node: TreeNode | undefined;
}

export function newLevel(parent: string, depth: number): Level {
  return { parent, depth, filter: '', total: undefined, problem: '', stretches: new Map(), open: new Map() };
}

/** Rows of a level and all that is open below; one row says that a level is empty, being asked for, or failed. */
export function rowCount(level: Level): number {
  let count = Math.max(1, level.total ?? 0);
  for (const below of level.open.values()) count += rowCount(below);
  return count;
}

/** The row at a place from above. */
export function rowAt(level: Level, place: number): Row {
  let [left, before] = [place, 0];
  for (const [index, below] of [...level.open].sort(([a], [b]) => a - b)) {
    const own = index + 1 - before;
    if (left < own) break;
    left -= own;
    before = index + 1;
    const inner = rowCount(below);
    if (left < inner) return rowAt(below, left);
    left -= inner;
  }
  const index = before + left;
  return { level, index, node: nodeAt(level, index) };
}

/** The place from above of a row of this level, which is within `root`; undefined when it is not. */
export function placeOf(root: Level, level: Level, index: number): number | undefined {
  if (root === level) {
    let place = index;
    for (const [at, below] of root.open) if (at < index) place += rowCount(below);
    return place;
  }
  for (const [at, below] of root.open) {
    const inner = placeOf(below, level, index);
    if (inner !== undefined) return (placeOf(root, root, at) ?? 0) + 1 + inner;
  }
  return undefined;
}

export function nodeAt(level: Level, index: number): TreeNode | undefined {
  return level.stretches.get(Math.floor(index / STRETCH))?.[index % STRETCH];
}

/** The level that a level's folder is in, and its place there. */
export function folderOf(root: Level, level: Level): { level: Level; index: number } | undefined {
  for (const [index, below] of root.open) {
    const found = below === level ? { level: root, index } : folderOf(below, level);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Asks for a stretch of a level, once. */
export async function loadStretch(level: Level, number: number, ask: (path: string) => Promise<LevelAnswer>): Promise<void> {
  if (level.stretches.has(number)) return;
  level.stretches.set(number, undefined);
  const { parent, filter } = level;
  const search = new URLSearchParams({ parent, filter, offset: String(number * STRETCH), limit: String(STRETCH) });
  try {
    const answer = await ask(`/api/find?${search.toString()}`);
    if (level.filter !== filter) return;
    // Names that came meanwhile move the others: what was there before is not true any more.
    if (level.total !== undefined && level.total !== answer.total) level.stretches.clear();
    level.total = answer.total;
    level.problem = '';
    level.stretches.set(number, answer.nodes);
  } catch (error) {
    if (level.filter !== filter) return;
    level.stretches.delete(number);
    level.total ??= 0;
    level.problem = error instanceof Error ? error.message : 'The console could not be asked.';
  }
}
