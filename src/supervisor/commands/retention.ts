import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, EXIT, isNotFound } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { createProgress } from '../../base/progress.ts';
import { bytesInWords, say, sayAside, table } from '../../base/terminal.ts';
import { diskLimits, readSettings, type Settings } from '../../contract/settings.ts';
import { parseStatus } from '../../contract/status.ts';
import { applyRules, refuseLittleSpace, type Applied } from '../../retention/apply.ts';
import { fileLocker } from '../../retention/file-lock.ts';
import { surveyCost, type Cost } from '../../retention/cost.ts';
import { costInWords } from '../../retention/cost-in-words.ts';
import { planConversion, type Plan } from '../../retention/plan.ts';
import { loadRules, type AggregationRule, type Rules } from '../../retention/rules.ts';
import { storeOf, type Store } from '../../retention/store.ts';
import type { RuleSurvey, Selection, Survey } from '../../retention/survey.ts';
import { aboutSpan, bytesOfMetric, lossInWords, retentionsInWords } from '../../retention/words.ts';
import { thresholdsOf } from '../disk-space.ts';
import { command } from '../supervisor.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

export interface ShowCommandOptions {
  all?: boolean;
  json?: boolean;
}

export interface PlanCommandOptions {
  pattern?: string;
  metric?: string;
  filesPerSecond: number;
  mibPerSecond: number;
  json?: boolean;
}

export interface ApplyCommandOptions extends PlanCommandOptions {
  allowLoss?: boolean;
}

/** `show` looks no longer than this, unless told to. */
const SHOW_WITHIN_MS = 10_000;
/** Free space above the disk guard's second threshold. */
const MARGIN_BYTES = 64 * 2 ** 20;

interface Opened {
  settings: Settings;
  store: Store;
  rules: Rules;
}

async function opened(layout: Layout): Promise<Opened> {
  const settings = await readSettings(layout.settings);
  const store = await storeOf(layout, settings);
  return { settings, store, rules: await loadRules(store) };
}

/** `dkm retention show`. */
export async function show(layout: Layout, options: ShowCommandOptions): Promise<number> {
  const { store, rules } = await opened(layout);
  const { survey: found, cost } = await surveyCost(store.directory, rules, options.all ? {} : { withinMs: SHOW_WITHIN_MS });
  const { metricsPerHost } = cost.perHost;
  if (options.json) say(JSON.stringify({ schema: 1, store: store.dialect, ...shownSurvey(found, rules, metricsPerHost), metricsPerHost, cost }, null, 1));
  else tellRules(found, rules, store, cost);
  return EXIT.fine;
}

function shownSurvey(found: Survey, rules: Rules, metricsPerHost: number): Record<string, unknown> {
  const { rules: surveyed, ...rest } = found;
  const shown = surveyed.map(({ rule, ...counts }) => {
    const { regExp: _, ...told } = rule;
    const bytesPerMetric = bytesOfMetric(rule);
    return { ...told, words: retentionsInWords(rule.archives), bytesPerMetric, bytesPerHost: bytesPerMetric * metricsPerHost, ...counts };
  });
  return { rules: shown, aggregations: rules.aggregations.map(({ regExp: _, ...told }) => told), ignored: rules.ignored, ...rest };
}

function tellRules(found: Survey, rules: Rules, store: Store, cost: Cost): void {
  say(`${store.schemasFile}, in the order in which they are tried:\n`);
  say(table([['RULE', 'PATTERN', 'METRICS', 'TO CONVERT', 'ON DISK', 'BYTES EACH', 'KEPT'], ...found.rules.map(ruleRow)]));
  say(`\n${store.aggregationFile}:\n`);
  say(table([['RULE', 'METHOD', 'XFILESFACTOR', 'PATTERN'], ...rules.aggregations.map(aggregationRow)]));
  say(`\n${costInWords(found.files, cost).join('\n')}`);
  if (!found.isComplete) say(`These are the ones that were looked at in ${SHOW_WITHIN_MS / 1000} s, taken at random; "--all" looks at every one.`);
  tellFindings(found, rules);
}

function ruleRow({ rule, files, diskBytes, differing }: RuleSurvey): string[] {
  return [rule.name, rule.pattern || '(any)', `${files}`, `${differing}`, bytesInWords(diskBytes), `${bytesOfMetric(rule)}`, retentionsInWords(rule.archives)];
}

function aggregationRow({ name, pattern, methodName, xFilesFactor }: AggregationRule): string[] {
  return [name, methodName, `${xFilesFactor}`, pattern || '(any)'];
}

/** What an administrator should know besides: rules that cannot be read, files that are left alone, changes that were not applied. */
function tellFindings(found: Survey, rules: Rules): void {
  for (const line of rules.ignored) sayAside(`Warning: ${line}.`);
  for (const { name, fault } of [...rules.schemas, ...rules.aggregations])
    if (fault !== undefined) sayAside(`Warning: rule [${name}]: ${fault}. Metrics that come to it are left alone.`);
  tellObstacles(found);
  if (found.leftovers > 0) sayAside('Warning: a conversion was cut short; "dkm retention apply" ends it.');
  if (found.differing > 0)
    sayAside(
      `Warning: ${found.differing} metrics are kept by other rules than these, which hold for new metrics only: "dkm retention plan" shows what it takes to convert them.`,
    );
}

function tellObstacles({ obstacles, examples }: Pick<Survey, 'obstacles' | 'examples'>): void {
  const counts = Object.entries(obstacles).filter(([, count]) => count > 0);
  if (counts.length === 0) return;
  sayAside(`Warning: files that are left alone: ${counts.map(([kind, count]) => `${count} ${kind}`).join(', ')}. For example:`);
  for (const { file, why } of examples.slice(0, 5)) sayAside(`  ${file}: ${why}`);
}

/** `dkm retention plan`. */
export async function plan(layout: Layout, options: PlanCommandOptions): Promise<number> {
  const { store, rules } = await opened(layout);
  const planned = await planConversion(store.directory, rules, options, selectionOf(options, rules));
  if (options.json) say(JSON.stringify({ schema: 1, ...shownPlan(planned) }, null, 1));
  else tellPlan(planned, rules);
  return EXIT.fine;
}

/** What the options restrict it to; a rule that there is not is a mistake, not an empty selection. */
function selectionOf({ pattern, metric }: PlanCommandOptions, { schemas }: Rules): Selection {
  if (pattern !== undefined && !schemas.some((rule) => rule.name === pattern || rule.pattern === pattern))
    throw new DkmError('usage', `There is no rule ${pattern}.`, { hint: `Rules are ${schemas.map(({ name }) => name).join(', ')}.` });
  return { pattern, metric };
}

function shownPlan({ rules, survey: found, temporaryBytes, seconds }: Plan): Record<string, unknown> {
  const shown = rules.map(({ rule, ...counts }) => ({ rule: rule.name, pattern: rule.pattern, words: retentionsInWords(rule.archives), ...counts }));
  const { obstacles, examples, leftovers } = found;
  return { rules: shown, temporaryBytes, seconds: Math.ceil(seconds), obstacles, examples, leftovers };
}

function tellPlan(planned: Plan, rules: Rules): void {
  tellObstacles(planned.survey);
  for (const { name, fault } of rules.schemas) if (fault !== undefined) sayAside(`Warning: rule [${name}]: ${fault}. Metrics that come to it are left alone.`);
  if (planned.rules.length === 0) {
    say(
      planned.survey.leftovers > 0
        ? 'A conversion was cut short; "dkm retention apply" ends it.'
        : 'Every metric is kept as the rules say; there is nothing to convert.',
    );
    return;
  }
  const rows = planned.rules.map(({ rule, files, diskBytesBefore, diskBytesAfter }) => [
    rule.name,
    rule.pattern || '(any)',
    `${files}`,
    bytesInWords(diskBytesBefore),
    bytesInWords(diskBytesAfter),
    retentionsInWords(rule.archives),
  ]);
  say(table([['RULE', 'PATTERN', 'TO CONVERT', 'ON DISK NOW', 'THEN ABOUT', 'KEPT'], ...rows]));
  say(
    `\nIt needs up to ${bytesInWords(planned.temporaryBytes)} besides while it goes on, and ${aboutSpan(planned.seconds)}, more on a slow disk. Nothing was changed yet: "dkm retention apply".`,
  );
  tellLosses(planned);
}

function tellLosses({ rules }: Pick<Plan, 'rules'>): void {
  for (const { rule, losing, losses } of rules) {
    if (losing === 0) continue;
    sayAside(
      `Warning: [${rule.name}] keeps less of ${losing} metrics than they have: ${losses.map(lossInWords).join('; ')}. They are converted with --allow-loss only.`,
    );
  }
}

/** `dkm retention apply`. */
export async function apply(layout: Layout, options: ApplyCommandOptions): Promise<number> {
  await takeBackInterruptedChange(layout);
  const lock = await acquireLock(join(layout.run, 'retention.lock'), 'dkm retention apply');
  try {
    return await applyLocked(layout, options);
  } finally {
    lock.release();
  }
}

async function applyLocked(layout: Layout, options: ApplyCommandOptions): Promise<number> {
  const { settings, store, rules } = await opened(layout);
  const selection = selectionOf(options, rules);
  if (!store.locksFiles)
    throw new DkmError('preflight-refused', 'Nothing was changed: the store does not lock the files it writes to, so points could be lost.', {
      hint: `Set ${store.lockSetting}, then "dkm restart ${store.dialect}".`,
    });
  const lockFile = await fileLocker(layout.settings);
  const planned = await planConversion(store.directory, rules, options, selection);
  const reserveBytes = await reserveOf(store.directory, settings);
  await refuseLittleSpace(store.directory, planned.temporaryBytes, reserveBytes);
  await haveRulesTakenUp(layout, store);
  const interruption = new AbortController();
  const stop = (): void => interruption.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const { onFile, close } = progressOf(planned, options);
  const applied = await applyRules(
    store.directory,
    rules,
    { dialect: store.dialect, lock: lockFile },
    {
      selection,
      throttle: options,
      allowLoss: options.allowLoss ?? false,
      reserveBytes,
      signal: interruption.signal,
      onFile,
    },
  ).finally(close);
  const left = planned.rules.reduce((sum, { files, losing }) => sum + files - (options.allowLoss ? 0 : losing), 0) - applied.converted;
  if (options.json) say(JSON.stringify({ schema: 1, ...applied, left }, null, 1));
  else tellApplied(applied, left, planned);
  return applied.failed > 0 || applied.losing > 0 || applied.stopped ? EXIT.failed : EXIT.fine;
}

/** Free space to leave: the disk guard must not have to stop the store because of us. */
async function reserveOf(directory: string, settings: Settings): Promise<number> {
  const { blocks, bsize, files } = await statfs(directory);
  return thresholdsOf(diskLimits(settings), { totalBytes: blocks * bsize, totalInodes: files }).stopBytes + MARGIN_BYTES;
}

/** A metric that is new while this goes on should be made by the rules in force. carbon-cache looks for changed ones every minute. */
async function haveRulesTakenUp(layout: Layout, { dialect }: Store): Promise<void> {
  if (dialect !== 'go-carbon' || !isRunning(layout, dialect)) return;
  const outcomes = await command(layout, 'reload', [dialect], () => undefined);
  const failed = outcomes?.find(({ ok }) => !ok);
  if (failed)
    throw new DkmError('service-failed', `Nothing was changed: ${dialect} does not take the rules up: ${failed.message}`, {
      hint: `See "dkm logs ${dialect}".`,
    });
}

function isRunning(layout: Layout, service: string): boolean {
  try {
    const status = parseStatus(readFileSync(layout.status, 'utf8'));
    return status !== undefined && isSameProcess(status.pid, status.pidStartTime) && status.services.some(({ name, pid }) => name === service && pid !== null);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function progressOf(planned: Plan, { json }: ApplyCommandOptions): { onFile: (done: { files: number; bytes: number }) => void; close: () => void } {
  if (json) return { onFile: () => undefined, close: () => undefined };
  const progress = createProgress();
  const total = planned.rules.reduce((sum, { bytesToMove }) => sum + bytesToMove, 0);
  let done = 0;
  return {
    onFile: ({ bytes }) => {
      done += bytes;
      progress.update('retention', Math.min(done, total), total);
    },
    close: () => progress.close(),
  };
}

function tellApplied(applied: Applied, left: number, planned: Plan): void {
  const { converted, diskBytesBefore, diskBytesAfter, recovered, failed, failures, leftAlone, losing, stopped, stoppedWhy } = applied;
  if (recovered > 0) say('A conversion that was cut short was brought to its end.');
  say(
    converted === 0
      ? 'Nothing was converted.'
      : `Converted ${converted} metrics: ${bytesInWords(diskBytesBefore)} on disk before, ${bytesInWords(diskBytesAfter)} now.`,
  );
  const alone = Object.entries(leftAlone).map(([kind, count]) => `${count} ${kind}`);
  if (alone.length > 0) say(`Left alone: ${alone.join(', ')}.`);
  if (losing > 0) tellLosses(planned);
  if (failed > 0) {
    sayAside(`${failed} files could not be converted and are as they were:`);
    for (const { file, why } of failures.slice(0, 20)) sayAside(`  ${file}: ${why}`);
  }
  if (stopped === 'interrupted') sayAside(`Interrupted between two files; ${left} are left. "dkm retention apply" goes on.`);
  if (stopped === 'disk') sayAside(`Stopped: ${stoppedWhy ?? ''}. ${left} files are left; free some space, then "dkm retention apply" goes on.`);
}
