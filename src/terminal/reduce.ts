import { greatestDistance, type Point } from './series.ts';

/*
 * Many points in few columns: of each column the least and the greatest value, so that a peak of one point is as high as
 * it was.
 */

/** What the points of one column say. */
export interface Slot {
  min: number;
  max: number;
}

/** A line between two values that follow each other. */
export interface Join {
  fromSlot: number;
  from: number;
  toSlot: number;
  to: number;
}

export interface Reduced {
  /** One for each column; undefined where nothing is known. */
  slots: (Slot | undefined)[];
  joins: Join[];
}

/** Points within a time span, in so many columns; values of other times are left out. Pure. */
export function reduce(points: readonly Point[], fromS: number, untilS: number, count: number): Reduced {
  const slots = Array.from<Slot | undefined>({ length: count });
  const joins: Join[] = [];
  const far = greatestDistance(points);
  let before: { at: number; slot: number; value: number } | undefined;
  for (const [at, value] of points) {
    if (value === null || at < fromS || at > untilS) continue;
    const slot = slotOf(at, fromS, untilS, count);
    const present = slots[slot];
    slots[slot] = present === undefined ? { min: value, max: value } : { min: Math.min(present.min, value), max: Math.max(present.max, value) };
    if (before !== undefined && at - before.at <= far) joins.push({ fromSlot: before.slot, from: before.value, toSlot: slot, to: value });
    before = { at, slot, value };
  }
  return { slots, joins: joins.filter(({ fromSlot, toSlot }) => fromSlot !== toSlot) };
}

/** The column of a time. Pure. */
export function slotOf(at: number, fromS: number, untilS: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(((at - fromS) / (untilS - fromS)) * count)));
}
