import type { GraphiteFailure } from '../graphite/ask-graphite.ts';
import type { Found } from './find.ts';
import { nodesOfBeginning, type FoundNode } from './nodes.ts';
import { alsoContained, type Word } from './patterns.ts';

/*
 * A search through all names with nothing but patterns. The first word is looked for in the first node, the second, and
 * so on; each further word below what the one before it found. Where that is a handful of folders they are looked into
 * one by one, which an index answers at once; where it is many, the whole pattern goes on.
 */

/** Parts of names, from the left, that are looked at. */
export const MOST_LEVELS = 10;
/** Names a search answers with. */
export const MOST_FOUND = 200;
/** How long a search may take: what has not been looked at by then is said to be so. */
const SEARCH_MS = 8000;
const FOLDERS_ONE_BY_ONE = 12;
const QUESTIONS_AT_ONCE = 4;

export type FindNodes = (pattern: string) => Promise<Found<FoundNode[]>>;

/** What a search came to. */
export interface Searched {
  nodes: FoundNode[];
  /** There is more than was found, or more than was looked at. */
  isCut: boolean;
  isLate: boolean;
  failure?: GraphiteFailure;
}

interface State extends Omit<Searched, 'nodes'> {
  found: Map<string, FoundNode>;
  deadlineMs: number;
  ask: FindNodes;
  now: () => number;
}

/** Looks for names that have all words, in this order, the last one in their last node. */
export async function search(words: readonly Word[], find: FindNodes, now: () => number): Promise<Searched> {
  const state: State = { found: new Map(), isCut: false, isLate: false, deadlineMs: now() + SEARCH_MS, ask: atMost(QUESTIONS_AT_ONCE, find), now };
  await below('', 0, words, state);
  const nodes = withoutInner([...state.found.values()]);
  const { isCut, isLate, failure } = state;
  return { nodes, isCut, isLate, ...(failure !== undefined && { failure }) };
}

/** Looks for the words below a folder (or a pattern of folders) of so many levels. */
async function below(prefix: string, levels: number, words: readonly Word[], state: State): Promise<void> {
  const [word, ...rest] = words;
  if (word === undefined) return;
  const room = MOST_LEVELS - levels - word.nodes.length;
  await Promise.all(Array.from({ length: Math.max(0, room + 1) }, (_, skipped) => atLevel(prefix, levels, skipped, word, rest, state)));
}

async function atLevel(prefix: string, levels: number, skipped: number, word: Word, rest: readonly Word[], state: State): Promise<void> {
  const pattern = [...(prefix === '' ? [] : [prefix]), ...Array<string>(skipped).fill('*'), ...word.nodes].join('.');
  const nodes = await nodesAt(pattern, state);
  if (nodes === undefined || nodes.length === 0) return;
  if (rest.length === 0) return take(nodes, state);
  const depth = levels + skipped + word.nodes.length;
  const folders = nodes.filter(({ isFolder }) => isFolder);
  const oneByOne = folders.length <= FOLDERS_ONE_BY_ONE;
  const inside = oneByOne ? folders.map(({ path }) => below(path, depth, rest, state)) : [below(pattern, depth, rest, state)];
  await Promise.all([...inside, ...withSameNode(nodes, depth, rest, state)]);
}

/** Names of one node may contain several words: `disk_octets`. */
function withSameNode(nodes: readonly FoundNode[], depth: number, rest: readonly Word[], state: State): Promise<void>[] {
  const having = nodes.map((node) => ({ node, count: alsoContained(node.path.slice(node.path.lastIndexOf('.') + 1), rest) })).filter(({ count }) => count > 0);
  take(
    having.filter(({ count }) => count === rest.length).map(({ node }) => node),
    state,
  );
  const others = having.filter(({ node, count }) => count < rest.length && node.isFolder);
  return others.slice(0, FOLDERS_ONE_BY_ONE).map(({ node, count }) => below(node.path, depth, rest.slice(count), state));
}

async function nodesAt(pattern: string, state: State): Promise<FoundNode[] | undefined> {
  if (state.found.size >= MOST_FOUND) return void (state.isCut = true);
  if (state.now() >= state.deadlineMs) return void (state.isLate = true);
  const outcome = await state.ask(pattern);
  if (outcome.kind === 'found') return outcome.answer;
  if (outcome.beginning === undefined) return void (state.failure ??= outcome);
  state.isCut = true;
  return nodesOfBeginning(outcome.beginning);
}

function take(nodes: readonly FoundNode[], state: State): void {
  for (const node of nodes) {
    if (state.found.size >= MOST_FOUND && !state.found.has(node.path)) return void (state.isCut = true);
    state.found.set(node.path, node);
  }
}

/** Only so many questions at once; the others wait in their order. */
function atMost(count: number, find: FindNodes): FindNodes {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (pattern) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await find(pattern);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** A folder that was found stands for what is in it. */
function withoutInner(nodes: readonly FoundNode[]): FoundNode[] {
  const folders = new Set(nodes.filter(({ isFolder }) => isFolder).map(({ path }) => path));
  return nodes.filter(({ path }) => {
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) if (folders.has(path.slice(0, dot))) return false;
    return true;
  });
}
