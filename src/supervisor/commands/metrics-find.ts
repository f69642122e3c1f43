import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say, sayAside, spanInWords, table } from '../../base/terminal.ts';
import type { FoundNode } from '../../console/explorer/nodes.ts';
import { unitOf, writeValue } from '../../console/page/units.ts';
import { readSettings } from '../../contract/settings.ts';
import { whyNothing } from '../../terminal/near.ts';
import { queryService } from '../../terminal/own-query.ts';
import type { QueryService } from '../../terminal/query.ts';
import { harmless } from '../../terminal/text.ts';

export interface FindCommandOptions {
  leaves?: boolean;
  long?: boolean;
  limit: number;
  json?: boolean;
}

/** A metric's newest point; both null when it has none of the last 30 days. */
interface Newest {
  value: number | null;
  /** Seconds since the epoch. */
  at: number | null;
}

/** `dkm metrics find [PATTERN]`. 0: found, 1: nothing of that name. */
export async function find(layout: Layout, pattern: string, options: FindCommandOptions): Promise<number> {
  const service = queryService(await readSettings(layout.settings), layout);
  const { nodes, isCut } = await nodesFor(service, pattern, options);
  const newest = options.long === true ? await newestOf(service, nodes) : undefined;
  if (options.json === true) say(JSON.stringify(asJson(pattern, nodes, isCut, newest), null, 1));
  else tell(nodes, newest);
  if (nodes.length === 0) {
    if (options.json !== true) sayAside(await whyNothing(service, pattern, Date.now()));
    return EXIT.failed;
  }
  if (isCut && options.json !== true) sayAside(`There are more; these are the first ${nodes.length}. Narrow the pattern, or see more with --limit.`);
  return EXIT.fine;
}

async function nodesFor(service: QueryService, pattern: string, { leaves, limit }: FindCommandOptions): Promise<{ nodes: FoundNode[]; isCut: boolean }> {
  const found = await service.find(pattern);
  const all = leaves === true ? await leavesOf(service, found, limit) : found;
  return { nodes: all.slice(0, limit), isCut: all.length > limit };
}

/** The metrics among names and in the folders below them, in their order, one more than wanted where there are more. */
async function leavesOf(service: QueryService, nodes: readonly FoundNode[], limit: number): Promise<FoundNode[]> {
  const leaves: FoundNode[] = [];
  const waiting = [...nodes].reverse();
  while (leaves.length <= limit) {
    const node = waiting.pop();
    if (node === undefined) break;
    if (node.isMetric) leaves.push({ ...node, isFolder: false });
    if (node.isFolder) waiting.push(...(await service.find(`${node.path}.*`)).reverse());
  }
  return leaves;
}

/** Names of one question. */
const AT_ONCE = 100;
const LATELY_S = 600;
const LONG_AGO_S = 30 * 86_400;

/** The newest point of each metric: asked for exactly first, and for what was silent lately roughly. */
async function newestOf(service: QueryService, nodes: readonly FoundNode[]): Promise<Map<string, Newest>> {
  const result = new Map<string, Newest>();
  const ask = async (paths: readonly string[], seconds: number, mostPoints?: number): Promise<void> => {
    const untilS = Math.ceil(Date.now() / 1000);
    for (let from = 0; from < paths.length; from += AT_ONCE) {
      const series = await service.render(paths.slice(from, from + AT_ONCE), untilS - seconds, untilS, mostPoints === undefined ? {} : { mostPoints });
      for (const { name, points } of series) {
        const point = points.findLast(([, value]) => value !== null);
        if (point !== undefined) result.set(name, { value: point[1], at: point[0] });
      }
    }
  };
  const paths = nodes.filter(({ isMetric }) => isMetric).map(({ path }) => path);
  await ask(paths, LATELY_S);
  await ask(
    paths.filter((path) => !result.has(path)),
    LONG_AGO_S,
    1440,
  );
  return result;
}

function tell(nodes: readonly FoundNode[], newest: Map<string, Newest> | undefined): void {
  if (newest === undefined) return nodes.forEach((node) => namesOf(node).forEach((name) => say(name)));
  if (nodes.length === 0) return;
  const nowS = Date.now() / 1000;
  const head = ['METRIC', 'NEWEST VALUE', 'AGE'].map((title) => coloured(title, 'bold'));
  say(table([head, ...nodes.map((node) => [namesOf(node).join(' '), ...newestInWords(node, newest.get(node.path), nowS)])]));
}

function newestInWords(node: FoundNode, newest: Newest | undefined, nowS: number): string[] {
  if (!node.isMetric) return ['', ''];
  if (newest?.at == null) return ['–', 'more than 30 d'];
  return [writeValue(newest.value, unitOf([node.path])), spanInWords(nowS - newest.at)];
}

/** A name can be a metric and a folder of metrics at once. */
function namesOf({ path, isMetric, isFolder }: FoundNode): string[] {
  return [...(isMetric ? [harmless(path)] : []), ...(isFolder ? [`${harmless(path)}.`] : [])];
}

function asJson(pattern: string, nodes: readonly FoundNode[], isCut: boolean, newest: Map<string, Newest> | undefined): object {
  return {
    schema: 1,
    pattern,
    more: isCut,
    nodes: nodes.map(({ path, isMetric, isFolder }) => ({
      path,
      metric: isMetric,
      folder: isFolder,
      ...(newest !== undefined && isMetric && { newest: newest.get(path) ?? { value: null, at: null } }),
    })),
  };
}
