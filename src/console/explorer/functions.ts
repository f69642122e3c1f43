import * as z from 'zod';
import type { AskGraphite } from '../graphite/ask-graphite.ts';
import type { FunctionAnswer, FunctionParameter, FunctionsAnswer } from '../answers.ts';

/*
 * What can be done with series. carbonapi and graphite-web both tell at /functions, in one form; where neither does, a
 * short list of what both have always had is offered.
 */

/** /functions of graphite-web 1.1 (functions/params.py) and of carbonapi (expr/types/description.go), as far as it is used. */
const parameterSchema = z.object({
  name: z.string().max(100),
  type: z.union([z.string(), z.number()]).optional(),
  required: z.boolean().optional(),
  default: z.unknown().optional(),
  multiple: z.boolean().optional(),
  options: z.array(z.unknown()).nullish(),
  suggestions: z.array(z.unknown()).nullish(),
});
const functionSchema = z.object({
  name: z.string().regex(/^\w{1,80}$/),
  function: z.string().max(500).optional(),
  description: z.string().nullish(),
  group: z.string().max(100).optional(),
  params: z.array(parameterSchema).nullish(),
});

const KEPT_MS = 600_000;
const MOST_FUNCTIONS = 1000;

/** Tells the functions there are; asks the query service at most every ten minutes. */
export function functionLister(ask: AskGraphite, now: () => number = Date.now): () => Promise<FunctionsAnswer> {
  let kept: { answer: FunctionsAnswer; untilMs: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.untilMs > now()) return kept.answer;
    const outcome = await ask({ path: '/functions', search: new URLSearchParams(), nothing: '{}', advice: '', anyType: true });
    const functions = outcome.kind === 'answered' ? functionsOf(Buffer.from(outcome.body).toString('utf8')) : [];
    if (functions.length === 0) return { source: 'built-in', functions: BUILT_IN };
    kept = { answer: { source: 'query-service', functions }, untilMs: now() + KEPT_MS };
    return kept.answer;
  };
}

/** Reads /functions; what is not in the known form is left out. Pure. */
export function functionsOf(text: string): FunctionAnswer[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof answer !== 'object' || answer === null) return [];
  const parsed = Object.values(answer)
    .slice(0, MOST_FUNCTIONS)
    .map((value) => functionSchema.safeParse(value));
  return parsed
    .flatMap(({ data }) => (data === undefined ? [] : [functionAnswer(data)]))
    .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
}

function functionAnswer({ name, function: signature, description, group, params }: z.output<typeof functionSchema>): FunctionAnswer {
  return {
    name,
    signature: signature ?? `${name}()`,
    description: firstParagraph(description ?? ''),
    group: group ?? '',
    parameters: (params ?? []).slice(0, 20).map(parameterAnswer),
  };
}

function parameterAnswer(parameter: z.output<typeof parameterSchema>): FunctionParameter {
  const texts = (values: readonly unknown[] | null | undefined): string[] => (values ?? []).filter(isPlain).slice(0, 100).map(String);
  return {
    name: parameter.name,
    type: String(parameter.type ?? 'string'),
    required: parameter.required === true,
    multiple: parameter.multiple === true,
    initial: isPlain(parameter.default) ? String(parameter.default) : '',
    options: texts(parameter.options),
    suggestions: texts(parameter.suggestions),
  };
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** Descriptions are written for documentation: the first paragraph says what it does, the rest shows examples. */
function firstParagraph(text: string): string {
  const [first = ''] = text.trim().split(/\n\s*\n/);
  return first.replace(/\s+/g, ' ').replace(/``/g, '').slice(0, 400);
}

const series: FunctionParameter = { name: 'seriesList', type: 'seriesList', required: true, multiple: false, initial: '', options: [], suggestions: [] };
const needed = (name: string, type: string, initial: string, suggestions: string[] = []): FunctionParameter => ({
  ...series,
  name,
  type,
  initial,
  suggestions,
});
const builtIn = (name: string, group: string, description: string, ...more: FunctionParameter[]): FunctionAnswer => ({
  name,
  signature: `${name}(${['seriesList', ...more.map((parameter) => parameter.name)].join(', ')})`,
  description,
  group,
  parameters: [series, ...more],
});

/** What graphite-web has had since 0.9 and carbonapi from its beginning. */
export const BUILT_IN: FunctionAnswer[] = [
  builtIn('alias', 'Alias', 'Shows the series under this name.', needed('newName', 'string', '')),
  builtIn('aliasByNode', 'Alias', 'Shows each series under one part of its name, counted from 0.', needed('node', 'node', '1')),
  builtIn('averageSeries', 'Combine', 'The average of all series.'),
  builtIn('derivative', 'Transform', 'The change from point to point.'),
  builtIn('exclude', 'Filter Series', 'Leaves out the series whose names match.', needed('pattern', 'string', '')),
  builtIn('highestCurrent', 'Filter Series', 'The series with the highest latest values.', needed('n', 'integer', '5', ['1', '5', '10'])),
  builtIn('keepLastValue', 'Transform', 'Fills gaps with the value before them.'),
  builtIn('limit', 'Filter Series', 'The first series only.', needed('n', 'integer', '10')),
  builtIn('maxSeries', 'Combine', 'The highest value of all series at each time.'),
  builtIn('minSeries', 'Combine', 'The lowest value of all series at each time.'),
  builtIn(
    'movingAverage',
    'Calculate',
    'The average over so many points, or over a time.',
    needed('windowSize', 'intOrInterval', '5min', ['5', '5min', '1hour']),
  ),
  builtIn('nonNegativeDerivative', 'Transform', 'The growth of a counter from point to point; falls count as none.'),
  builtIn('perSecond', 'Transform', 'The growth of a counter per second.'),
  builtIn('scale', 'Transform', 'Multiplies every value.', needed('factor', 'float', '1')),
  builtIn('sumSeries', 'Combine', 'The sum of all series.'),
  builtIn('summarize', 'Transform', 'Sums values up over this time.', needed('intervalString', 'interval', '1hour', ['10min', '1hour', '1day'])),
  builtIn('timeShift', 'Transform', 'The same series at another time.', needed('timeShift', 'interval', '1d', ['1h', '1d', '7d'])),
];
