/** Lets so many tasks go on at the same time; the others wait in line, those that somebody waits for before the rest. */
export class Slots {
  #free: number;
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs a task when there is a place for it. */
  async run<T>(task: () => Promise<T>, isUrgent: boolean): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      (isUrgent ? this.#urgent : this.#waiting).push(resolve);
      await promise;
    }
    try {
      return await task();
    } finally {
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
