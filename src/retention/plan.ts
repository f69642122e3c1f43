import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dialect } from '../whisper/aggregation.ts';
import { convert } from '../whisper/convert.ts';
import { fileBytesOf, type Shape } from '../whisper/format.ts';
import { lossesOf, type Loss } from '../whisper/losses.ts';
import { faultOf } from '../whisper/verify.ts';
import type { Rules, SchemaRule } from './rules.ts';
import { openSources } from './sources.ts';
import { survey, type Selection, type Standing, type Survey } from './survey.ts';
import { diskBytesOf, readWhole } from './whole-file.ts';

/*
 * What `dkm retention apply` would do. A few files of each rule are converted in memory to see how large they get and
 * how long it takes; nothing is written.
 */

/**
 * How fast files may be converted, so that the store is not kept from its work. This, and no lower priority of the
 * process: it holds locks for moments, and the store would have to wait until a busy machine lets it go on.
 */
export interface Throttle {
  filesPerSecond: number;
  mibPerSecond: number;
}

export const DEFAULT_THROTTLE: Throttle = { filesPerSecond: 50, mibPerSecond: 32 };

/** What would become of the files under one rule. */
export interface RulePlan {
  rule: SchemaRule;
  files: number;
  /** Files that cannot be told from their names or headers to lose nothing: only converted when that is allowed. */
  losing: number;
  losses: Loss[];
  diskBytesBefore: number;
  /** Reckoned from the files that were tried. */
  diskBytesAfter: number;
  /** Of all files together, read and written. */
  bytesToMove: number;
}

export interface Plan {
  rules: RulePlan[];
  survey: Survey;
  /** Room that is needed while it goes on: for the largest new file, once. */
  temporaryBytes: number;
  seconds: number;
}

const SAMPLES_PER_RULE = 5;
const LARGEST_SAMPLE_BYTES = 64 * 2 ** 20;

type Differing = Extract<Standing, { ruled: unknown }>;

interface Tally {
  plan: RulePlan;
  samples: Differing[];
}

/** Plans the conversion of every file that differs from the rules. */
export async function planConversion(root: string, rules: Rules, throttle: Throttle, selection?: Selection): Promise<Plan> {
  const tallies = new Map<SchemaRule, Tally>();
  let temporaryBytes = 0;
  const found = await survey(root, rules, {
    ...(selection && { selection }),
    onDiffering: (standing) => {
      addTo(tallies, standing);
      temporaryBytes = Math.max(temporaryBytes, fileBytesOf(standing.ruled.shape));
    },
  });
  let computingSeconds = 0;
  for (const tally of tallies.values()) computingSeconds += await measure(root, tally, rules.dialect);
  const plans = [...tallies.values()].map(({ plan }) => plan);
  const files = plans.reduce((sum, plan) => sum + plan.files, 0);
  const moved = plans.reduce((sum, plan) => sum + plan.bytesToMove, 0);
  const seconds = Math.max(computingSeconds, files / throttle.filesPerSecond, moved / 2 ** 20 / throttle.mibPerSecond);
  return { rules: plans, survey: found, temporaryBytes, seconds };
}

function addTo(tallies: Map<SchemaRule, Tally>, standing: Differing): void {
  const { rule, shape } = standing.ruled;
  const tally = tallies.get(rule) ?? { plan: emptyPlan(rule), samples: [] };
  tallies.set(rule, tally);
  const losses = lossesOf(standing.header.archives, shape.archives);
  tally.plan.files += 1;
  tally.plan.diskBytesBefore += standing.facts.diskBytes;
  tally.plan.bytesToMove += bytesToMove(standing.facts.diskBytes, shape);
  if (losses.length > 0) {
    tally.plan.losing += 1;
    if (tally.plan.losses.length === 0) tally.plan.losses = losses;
  }
  if (tally.samples.length < SAMPLES_PER_RULE && standing.facts.bytes <= LARGEST_SAMPLE_BYTES) tally.samples.push(standing);
}

function emptyPlan(rule: SchemaRule): RulePlan {
  return { rule, files: 0, losing: 0, losses: [], diskBytesBefore: 0, diskBytesAfter: 0, bytesToMove: 0 };
}

/** Bytes that converting a file reads and writes, for its share of the throttle. A new file is as full as the old one, at most whole. */
export function bytesToMove(diskBytes: number, shape: Pick<Shape, 'archives'>): number {
  return diskBytes + Math.min(fileBytesOf(shape), diskBytes);
}

/** Tries the samples, sets what the files of this rule will take, and returns the seconds that all of them need. */
async function measure(root: string, { plan, samples }: Tally, dialect: Dialect): Promise<number> {
  let before = 0;
  let after = 0;
  let tried = 0;
  const start = performance.now();
  for (const { relative, ruled, facts } of samples) {
    const bytesAfter = await tryOut(join(root, relative), ruled.shape, dialect);
    if (bytesAfter === undefined) continue;
    before += facts.diskBytes;
    after += bytesAfter;
    tried += 1;
  }
  plan.diskBytesAfter = before === 0 ? plan.diskBytesBefore : Math.round((plan.diskBytesBefore * after) / before);
  return tried === 0 ? 0 : ((performance.now() - start) / 1000 / tried) * plan.files;
}

async function tryOut(path: string, shape: Shape, dialect: Dialect): Promise<number | undefined> {
  const file = await open(path, 'r');
  const bytes = await readWhole(file).finally(() => file.close());
  const opened = openSources(bytes);
  if ('why' in opened) return undefined;
  const now = Math.floor(Date.now() / 1000);
  const made = convert(opened.sources, { dialect, shape, now });
  return faultOf(made, opened.sources, shape, now) === undefined ? diskBytesOf(made) : undefined;
}
