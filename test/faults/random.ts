/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** An integer from 0 to `below` - 1. */
  integer(below: number): number;
  /** One of several. */
  pick<T>(from: readonly [T, ...T[]]): T;
}

/** Mulberry32, a generator with 32 bits of state: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number): number => Math.floor(next() * below);
  return { integer, pick: (from) => from[integer(from.length)] ?? from[0] };
}
