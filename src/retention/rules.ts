import { readFile } from 'node:fs/promises';
import { DkmError, messageOf } from '../base/errors.ts';
import { readIfPresent } from '../base/files.ts';
import { parseRetentions } from '../manifest/retention.ts';
import { methodNumber, type Dialect } from '../whisper/aggregation.ts';
import type { Shape } from '../whisper/format.ts';
import { toRegExp } from './patterns.ts';
import { readSections, type Section } from './sections.ts';
import type { Store } from './store.ts';

/*
 * The rules in force: which metric is kept how long (storage-schemas.conf) and thinned out in which way
 * (storage-aggregation.conf), as the store decides it when it makes a file.
 */

/** A section of storage-schemas.conf. */
export interface SchemaRule {
  name: string;
  /** As it stands in the file. */
  pattern: string;
  archives: Shape['archives'];
  /** Undefined for a rule that matches every metric, the store's own default. */
  regExp: RegExp | undefined;
  /** Why nothing can be decided by this rule: metrics that come to it are left alone. */
  fault?: string;
}

/** A section of storage-aggregation.conf. */
export interface AggregationRule {
  name: string;
  pattern: string;
  regExp: RegExp | undefined;
  methodName: string;
  method: number;
  xFilesFactor: number;
  fault?: string;
}

export interface Rules {
  dialect: Dialect;
  schemas: SchemaRule[];
  aggregations: AggregationRule[];
  /** Sections that the store passes over, and why. */
  ignored: string[];
}

/** What the rules say of a metric. `undecided`: a rule that dkm cannot read comes first. `unruled`: the store would make no file for it. */
export type Decision =
  { kind: 'ruled'; rule: SchemaRule; aggregation: AggregationRule; shape: Shape } | { kind: 'undecided'; rule: string; why: string } | { kind: 'unruled' };

/** Reads the rules of a store. Throws `file-invalid` for what the store would refuse, too. */
export async function loadRules(store: Pick<Store, 'dialect' | 'schemasFile' | 'aggregationFile'>): Promise<Rules> {
  const [schemas, aggregations] = await Promise.all([
    readFile(store.schemasFile, 'utf8').catch((error: unknown) => {
      throw new DkmError('file-missing', `${store.schemasFile} cannot be read: ${messageOf(error)}.`, { cause: error });
    }),
    readIfPresent(store.aggregationFile),
  ]);
  return parseRules({ schemas, aggregations: aggregations ?? '' }, store);
}

/** The rules that two files' texts hold. */
export function parseRules(texts: { schemas: string; aggregations: string }, files: Pick<Store, 'dialect' | 'schemasFile' | 'aggregationFile'>): Rules {
  const { dialect } = files;
  const ignored: string[] = [];
  const schemas = inOrder(readSections(texts.schemas, files.schemasFile, dialect), dialect, files.schemasFile).flatMap(
    (section) => schemaRule(section, files.schemasFile, dialect, ignored) ?? [],
  );
  const aggregations = readSections(texts.aggregations, files.aggregationFile, dialect).flatMap(
    (section) => aggregationRule(section, files.aggregationFile, dialect, ignored) ?? [],
  );
  const everything = { pattern: '', regExp: undefined };
  // carbon's own: lib/carbon/storage.py, defaultSchema and defaultAggregation. go-carbon makes no file without a rule.
  if (dialect === 'carbon-cache') schemas.push({ name: '(carbon)', ...everything, archives: [{ stepSeconds: 60, points: 10_080 }] });
  aggregations.push({ name: '(default)', ...everything, methodName: 'average', method: 1, xFilesFactor: 0.5 });
  return { dialect, schemas, aggregations, ignored };
}

/** What becomes of a metric of this name. */
export function decide(metric: string, { schemas, aggregations }: Rules): Decision {
  const rule = firstMatch(metric, schemas);
  if (rule === undefined) return { kind: 'unruled' };
  if (rule.fault !== undefined) return { kind: 'undecided', rule: rule.name, why: rule.fault };
  const aggregation = firstMatch(metric, aggregations);
  if (aggregation === undefined) return { kind: 'unruled' };
  if (aggregation.fault !== undefined) return { kind: 'undecided', rule: aggregation.name, why: aggregation.fault };
  const { method, xFilesFactor } = aggregation;
  return { kind: 'ruled', rule, aggregation, shape: { archives: rule.archives, method, xFilesFactor } };
}

/** The first rule that matches, or that may: of a pattern that cannot be read nobody knows. */
function firstMatch<Rule extends { regExp: RegExp | undefined; fault?: string }>(metric: string, rules: readonly Rule[]): Rule | undefined {
  return rules.find(({ regExp }) => regExp === undefined || regExp.test(metric));
}

/** go-carbon sorts by `priority`, the highest first; sections of the same one keep their order. */
function inOrder(sections: readonly Section[], dialect: Dialect, file: string): Section[] {
  if (dialect !== 'go-carbon') return [...sections];
  const priorityOf = ({ values, name }: Section): number => {
    const priority = Number(values.get('priority') || '0');
    if (!Number.isInteger(priority)) throw invalid(file, name, `priority: expected a whole number, found ${values.get('priority')}`);
    return priority;
  };
  return [...sections].sort((a, b) => priorityOf(b) - priorityOf(a));
}

function schemaRule(section: Section, file: string, dialect: Dialect, ignored: string[]): SchemaRule | undefined {
  const pattern = section.values.get('pattern') ?? '';
  const retentions = section.values.get('retentions') ?? '';
  if (pattern === '' || retentions === '') {
    const missing = pattern === '' ? 'pattern' : 'retentions';
    if (dialect === 'go-carbon') throw invalid(file, section.name, `expected ${missing}, found none`);
    ignored.push(`${file}: [${section.name}] has no ${missing}, so carbon passes it over`);
    return undefined;
  }
  const archives = archivesOf(retentions, dialect, file, section.name);
  const why = whyNotArchives(archives);
  if (why !== undefined && dialect === 'carbon-cache') {
    ignored.push(`${file}: [${section.name}] retentions = ${retentions}: ${why}, so carbon passes it over`);
    return undefined;
  }
  const regExp = toRegExp(pattern);
  const fault = why ?? ('why' in regExp ? `pattern ${pattern}: ${regExp.why}` : undefined);
  return { name: section.name, pattern, archives, regExp: 'why' in regExp ? undefined : regExp, ...(fault !== undefined && { fault }) };
}

function aggregationRule(section: Section, file: string, dialect: Dialect, ignored: string[]): AggregationRule | undefined {
  const pattern = section.values.get('pattern') ?? '';
  if (pattern === '' && dialect === 'carbon-cache') {
    ignored.push(`${file}: [${section.name}] has no pattern, so carbon passes it over`);
    return undefined;
  }
  const needed = dialect === 'go-carbon' ? { method: '', factor: '' } : { method: 'average', factor: '0.5' };
  const given = section.values.get('aggregationmethod') ?? needed.method;
  const methodName = dialect === 'go-carbon' && given === 'avg' ? 'average' : given;
  const method = methodNumber(methodName, dialect);
  if (method === undefined || (dialect === 'go-carbon' && method > 5))
    throw invalid(file, section.name, `aggregationMethod: ${dialect} has no method "${given}"`);
  const factor = section.values.get('xfilesfactor') ?? needed.factor;
  const xFilesFactor = factor.trim() === '' ? Number.NaN : Number(factor);
  if (!(xFilesFactor >= 0 && xFilesFactor <= 1)) throw invalid(file, section.name, `xFilesFactor: expected a number from 0 to 1, found "${factor}"`);
  const regExp = toRegExp(pattern);
  const common = { name: section.name, pattern, methodName, method, xFilesFactor };
  return 'why' in regExp ? { ...common, regExp: undefined, fault: `pattern ${pattern}: ${regExp.why}` } : { ...common, regExp };
}

/** Retentions with the bare numbers they may have filled in, finest first. */
function archivesOf(retentions: string, dialect: Dialect, file: string, section: string): Shape['archives'] {
  const isBare = (text: string): boolean => /^\d+$/.test(text);
  const canonical = retentions.split(',').map((part) => {
    const [step = '', duration, ...more] = part.trim().split(':');
    if (duration === undefined || more.length > 0) return part;
    // Whole numbers are seconds and points; go-carbon takes the second for seconds, when the first has a unit.
    const span = isBare(duration) && !isBare(step) && dialect === 'go-carbon' ? `${duration}s` : duration;
    return `${isBare(step) ? `${step}s` : step}:${span}`;
  });
  try {
    return parseRetentions(canonical.join(',')).sort((a, b) => a.stepSeconds - b.stepSeconds);
  } catch (error) {
    throw invalid(file, section, messageOf(error));
  }
}

/** Whisper's conditions: https://graphite.readthedocs.io/en/latest/whisper.html#archives-retention-and-precision */
function whyNotArchives(archives: Shape['archives']): string | undefined {
  for (const [index, { stepSeconds, points }] of archives.entries()) {
    const finer = archives[index - 1];
    if (finer === undefined) continue;
    const [a, b] = [`${finer.stepSeconds} s`, `${stepSeconds} s`];
    if (stepSeconds === finer.stepSeconds) return `there are two archives of ${b}`;
    if (stepSeconds % finer.stepSeconds !== 0) return `${b} is no multiple of ${a}`;
    if (stepSeconds * points <= finer.stepSeconds * finer.points) return `the archive of ${b} does not reach back further than that of ${a}`;
    if (finer.points * finer.stepSeconds < stepSeconds) return `the archive of ${a} is too short for one point of ${b}`;
  }
  return undefined;
}

function invalid(file: string, section: string, what: string): DkmError {
  return new DkmError('file-invalid', `${file}: [${section}]: ${what}${what.endsWith('.') ? '' : '.'}`, {
    hint: `The store would refuse it, too: mend ${file}.`,
  });
}
