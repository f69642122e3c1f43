import type { LevelAnswer, TreeNode } from '../answers.ts';
import { getJson } from './answer.ts';
import { make } from './elements.ts';
import { folderOf, loadStretch, newLevel, nodeAt, placeOf, rowAt, rowCount, STRETCH, type Level, type Row } from './explorer-levels.ts';

/*
 * The tree of metrics on the page, after the ARIA pattern "tree view". Only the rows in sight are elements, so that a
 * level with 100,000 names costs as much as one with thirty.
 */

export interface MetricTree {
  /** Looks at the first level anew. */
  reload: () => void;
  /** Shows only names of a folder's level (or the first one) that contain this. */
  filter: (text: string) => void;
  /** Opens every folder on the way to this one. */
  reveal: (path: string) => Promise<void>;
  /** Marks metrics that are shown. */
  mark: (isShown: (path: string) => boolean) => void;
}

export interface TreeCallbacks {
  onMetric: (node: TreeNode) => void;
  /** The folder whose level the filter is for: the chosen one when it is open, else the one around it. */
  onLevel: (level: { parent: string; filter: string; total: number | undefined }) => void;
}

const ROWS_AROUND = 8;

/** Fills the element with the tree. */
export function metricTree(element: HTMLElement, { onMetric, onLevel }: TreeCallbacks): MetricTree {
  let root = newLevel('', 1);
  let active = 0;
  let isShown: (path: string) => boolean = () => false;
  const rows = make('div', { class: 'tree-rows', role: 'presentation' });
  const space = make('div', { class: 'tree-space', role: 'presentation' }, rows);
  element.replaceChildren(space);
  const heightOf = (): number => (matchMedia('(pointer: coarse)').matches ? 40 : 28);

  const draw = (): void => {
    const [all, height] = [rowCount(root), heightOf()];
    active = Math.min(active, all - 1);
    const first = Math.max(0, Math.floor(element.scrollTop / height) - ROWS_AROUND);
    const last = Math.min(all, Math.ceil((element.scrollTop + (element.clientHeight || 400)) / height) + ROWS_AROUND);
    space.style.setProperty('height', `${all * height}px`);
    rows.style.setProperty('transform', `translateY(${first * height}px)`);
    const shown = Array.from({ length: last - first }, (_, offset) => rowAt(root, first + offset));
    for (const row of shown) if (row.node === undefined && row.level.problem === '') void load(row);
    rows.replaceChildren(...shown.map((row, offset) => rowElement(row, first + offset)));
    element.setAttribute('aria-activedescendant', `tree-row-${active}`);
  };

  const rowElement = (row: Row, place: number): HTMLElement => {
    const { level, index, node } = row;
    const id = `tree-row-${place}`;
    const indent = `depth-${Math.min(level.depth, 12)}`;
    const state = `${place === active ? ' active' : ''}${node !== undefined && isShown(node.path) ? ' shown' : ''}`;
    const item = make('div', { id, class: `tree-row ${indent}${state}`, role: 'treeitem', 'aria-level': String(level.depth) });
    item.setAttribute('aria-selected', String(node?.isMetric === true && isShown(node.path)));
    item.setAttribute('aria-setsize', String(Math.max(1, level.total ?? 1)));
    item.setAttribute('aria-posinset', String(index + 1));
    if (node === undefined) return (item.append(make('span', { class: 'quiet' }, wordsFor(level))), item);
    if (node.isFolder) item.setAttribute('aria-expanded', String(level.open.has(index)));
    const mark = node.isFolder ? (level.open.has(index) ? '▾' : '▸') : '';
    item.append(make('span', { class: 'twist', 'aria-hidden': 'true' }, mark), make('span', { class: 'tree-name' }, node.name));
    if (node.isMetric) item.append(make('span', { class: 'tree-add', 'aria-hidden': 'true' }, isShown(node.path) ? '✓' : '+'));
    item.title = node.path;
    item.addEventListener('click', (event) => {
      active = place;
      const onTwist = (event.target as HTMLElement).classList.contains('twist');
      if (node.isFolder && (onTwist || !node.isMetric)) toggle(row);
      else onMetric(node);
      changed();
    });
    return item;
  };

  const load = async ({ level, index }: Row): Promise<void> => {
    const number = Math.floor(index / STRETCH);
    if (level.stretches.has(number)) return;
    await loadStretch(level, number, (path) => getJson<LevelAnswer>(path));
    changed();
  };
  const toggle = ({ level, index, node }: Row): void => {
    if (node === undefined || !node.isFolder) return;
    if (level.open.has(index)) level.open.delete(index);
    else level.open.set(index, newLevel(node.path, level.depth + 1));
  };
  const chosenLevel = (): Level => {
    const { level, index } = rowAt(root, active);
    return level.open.get(index) ?? level;
  };
  const changed = (): void => {
    draw();
    onLevel(chosenLevel());
  };
  const moveTo = (place: number): void => {
    active = Math.max(0, Math.min(rowCount(root) - 1, place));
    const height = heightOf();
    const top = active * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
    changed();
  };

  const keys: Record<string, (row: Row) => void> = {
    ArrowDown: () => moveTo(active + 1),
    ArrowUp: () => moveTo(active - 1),
    Home: () => moveTo(0),
    End: () => moveTo(rowCount(root) - 1),
    PageDown: () => moveTo(active + Math.max(1, Math.floor(element.clientHeight / heightOf()) - 1)),
    PageUp: () => moveTo(active - Math.max(1, Math.floor(element.clientHeight / heightOf()) - 1)),
    ArrowRight: (row) => {
      if (row.node?.isFolder !== true) return;
      if (row.level.open.has(row.index)) return moveTo(active + 1);
      toggle(row);
      changed();
    },
    ArrowLeft: (row) => {
      if (row.level.open.has(row.index)) {
        toggle(row);
        return changed();
      }
      const folder = folderOf(root, row.level);
      if (folder !== undefined) moveTo(placeOf(root, folder.level, folder.index) ?? 0);
    },
    Enter: (row) => act(row),
    ' ': (row) => act(row),
  };
  const act = (row: Row): void => {
    if (row.node?.isMetric === true) onMetric(row.node);
    else toggle(row);
    changed();
  };
  element.addEventListener('keydown', (event) => {
    const action = keys[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action(rowAt(root, active));
  });
  element.addEventListener('scroll', draw, { passive: true });
  new ResizeObserver(draw).observe(element);

  return {
    reload() {
      root = newLevel('', 1);
      active = 0;
      element.scrollTop = 0;
      changed();
    },
    filter(text) {
      const level = chosenLevel();
      if (level.filter === text) return;
      Object.assign(level, { filter: text, total: undefined, problem: '', stretches: new Map(), open: new Map() });
      // The level stays the chosen one while its rows come and go: its folder is, or its first row.
      const folder = folderOf(root, level);
      moveTo(folder === undefined ? 0 : (placeOf(root, folder.level, folder.index) ?? 0));
    },
    async reveal(path) {
      const place = await openTo(root, path);
      if (place !== undefined) moveTo(placeOf(root, place.level, place.index) ?? 0);
      element.focus();
    },
    mark(shown) {
      isShown = shown;
      draw();
    },
  };
}

function wordsFor({ total, problem, filter }: Level): string {
  if (problem !== '') return problem;
  if (total === 0) return filter === '' ? 'Nothing here' : `No name contains "${filter}"`;
  return 'Loading…';
}

/** Opens the folders of a path one after the other; each level is filtered to the name that is looked for when it is long. */
async function openTo(root: Level, path: string): Promise<{ level: Level; index: number } | undefined> {
  let level = root;
  let found: { level: Level; index: number } | undefined;
  const names = path.split('.');
  for (const [depth, name] of names.entries()) {
    await loadStretch(level, 0, (address) => getJson<LevelAnswer>(address));
    let index = indexOf(level, name);
    if (index === undefined) {
      Object.assign(level, { filter: name, total: undefined, stretches: new Map(), open: new Map() });
      await loadStretch(level, 0, (address) => getJson<LevelAnswer>(address));
      index = indexOf(level, name);
    }
    if (index === undefined) return found;
    found = { level, index };
    const below = level.open.get(index) ?? newLevel(names.slice(0, depth + 1).join('.'), level.depth + 1);
    if (nodeAt(level, index)?.isFolder === true) level.open.set(index, below);
    level = below;
  }
  return found;
}

function indexOf(level: Level, name: string): number | undefined {
  const index = level.stretches.get(0)?.findIndex((node) => node.name === name) ?? -1;
  return index < 0 ? undefined : index;
}
