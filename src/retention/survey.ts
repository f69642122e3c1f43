import { join } from 'node:path';
import picomatch from 'picomatch';
import { messageOf } from '../base/errors.ts';
import { hasShape, type Header } from '../whisper/format.ts';
import { inspect, metricFiles, metricOf, type FileFacts, type FoundFile } from './metric-files.ts';
import { decide, type Decision, type Rules, type SchemaRule } from './rules.ts';

/*
 * What there is: every file of the store against the rules in force.
 */

/** Why a file is left alone. */
export type Obstacle = 'damaged' | 'compressed' | 'undecided' | 'unruled' | 'nameless' | 'link' | 'unreadable';

/** A file as it stands to the rules. */
export type Standing =
  | { kind: 'as-ruled' | 'differs'; relative: string; facts: FileFacts; header: Header; ruled: Extract<Decision, { kind: 'ruled' }> }
  | { kind: 'obstacle'; relative: string; obstacle: Obstacle; why: string; diskBytes: number }
  /** `isOurs`: this very run left it for later. */
  | { kind: 'leftover'; relative: string; isOurs?: boolean };

/** Which metrics are meant. */
export interface Selection {
  /** A section's name or its pattern. */
  pattern?: string | undefined;
  /** Metrics by name, `*`, `?`, `[…]` and `{…,…}` within a part as in Graphite's queries. */
  metric?: string | undefined;
}

/** The files of a tree, one after the other, as they stand to the rules. */
export async function* standings(
  root: string,
  rules: Rules,
  selection: Selection = {},
  arrange?: <Entry>(entries: Entry[]) => Entry[],
): AsyncGenerator<Standing> {
  const isChosen = chooser(selection);
  for await (const found of metricFiles(root, arrange)) {
    if (found.kind === 'leftover') {
      yield { kind: 'leftover', relative: found.relative };
      continue;
    }
    if (found.kind === 'closed') {
      yield { kind: 'obstacle', relative: found.relative, obstacle: 'unreadable', why: `what is in it cannot be read: ${found.why}`, diskBytes: 0 };
      continue;
    }
    const metric = metricOf(found.relative);
    const decision = metric === undefined ? undefined : decide(metric, rules);
    if (!isChosen(metric, decision)) continue;
    const standing = await standingOf(join(root, found.relative), found, decision);
    if (standing) yield standing;
  }
}

async function standingOf(path: string, { relative, isLink }: FoundFile, decision: Decision | undefined): Promise<Standing | undefined> {
  let facts: FileFacts | undefined;
  const obstacle = (kind: Obstacle, why: string): Standing => ({ kind: 'obstacle', relative, obstacle: kind, why, diskBytes: facts?.diskBytes ?? 0 });
  try {
    facts = await inspect(path);
  } catch (error) {
    return obstacle('damaged', messageOf(error));
  }
  if (facts === undefined) return undefined;
  if (facts.read.kind === 'compressed') return obstacle('compressed', "go-carbon's compressed format, which dkm does not convert");
  if (facts.read.kind === 'damaged') return obstacle('damaged', facts.read.why);
  if (isLink) return obstacle('link', 'a symbolic link, which a new file would replace');
  if (decision === undefined) return obstacle('nameless', 'its name does not tell which metric it is of');
  if (decision.kind === 'unruled') return obstacle('unruled', 'no rule matches it');
  if (decision.kind === 'undecided') return obstacle('undecided', `rule [${decision.rule}]: ${decision.why}`);
  const { header } = facts.read;
  return { kind: hasShape(header, decision.shape) ? 'as-ruled' : 'differs', relative, facts, header, ruled: decision };
}

function chooser({ pattern, metric }: Selection): (name: string | undefined, decision: Decision | undefined) => boolean {
  const matches = metric === undefined ? undefined : picomatch(metric.replaceAll('.', '/'), { dot: true, nonegate: true });
  return (name, decision) => {
    if (matches && (name === undefined || !matches(name.replaceAll('.', '/')))) return false;
    if (pattern === undefined) return true;
    return decision?.kind === 'ruled' && (decision.rule.name === pattern || decision.rule.pattern === pattern);
  };
}

/** What a survey found under one rule. */
export interface RuleSurvey {
  rule: SchemaRule;
  files: number;
  diskBytes: number;
  differing: number;
  /** Of the files that differ. */
  differingBytes: number;
  differingDiskBytes: number;
}

/** What a survey found. */
export interface Survey {
  rules: RuleSurvey[];
  files: number;
  diskBytes: number;
  /** Of these, bytes of files that are in the way. */
  obstacleBytes: number;
  differing: number;
  obstacles: Record<Obstacle, number>;
  /** Some of what is in the way, to be named. */
  examples: { file: string; why: string }[];
  /** Files that conversions which were cut short left. */
  leftovers: number;
  /** False when time was up before every file was looked at: then the numbers are those of a part, chosen at random. */
  isComplete: boolean;
}

const MOST_EXAMPLES = 20;

type OnRuled = (standing: Extract<Standing, { ruled: unknown }>) => void;

/** Looks at every file, or at as many as the time allows. */
export async function survey(
  root: string,
  rules: Rules,
  { selection, withinMs = Infinity, onDiffering, onRuled }: { selection?: Selection; withinMs?: number; onDiffering?: OnRuled; onRuled?: OnRuled } = {},
): Promise<Survey> {
  const deadline = performance.now() + withinMs;
  const found = emptySurvey(rules);
  for await (const standing of standings(root, rules, selection, withinMs === Infinity ? undefined : shuffled)) {
    count(found, standing);
    if (standing.kind === 'differs') onDiffering?.(standing);
    if ('ruled' in standing) onRuled?.(standing);
    if (performance.now() > deadline) return { ...found, isComplete: false };
  }
  return found;
}

function emptySurvey({ schemas }: Rules): Survey {
  const rules = schemas.map((rule) => ({ rule, files: 0, diskBytes: 0, differing: 0, differingBytes: 0, differingDiskBytes: 0 }));
  const obstacles = { damaged: 0, compressed: 0, undecided: 0, unruled: 0, nameless: 0, link: 0, unreadable: 0 };
  return { rules, files: 0, diskBytes: 0, obstacleBytes: 0, differing: 0, obstacles, examples: [], leftovers: 0, isComplete: true };
}

function count(found: Survey, standing: Standing): void {
  if (standing.kind === 'leftover') {
    found.leftovers += 1;
    return;
  }
  if (standing.kind !== 'obstacle' || standing.obstacle !== 'unreadable') found.files += 1; // else it is a directory
  if (standing.kind === 'obstacle') {
    found.diskBytes += standing.diskBytes;
    found.obstacleBytes += standing.diskBytes;
    found.obstacles[standing.obstacle] += 1;
    if (found.examples.length < MOST_EXAMPLES) found.examples.push({ file: standing.relative, why: standing.why });
    return;
  }
  const { bytes, diskBytes } = standing.facts;
  const ofRule = found.rules.find(({ rule }) => rule === standing.ruled.rule);
  found.diskBytes += diskBytes;
  if (!ofRule) return;
  ofRule.files += 1;
  ofRule.diskBytes += diskBytes;
  if (standing.kind === 'as-ruled') return;
  found.differing += 1;
  ofRule.differing += 1;
  ofRule.differingBytes += bytes;
  ofRule.differingDiskBytes += diskBytes;
}

/** Entries in an order of chance: what is looked at first is not always the same corner. */
function shuffled<Entry>(entries: Entry[]): Entry[] {
  const order = [...entries];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other] as Entry, order[last] as Entry];
  }
  return order;
}
