/** Where a line goes: x and y. */
export type TrendPoint = readonly [x: number, y: number];

/**
 * The slope of the line through points (least squares), which are in the order of x; undefined while they are fewer than
 * `fewest` or span less than `shortest`. Pure.
 */
export function slopeOf(points: readonly TrendPoint[], { fewest, shortest }: { fewest: number; shortest: number }): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < fewest || last[0] - first[0] < shortest) return undefined;
  const mean = (of: (point: TrendPoint) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [middleX, middleY] = [mean(([x]) => x), mean(([, y]) => y)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
  return variance === 0 ? undefined : covariance / variance;
}
