/* What Graphite's /metrics/find says, with format=completer: the one format that carbonapi and graphite-web share and that keeps whole paths. */

/** A name as the store knows it: a metric, a folder of metrics, or both at once. */
export interface FoundNode {
  /** All of it, without a dot at the end. */
  path: string;
  isMetric: boolean;
  isFolder: boolean;
}

const OBJECT = /\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/g;

/** The nodes of an answer; undefined when it is not one. Those of the same path are made one. */
export function nodesOf(body: Uint8Array): FoundNode[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  const metrics: unknown = Array.isArray(answer) ? answer : (answer as { metrics?: unknown } | null)?.metrics;
  return Array.isArray(metrics) ? merged(metrics) : undefined;
}

/** The nodes of an answer that was cut off: those which are whole. */
export function nodesOfBeginning(body: Uint8Array): FoundNode[] {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const objects = text.slice(text.indexOf('[') + 1).match(OBJECT) ?? [];
  return merged(
    objects.map((object): unknown => {
      try {
        const read: unknown = JSON.parse(object);
        return read;
      } catch {
        return undefined;
      }
    }),
  );
}

function merged(entries: readonly unknown[]): FoundNode[] {
  const byPath = new Map<string, FoundNode>();
  for (const entry of entries) {
    const { path: given, is_leaf: leaf } = (entry ?? {}) as { path?: unknown; is_leaf?: unknown };
    if (typeof given !== 'string') continue;
    const path = given.replace(/\.+$/, '');
    if (path === '') continue;
    const node = byPath.get(path) ?? { path, isMetric: false, isFolder: false };
    if (String(leaf) === '1' || leaf === true) node.isMetric = true;
    else node.isFolder = true;
    byPath.set(path, node);
  }
  return [...byPath.values()];
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

const COLLATOR = new Intl.Collator('en', { numeric: true });
/** Counting digits as numbers takes a second for 100,000 names; so many are sorted by their characters. */
const MOST_BY_NUMBER = 10_000;

/** Sorts by path, in place: host2 before host10 where there are not too many. */
export function sortNodes(nodes: FoundNode[]): FoundNode[] {
  if (nodes.length <= MOST_BY_NUMBER) return nodes.sort((a, b) => COLLATOR.compare(a.path, b.path));
  return nodes.sort((a, b) => (a.path < b.path ? -1 : 1));
}
