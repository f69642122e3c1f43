/** Medians of two ways to do a job, in seconds, and the median of the ratios ours / peer. */
export interface Paired {
  ours: number;
  peer: number;
  ratio: number;
}

/** Runs two jobs in turn, `times` times after one round that does not count. `between` is not timed. */
export async function paired(
  times: number,
  ours: () => Promise<unknown>,
  peer: () => Promise<unknown>,
  between: () => void = () => undefined,
): Promise<Paired> {
  const rounds: { ours: number; peer: number }[] = [];
  for (let round = 0; round <= times; round += 1) {
    between();
    rounds.push({ ours: await seconds(ours), peer: await seconds(peer) });
  }
  const counted = rounds.slice(1);
  return {
    ours: median(counted.map((round) => round.ours)),
    peer: median(counted.map((round) => round.peer)),
    ratio: median(counted.map((round) => round.ours / round.peer)),
  };
}

/** How long a job takes, in seconds of wall time. */
export async function seconds(job: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await job();
  return (performance.now() - start) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
