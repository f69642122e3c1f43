import type { Graphite, Node } from './graphite.ts';

/*
 * Which instances of DSS there are, by the names of their metrics. Where an administrator sets no prefix, DSS takes
 * dss.<reversed host name>.<port>, so that an instance may lie several parts below "dss"; what it sends begins with a part
 * that is always called the same, and that is what it is known by.
 */

/** What sends below an instance: `backend` is the server of design and automation nodes, `collectd` DSS's own agent. */
const SENDERS: readonly string[] = ['backend', 'collectd', 'fek', 'jek', 'apimain', 'apinode', 'apiserver', 'lambda', 'jvm'];

export type InstanceKind = 'DSS backend' | 'API node' | 'host only' | 'not known';

export interface Part {
  /** The part of the names after the instance's. */
  name: string;
  /** How many metrics it has. */
  metrics: number;
  /** Patterns that stand for all of them, one per level. */
  patterns: string[];
  /** Some of them, spread over all. */
  sample: string[];
}

export interface Instance {
  prefix: string;
  kind: InstanceKind;
  parts: Part[];
}

const DEEPEST = 12;
const MOST_LOOKED_INTO = 300;
const SAMPLE = 20;

/** Where instances are looked for: below `roots`, and at or below `given`, prefixes that somebody set. */
export async function findInstances(graphite: Graphite, { roots, given }: { roots: readonly string[]; given: readonly string[] }): Promise<Instance[]> {
  const look: Look = { graphite, left: MOST_LOOKED_INTO };
  const prefixes = new Set<string>();
  for (const root of roots) {
    for (const { path } of (await graphite.find(`${root}.*`)).filter(({ isFolder }) => isFolder)) {
      for (const prefix of await instancesAt(path, look)) prefixes.add(prefix);
    }
  }
  for (const prefix of given) for (const found of await instancesAt(prefix, look)) prefixes.add(found);
  const instances: Instance[] = [];
  // A root is no instance, even where it was given and nothing below it is known.
  for (const prefix of [...prefixes].filter((each) => !roots.includes(each)).sort()) {
    const parts = await partsOf(graphite, prefix);
    if (parts.length > 0) instances.push({ prefix, kind: kindOf(parts.map(({ name }) => name)), parts });
  }
  return instances;
}

interface Look {
  graphite: Graphite;
  /** How many more names may be looked into. */
  left: number;
}

/** The instances at or below a name; where nothing is known of DSS, the name itself. */
async function instancesAt(path: string, look: Look): Promise<string[]> {
  const found = await sendersBelow(path, look);
  return found.length > 0 ? found : [path];
}

async function sendersBelow(path: string, look: Look): Promise<string[]> {
  if (look.left-- <= 0 || path.split('.').length > DEEPEST) return [];
  const nodes = await look.graphite.find(`${path}.*`);
  if (nodes.some((node) => SENDERS.includes(lastPart(node)))) return [path];
  const below: string[] = [];
  for (const node of nodes.filter(({ isFolder }) => isFolder)) below.push(...(await sendersBelow(node.path, look)));
  return below;
}

/**
 * Every metric of an instance, counted by what sends it. A level is only asked for where the one above has folders:
 * go-carbon 0.19.1 answers 500 to a pattern that goes deeper than what is there.
 */
async function partsOf(graphite: Graphite, prefix: string): Promise<Part[]> {
  const start = prefix.split('.').length;
  const parts = new Map<string, { all: string[]; patterns: Set<string> }>();
  for (let level = 1; level <= DEEPEST; level += 1) {
    const rest = Array<string>(level).fill('*').join('.');
    const nodes = await graphite.find(`${prefix}.${rest}`);
    for (const { path } of nodes.filter(({ isMetric }) => isMetric)) {
      const name = path.split('.')[start] ?? '';
      const part = parts.get(name) ?? { all: [], patterns: new Set() };
      part.all.push(path);
      part.patterns.add([prefix, name, ...Array<string>(level - 1).fill('*')].join('.'));
      parts.set(name, part);
    }
    if (!nodes.some(({ isFolder }) => isFolder)) break;
  }
  return [...parts]
    .map(([name, { all, patterns }]) => ({ name, metrics: all.length, patterns: [...patterns], sample: spread(all, SAMPLE) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What an instance is, by what sends. `host only`: a collectd, that of DSS or ours (`dkm dss legacy`), and not DSS itself. Pure. */
export function kindOf(parts: readonly string[]): InstanceKind {
  if (parts.includes('backend')) return 'DSS backend';
  if (parts.some((part) => /^(api|lambda)/.test(part))) return 'API node';
  return parts.every((part) => part === 'collectd') ? 'host only' : 'not known';
}

/** So many of a list, evenly spread. Pure. */
export function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as T);
}

function lastPart({ path }: Node): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
