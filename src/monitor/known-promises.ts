import type { PromiseSpec } from '../contract/promise.ts';
import type { Known } from './memory.ts';
import { titleOf, titlesOf } from './tree.ts';

/** A promise of a partition that was not seen for so long is none of it any more. */
const LOST_MS = 2 * 86_400_000;

/**
 * The promises whose files are in the tree, by id. Those that are configured are known from the start; those that the
 * real runner finds in a SlapOS partition are known once they have a result.
 */
export class KnownPromises {
  #known = new Map<string, Known>();
  readonly #seenMs = new Map<string, number>();
  /** True when there is something that was not saved. */
  hasNews = false;

  /** What is known, by id. */
  get all(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  /** Knows what is configured, and of `remembered` what is of a partition still. Returns what is known no longer, or has another title now. */
  settle(promises: readonly PromiseSpec[], remembered: Readonly<Record<string, Known>>): [id: string, title: string][] {
    const earlier = { ...remembered, ...Object.fromEntries(this.#known) };
    const partitions = new Set(promises.flatMap(({ check }) => (check.kind === 'slapos' ? [check.partition] : [])));
    const labels = new Map<string, Omit<Known, 'title'>>(promises.map(({ id, title }) => [id, { label: title }]));
    for (const [id, { label, partition }] of Object.entries(earlier))
      if (!labels.has(id) && partition !== undefined && partitions.has(partition)) labels.set(id, { label, partition });
    const titles = titlesOf(labels.keys());
    this.#known = new Map([...labels].map(([id, rest]) => [id, { title: titles.get(id) ?? id, ...rest }]));
    return Object.entries(earlier).flatMap(([id, { title }]) => (this.#known.get(id)?.title === title ? [] : [[id, title]]));
  }

  /** What is known of the promise that a result is about. */
  of({ id, title: label, check }: PromiseSpec, seenMs: number): Known {
    this.#seenMs.set(id, seenMs);
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const short = titleOf(id);
    const made: Known = { title: this.hasTitle(short) ? id : short, label, ...(check.kind === 'slapos' && { partition: check.partition }) };
    this.#known.set(id, made);
    this.hasNews = true;
    return made;
  }

  hasTitle(title: string): boolean {
    return [...this.#known.values()].some((known) => known.title === title);
  }

  /** Forgets promises of partitions that had no result for two days, and returns them. */
  forgetLost(nowMs: number): [id: string, title: string][] {
    const lost: [string, string][] = [];
    for (const [id, { title, partition }] of this.#known) {
      if (partition === undefined) continue;
      const seenMs = this.#seenMs.get(id);
      if (seenMs === undefined)
        this.#seenMs.set(id, nowMs); // remembered from before: it has two days from now
      else if (nowMs - seenMs >= LOST_MS) lost.push([id, title]);
    }
    for (const [id] of lost) {
      this.#known.delete(id);
      this.#seenMs.delete(id);
    }
    this.hasNews ||= lost.length > 0;
    return lost;
  }
}
