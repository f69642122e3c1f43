import { ALL, type Variable } from '../dashboards/model.ts';

/* The variables of a dashboard: what is chosen, and targets with them filled in. */

/** What is chosen, by the variable's name. */
export type Chosen = Record<string, string[]>;

const VARIABLE = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g;

/** The text with its variables filled in; several values become `{a,b}`, as Graphite writes alternatives. Pure. */
export function fillIn(text: string, variables: readonly Variable[], chosen: Chosen): string {
  return text.replace(VARIABLE, (whole, braced?: string, format?: string, plain?: string, bracketed?: string) => {
    const variable = variables.find(({ name }) => name === (braced ?? plain ?? bracketed));
    if (variable === undefined) return whole;
    const values = valuesOf(variable, chosen[variable.name] ?? variable.current);
    if (format === 'csv') return values.join(',');
    if (format === 'pipe') return values.join('|');
    if (format === 'regex') return values.length === 1 ? values.join('') : `(${values.join('|')})`;
    return values.length === 1 ? values.join('') : `{${values.join(',')}}`;
  });
}

/** The values that are meant: all of them for "all". Pure. */
export function valuesOf({ choices, allValue, hasAll }: Variable, chosen: readonly string[]): string[] {
  if (!hasAll || !chosen.includes(ALL)) return [...chosen];
  return allValue === '' ? choices.map(({ value }) => value) : [allValue];
}

/** Targets with `#A` replaced by the target of that letter. Pure. */
export function withReferences(targets: readonly { refId: string; target: string }[]): string[] {
  const byRef = new Map(targets.map(({ refId, target }) => [refId, target]));
  const resolve = (text: string, depth: number): string =>
    depth > 5 ? text : text.replace(/#([A-Z])\b/g, (whole, refId: string) => (byRef.has(refId) ? resolve(byRef.get(refId) ?? '', depth + 1) : whole));
  return targets.map(({ target }) => resolve(target, 0));
}

/** Names that match a dashboard's `/regex/`; its first group is the value. A pattern that cannot be read lets everything through. Pure. */
export function matching(names: readonly string[], regex: string): string[] {
  if (regex.trim() === '') return [...names];
  const [, body = regex, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(regex.trim()) ?? [];
  let pattern: RegExp;
  try {
    pattern = new RegExp(body, flags.replace(/[^imsu]/g, ''));
  } catch {
    return [...names];
  }
  return [
    ...new Set(
      names.flatMap((name) => {
        const match = pattern.exec(name);
        return match === null ? [] : [match[1] ?? match[0]];
      }),
    ),
  ];
}
