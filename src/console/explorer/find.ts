import type { AskGraphite, GraphiteFailure } from '../graphite/ask-graphite.ts';
import type { LevelAnswer, NamesAnswer, SearchAnswer, TreeNode } from '../answers.ts';
import { nameOf, nodesOf, sortNodes, type FoundNode } from './nodes.ts';
import { containing, MOST_WORDS, wordsOf } from './patterns.ts';
import { MOST_FOUND, MOST_LEVELS, search, type FindNodes, type Searched } from './search.ts';

/*
 * The names of metrics, as the query service finds them. Nothing of them is kept here besides the levels that somebody
 * looks at: go-carbon has an index of all names in memory and finds in milliseconds, a second one in this process would
 * cost as much memory again, be old, and be missing where the store is on another machine.
 */

/** Names a page of a level has. */
export const MOST_NODES_AT_ONCE = 500;

/** Names that a pattern is answered with. */
const MOST_NAMES = 2000;

/** How long a level is kept for whoever scrolls through it, and how many names of all levels. */
const KEPT_MS = 30_000;
const MOST_KEPT = 600_000;

export type Found<Answer> = { kind: 'found'; answer: Answer } | GraphiteFailure;

export interface LevelRequest {
  /** What is looked into; empty for the uppermost level. */
  parent: string;
  /** Only names that contain this. */
  filter: string;
  offset: number;
  limit: number;
}

export interface Finder {
  level: (request: LevelRequest) => Promise<Found<LevelAnswer>>;
  search: (text: string) => Promise<Found<SearchAnswer>>;
  /** What a pattern stands for, metrics and folders. */
  names: (pattern: string) => Promise<Found<NamesAnswer>>;
}

/** Finds names through the query service; `now` is in milliseconds. */
export function finder(ask: AskGraphite, now: () => number = Date.now): Finder {
  const levels = levelCache(now);
  const nodesFor = async (pattern: string): Promise<Found<FoundNode[]>> => {
    const kept = levels.get(pattern);
    if (kept !== undefined) return { kind: 'found', answer: kept };
    const found = await askFind(ask, pattern);
    if (found.kind === 'found') levels.keep(pattern, sortNodes(found.answer));
    return found;
  };
  return {
    async level({ parent, filter, offset, limit }) {
      const found = await nodesFor(parent === '' ? containing(filter) : `${parent}.${containing(filter)}`);
      if (found.kind === 'failed') return found;
      const nodes = found.answer.slice(offset, offset + Math.min(limit, MOST_NODES_AT_ONCE)).map(treeNode);
      return { kind: 'found', answer: { parent, filter, offset, total: found.answer.length, nodes } };
    },
    async names(pattern) {
      const found = await nodesFor(pattern);
      if (found.kind === 'failed') return found;
      const paths = found.answer.slice(0, MOST_NAMES).map(({ path }) => path);
      return { kind: 'found', answer: { pattern, paths, isMore: found.answer.length > paths.length } };
    },
    search: (text) => answerTo(text, (pattern) => askFind(ask, pattern), now),
  };
}

function treeNode({ path, isMetric, isFolder }: FoundNode): TreeNode {
  return { path, name: nameOf(path), isMetric, isFolder };
}

async function askFind(ask: AskGraphite, pattern: string): Promise<Found<FoundNode[]>> {
  // Both add an asterisk at the end themselves; carbonapi even to one, which its store reads as one.
  const query = pattern === '*' ? pattern : pattern.replace(/\*+$/, '');
  const outcome = await ask({
    path: '/metrics/find',
    search: new URLSearchParams({ query, format: 'completer' }),
    nothing: '{"metrics":[]}',
    advice: 'There are too many names here to be listed: filter them.',
  });
  if (outcome.kind === 'failed') return outcome;
  const nodes = nodesOf(outcome.body);
  if (nodes === undefined)
    return { kind: 'failed', status: 502, code: 'not-graphite', message: 'The query service answered /metrics/find with something that is no list of names.' };
  return { kind: 'found', answer: nodes };
}

interface LevelCache {
  get: (pattern: string) => FoundNode[] | undefined;
  keep: (pattern: string, nodes: FoundNode[]) => void;
}

/** Keeps levels for a short time, the latest ones, with a bound on all of them. */
function levelCache(now: () => number): LevelCache {
  const kept = new Map<string, { nodes: FoundNode[]; untilMs: number }>();
  const size = (): number => [...kept.values()].reduce((sum, { nodes }) => sum + nodes.length, 0);
  const forgetOld = (): void => {
    for (const [pattern, { untilMs }] of kept) if (untilMs <= now()) kept.delete(pattern);
  };
  return {
    get(pattern) {
      forgetOld();
      return kept.get(pattern)?.nodes;
    },
    keep(pattern, nodes) {
      kept.set(pattern, { nodes, untilMs: now() + KEPT_MS });
      for (const oldest of kept.keys()) {
        if (size() <= MOST_KEPT && kept.size <= 200) return;
        kept.delete(oldest);
      }
    },
  };
}

async function answerTo(text: string, find: FindNodes, now: () => number): Promise<Found<SearchAnswer>> {
  const { words, isMore } = wordsOf(text);
  const searched = await search(words, find, now);
  if (searched.failure !== undefined && searched.nodes.length === 0) return searched.failure;
  const nodes = sortNodes(searched.nodes).map(treeNode);
  return { kind: 'found', answer: { text, nodes, levels: MOST_LEVELS, left: leftOut(searched, isMore) } };
}

function leftOut({ isCut, isLate, failure }: Searched, isMore: boolean): string[] {
  return [
    ...(isCut ? [`There are more than the ${MOST_FOUND} shown: search for more of the name.`] : []),
    ...(isLate ? ['The search took too long and was ended: there may be more.'] : []),
    ...(failure !== undefined ? [`Not everything could be searched: ${failure.message}`] : []),
    ...(isMore ? [`Only the first ${MOST_WORDS} words were used.`] : []),
  ];
}
