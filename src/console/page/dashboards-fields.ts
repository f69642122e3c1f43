import type { NamesAnswer, RenderedSeries } from '../answers.ts';
import { ALL, type Choice, type Variable } from '../dashboards/model.ts';
import { getJson } from './answer.ts';
import { fillIn, matching, type Chosen } from './dashboards-variables.ts';
import { byId, make } from './elements.ts';

/* The fields in which variables are chosen, and where their choices come from. */

/** Asks for the choices of query variables, in their order, as later ones may use earlier ones. Returns what went wrong. */
export async function loadChoices(variables: Variable[], chosen: Chosen): Promise<string[]> {
  const problems: string[] = [];
  for (const variable of variables) {
    if (variable.kind !== 'query') continue;
    try {
      variable.choices = await choicesOf(variable, fillIn(variable.query, variables, chosen));
    } catch (error) {
      problems.push(`The choices of "${variable.label}" could not be asked for: ${error instanceof Error ? error.message : 'the console does not answer'}`);
    }
    const values = new Set(variable.choices.map(({ value }) => value));
    const kept = (chosen[variable.name] ?? variable.current).filter((value) => value === ALL || values.has(value));
    if (kept.length > 0) continue;
    // As in Grafana: the first one; without any, all of none.
    const [first] = variable.choices;
    if (first !== undefined) chosen[variable.name] = [first.value];
    else if (variable.hasAll) chosen[variable.name] = [ALL];
  }
  return problems;
}

async function choicesOf(variable: Variable, query: string): Promise<Choice[]> {
  const [, inner] = /^expand\((.*)\)$/.exec(query.trim()) ?? [];
  const pattern = (inner ?? query).trim();
  if (pattern === '') return [];
  if (variable.isRendered) return matching([...new Set(await seriesNames(pattern))], variable.regex).map((value) => ({ text: value, value }));
  const { paths } = await getJson<NamesAnswer>(`/api/names?${new URLSearchParams({ pattern }).toString()}`);
  const names = inner === undefined ? paths.map((path) => path.slice(path.lastIndexOf('.') + 1)) : paths;
  return matching([...new Set(names)], variable.regex).map((value) => ({ text: value, value }));
}

/** What the series of an expression are called that had a point lately. */
async function seriesNames(target: string): Promise<string[]> {
  const search = new URLSearchParams({ target, from: '-1h', until: 'now', maxDataPoints: '1' });
  return (await getJson<RenderedSeries[]>(`/api/render?${search.toString()}`)).map((one) => one.target);
}

/** Shows a field for each variable; `onChange` is called with what is chosen. */
export function showVariables(variables: readonly Variable[], chosen: Chosen, onChange: (name: string, values: string[]) => void): void {
  const shown = variables.filter(({ isHidden, kind, choices }) => !isHidden && (kind !== 'unknown' || choices.length > 0));
  byId('variables').hidden = shown.length === 0;
  byId<HTMLFormElement>('variables').onsubmit = (event) => event.preventDefault();
  byId('variables').replaceChildren(
    ...shown.map((variable) =>
      make('label', { class: 'choice' }, `${variable.label} `, fieldOf(variable, chosen[variable.name] ?? variable.current, onChange)),
    ),
  );
}

function fieldOf(variable: Variable, values: readonly string[], onChange: (name: string, values: string[]) => void): HTMLElement {
  if (variable.kind === 'textbox') {
    const input = make('input', { type: 'text', value: values[0] ?? '', spellcheck: 'false' });
    input.addEventListener('change', () => onChange(variable.name, [input.value]));
    return input;
  }
  const all = variable.hasAll ? [{ text: 'All', value: ALL }] : [];
  const known = variable.choices.some(({ value }) => values.includes(value)) || values.includes(ALL);
  const current = known ? [] : values.filter(Boolean).map((value) => ({ text: value, value }));
  const select = make('select', {}, ...[...all, ...current, ...variable.choices].map(({ text, value }) => make('option', { value }, text)));
  select.multiple = variable.isMulti;
  if (variable.isMulti) select.size = Math.min(4, select.options.length || 1);
  for (const option of select.options) option.selected = values.includes(option.value);
  select.addEventListener('change', () => {
    const selected = [...select.selectedOptions].map(({ value }) => value);
    // "All" and single ones exclude each other: what was chosen last counts.
    const single = selected.filter((value) => value !== ALL);
    onChange(variable.name, selected.includes(ALL) && (single.length === 0 || !values.includes(ALL)) ? [ALL] : single);
  });
  return select;
}
