import type { FunctionAnswer, FunctionParameter } from '../answers.ts';

/* Functions as they are found and written. */

/** Functions whose name, group or description has every word; those whose name has it first. */
export function matchingFunctions(functions: readonly FunctionAnswer[], text: string): FunctionAnswer[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (where: string, word: string): boolean => where.toLowerCase().includes(word);
  const matching = functions.filter(({ name, group, description }) => words.every((word) => has(`${name} ${group} ${description}`, word)));
  return [...matching.filter(({ name }) => words.every((word) => has(name, word))), ...matching.filter(({ name }) => !words.every((word) => has(name, word)))];
}

/** The parameters that are asked for: all but the series themselves. */
export function argumentsOf({ parameters }: FunctionAnswer): FunctionParameter[] {
  const first = parameters.findIndex(({ type }) => type.startsWith('series'));
  return parameters.filter((_, position) => position !== first);
}

/** A target inside a function, with its arguments; those at the end that are as they would be anyway are left out. Pure. */
export function wrap(chosen: FunctionAnswer, target: string, given: readonly { parameter: FunctionParameter; value: string }[]): string {
  const lastNeeded = given.findLastIndex(({ parameter, value }) => parameter.required || (value !== '' && value !== parameter.initial));
  const texts = given.slice(0, lastNeeded + 1).map(({ parameter, value }) => argumentText(parameter, value === '' ? parameter.initial : value));
  const first = chosen.parameters.findIndex(({ type }) => type.startsWith('series'));
  const all = first < 0 ? texts : [...texts.slice(0, first), target, ...texts.slice(first)];
  return `${chosen.name}(${all.join(', ')})`;
}

const UNQUOTED = new Set(['integer', 'float', 'number', 'boolean', 'node', 'nodeOrTag', 'seriesList', 'seriesLists', 'series', 'intOrInf', 'date']);

function argumentText({ type, multiple }: FunctionParameter, value: string): string {
  if (multiple)
    return value
      .split(',')
      .map((part) => oneArgument(type, part.trim()))
      .join(', ');
  return oneArgument(type, value);
}

function oneArgument(type: string, value: string): string {
  const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value);
  if (value === '') return type === 'boolean' ? 'false' : "''";
  if (isNumber && type !== 'string' && type !== 'interval' && type !== 'tag') return value;
  if (type === 'boolean' || type.startsWith('series')) return value;
  if (UNQUOTED.has(type) && (value === 'inf' || value === 'None')) return value;
  return value.includes("'") ? `"${value.replaceAll('"', '')}"` : `'${value}'`;
}
