import type { Source } from '../source.ts';

/** A part of dkm's own executable: there is nothing to fetch or to unpack. */
export const builtInSource: Source<'built-in'> = {
  kind: 'built-in',
  describe: () => 'part of dkm itself',
  level: () => 'pinned',
  fetch: () => Promise.resolve([]),
};
