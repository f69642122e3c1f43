import { messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import type { Acknowledgement } from '../contract/promise.ts';
import { readAcknowledgements, versionOfAcknowledgements, withdraw } from './acknowledgements.ts';

/** Acknowledgements as the runner sees them: read again when their file changed. */
export class Held {
  readonly #layout: Pick<Layout, 'notify'>;
  readonly #log: (line: string) => void;
  #version = '';
  #all = new Map<string, Acknowledgement>();

  constructor(layout: Pick<Layout, 'notify'>, log: (line: string) => void) {
    this.#layout = layout;
    this.#log = log;
  }

  /** The one that holds for a promise now. */
  of(id: string): Acknowledgement | undefined {
    const own = this.#all.get(id);
    return own !== undefined && own.untilMs > Date.now() ? own : undefined;
  }

  /** True when others hold than before. */
  look(): boolean {
    const version = versionOfAcknowledgements(this.#layout);
    const over = [...this.#all].filter(([, { untilMs }]) => untilMs <= Date.now());
    for (const [id] of over) this.#all.delete(id);
    if (version === this.#version) return over.length > 0;
    this.#version = version;
    this.#all = readAcknowledgements(this.#layout, Date.now());
    return true;
  }

  /** A promise was kept: whoever knew of its breaking does not know of the next one. */
  kept(id: string): void {
    const own = this.#all.get(id);
    if (own === undefined) return;
    this.#all.delete(id);
    void withdraw(this.#layout, id, own.sinceMs).catch((error: unknown) =>
      this.#log(`the acknowledgement of ${id} could not be taken back: ${messageOf(error)}`),
    );
  }
}
