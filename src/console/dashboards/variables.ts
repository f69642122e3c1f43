import { list, number, oneOf, record, text, type Loose } from './loose.ts';
import { ALL, AUTO, type Choice, type Variable, type VariableKind } from './model.ts';

const KINDS: readonly VariableKind[] = ['query', 'custom', 'interval', 'textbox', 'constant'];

/** A dashboard's variables; one of a kind that is not known keeps its current value and says so. Pure. */
export function variablesOf(templating: unknown): Variable[] {
  return list(record(templating)['list'], 50)
    .map((given) => variableOf(record(given)))
    .filter(({ name }) => /^\w+$/.test(name));
}

function variableOf(given: Loose): Variable {
  const type = text(given['type']);
  const kind = oneOf(type, KINDS, 'unknown');
  const choices = choicesOf(kind, given);
  const isMulti = given['multi'] === true;
  const current = currentOf(given, choices);
  return {
    name: text(given['name']),
    label: text(given['label']) || text(given['name']),
    kind,
    query: kind === 'query' ? queryOf(given['query']) : text(given['query']),
    isRendered: kind === 'query' && record(given['query'])['queryType'] === 'Metric Name',
    auto: kind === 'interval' && given['auto'] === true ? { count: number(given['auto_count']) ?? 30, finest: text(given['auto_min'], '10s') } : undefined,
    regex: text(given['regex']),
    choices,
    isMulti,
    hasAll: given['includeAll'] === true,
    allValue: text(given['allValue']),
    current,
    isHidden: given['hide'] === 2 || given['hide'] === 'hideVariable' || kind === 'constant',
    note: kind === 'unknown' ? `The variable "${text(given['name'])}" is of the kind "${type}", which is not known here: it keeps its value.` : '',
  };
}

/** Graphite's queries are texts; newer versions of Grafana put them into an object. */
function queryOf(query: unknown): string {
  return typeof query === 'string' ? query : text(record(query)['query'] ?? record(query)['target']);
}

function choicesOf(kind: VariableKind, given: Loose): Choice[] {
  if (kind === 'interval' && given['auto'] === true) return [{ text: 'auto', value: AUTO }, ...writtenChoices(text(given['query']))];
  if (kind === 'custom' || kind === 'interval') return writtenChoices(text(given['query']));
  if (kind === 'unknown')
    return list(given['options'])
      .map((option) => ({ text: text(record(option)['text']), value: text(record(option)['value']) }))
      .filter(({ value }) => value !== ALL);
  return [];
}

/** `1h,Name : value,1\,5`: choices by commas, with a name of their own before " : ". Pure. */
function writtenChoices(query: string): Choice[] {
  const parts = query.match(/(?:\\,|[^,])+/g) ?? [];
  return parts
    .map((part) => part.replaceAll('\\,', ',').trim())
    .filter((part) => part !== '' && part !== 'auto')
    .map((part) => {
      const [, name = '', value = ''] = /^\s*(.+)\s:\s(.+)$/.exec(part) ?? [];
      return value === '' ? { text: part, value: part } : { text: name.trim(), value: value.trim() };
    });
}

function currentOf(given: Loose, choices: readonly Choice[]): string[] {
  const { value } = record(given['current']);
  if (given['type'] === 'interval' && given['auto'] === true && text(value).startsWith('$__auto')) return [AUTO];
  const values = (Array.isArray(value) ? list(value) : [value]).map((one) => text(one)).filter((one) => one !== '' && !one.startsWith('$__auto'));
  if (values.length > 0) return values;
  const written = text(given['query']);
  if (given['type'] === 'textbox' || given['type'] === 'constant') return [written];
  return choices.slice(0, 1).map((choice) => choice.value);
}
