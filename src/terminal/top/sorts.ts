/* What `dkm top` takes; apart from what it does, so that a command line is read without loading that. */

export const TOP_SORTS = ['worst', 'name', 'load', 'cpu', 'memory', 'disk', 'network', 'age'] as const;
export type TopSort = (typeof TOP_SORTS)[number];

export interface TopCommandOptions {
  /** Seconds. */
  every: number;
  sort: TopSort;
  prefix: string;
  once?: boolean;
  json?: boolean;
}
