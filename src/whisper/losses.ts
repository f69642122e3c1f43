/*
 * What a file of another shape cannot hold any more.
 */

interface Shaped {
  stepSeconds: number;
  points: number;
}

/** Of points older than `fromSeconds`: the step they had, and the step they will have; `undefined` when they go. */
export interface Loss {
  fromSeconds: number;
  untilSeconds: number;
  stepSeconds: number;
  newStepSeconds: number | undefined;
}

/** Every span of time of which the new archives know less than the old ones, from the present backwards. */
export function lossesOf(before: readonly Shaped[], after: readonly Shaped[]): Loss[] {
  const ages = [...new Set([...before, ...after].map(({ stepSeconds, points }) => stepSeconds * points))].sort((a, b) => a - b);
  const losses: Loss[] = [];
  let fromSeconds = 0;
  for (const untilSeconds of ages) {
    const stepSeconds = stepAt(before, untilSeconds);
    const newStepSeconds = stepAt(after, untilSeconds);
    if (stepSeconds !== undefined && (newStepSeconds === undefined || newStepSeconds > stepSeconds))
      add(losses, { fromSeconds, untilSeconds, stepSeconds, newStepSeconds });
    fromSeconds = untilSeconds;
  }
  return losses;
}

function stepAt(archives: readonly Shaped[], ageSeconds: number): number | undefined {
  return archives.find(({ stepSeconds, points }) => stepSeconds * points >= ageSeconds)?.stepSeconds;
}

function add(losses: Loss[], loss: Loss): void {
  const last = losses.at(-1);
  if (last && last.untilSeconds === loss.fromSeconds && last.stepSeconds === loss.stepSeconds && last.newStepSeconds === loss.newStepSeconds)
    last.untilSeconds = loss.untilSeconds;
  else losses.push(loss);
}
