import type { PromiseStatus } from '../../contract/promise.ts';

/** The states that the list of promises can be narrowed to. */
export const PROMISE_FILTERS = [
  { state: 'all', title: 'All' },
  { state: 'broken', title: 'Broken' },
  { state: 'known', title: 'Broken and known' },
  { state: 'no-data', title: 'No data' },
  { state: 'kept', title: 'Kept' },
  { state: 'pending', title: 'Not checked yet' },
] as const;

/** Which promises are shown. */
export interface PromiseFilter {
  state: (typeof PROMISE_FILTERS)[number]['state'];
  /** All of its words must be found. */
  text: string;
}

const LONGEST_TEXT = 200;

/** The filter in a page's address; what is not understood narrows nothing. Pure. */
export function filterOf(search: URLSearchParams): PromiseFilter {
  const state = PROMISE_FILTERS.find((known) => known.state === search.get('state'))?.state ?? 'all';
  return { state, text: (search.get('q') ?? '').slice(0, LONGEST_TEXT).trim() };
}

/** True for a promise that a filter lets through. Pure. */
export function isShown(promise: PromiseStatus, { state, text }: PromiseFilter): boolean {
  return isInState(promise, state) && hasWords(promise, text);
}

function isInState({ state, acknowledged }: PromiseStatus, wanted: PromiseFilter['state']): boolean {
  switch (wanted) {
    case 'all':
      return true;
    case 'broken':
      return state === 'failed' && acknowledged === undefined;
    case 'known':
      return state === 'failed' && acknowledged !== undefined;
    case 'kept':
      return state === 'ok';
    case 'no-data':
    case 'pending':
      return state === wanted;
  }
}

function hasWords({ id, title, message, origin, kind }: PromiseStatus, text: string): boolean {
  const all = [id, title, message, origin, kind].join('\n').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
