import { stat, statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isNotFound, messageOf } from '../base/errors.ts';
import type { DiskLimits } from '../contract/service.ts';
import type { StatusWarning } from '../contract/status.ts';
import { describeSpace, levelOf, pauseBeforeLookMs, thresholdsOf, type Level, type Space, type Thresholds } from './disk-space.ts';

/*
 * Watches the file systems that an installation writes to. When one gets full it warns; before it is full it has the
 * services that store data there stopped cleanly, as a store that runs into a full disk loses what it holds in memory
 * and may leave half-written files. When there is space again they go on. What is decided stands in disk-space.ts.
 */

/** What the guard needs of a service. */
export interface Guarded {
  readonly name: string;
  readonly spec: { storesIn: readonly string[] };
  /** Stops it cleanly and keeps it stopped, for a reason in words. */
  hold(reason: string): void;
  /** Lets it run again. */
  release(): void;
}

/** What the guard is about and whom it tells. */
export interface GuardParts {
  /** Directories to watch besides those of the services. */
  directories: readonly string[];
  services: () => Iterable<Guarded>;
  /** The warnings are others now, or a service may run again. */
  onChange: () => void;
  log: (line: string) => void;
}

/** A file system that is watched: the directories in question, and the services that store data on it. */
interface Watched {
  device: number;
  directory: string;
  stores: Guarded[];
}

interface Finding {
  level: Level;
  sinceMs: number;
  space: Space;
}

/** How long it is believed which directories share a file system; a command has that looked up anew. */
const SYSTEMS_FOR_MS = 30_000;
/** A file server that does not answer must not keep a command waiting. */
const LOOK_WITHIN_MS = 2_000;
const LOOK_AFTER_FAULT_MS = 10_000;

/** Looks at the disks now and then, and does what is to be done. */
export class DiskGuard {
  readonly #parts: GuardParts;
  #limits: DiskLimits = {};
  #findings = new Map<number, Finding>();
  #warnings: StatusWarning[] = [];
  /** Why a question about a directory was not answered, as it was told. */
  readonly #silent = new Map<string, string>();
  /** Looked up now and then only, so that a look of our own costs little more than a `statfs`. */
  #systems: { watched: Watched[]; untilMs: number } = { watched: [], untilMs: 0 };
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** What should be seen to, for status.json. */
  get warnings(): readonly StatusWarning[] {
    return this.#warnings;
  }

  get limits(): DiskLimits {
    return this.#limits;
  }

  configure(limits: DiskLimits): void {
    this.#limits = limits;
  }

  /** Looks now, and from then on by itself until `end`. Settles when it has looked, or when a disk does not answer. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    this.#systems.untilMs = 0;
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    const enough = new AbortController();
    await Promise.race([this.#looking, pause(LOOK_WITHIN_MS, undefined, { signal: enough.signal }).catch(() => undefined)]);
    enough.abort();
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  async #lookOnce(): Promise<void> {
    const pauses: number[] = [];
    const warnings: StatusWarning[] = [];
    const findings = new Map<number, Finding>();
    const holds = new Map<Guarded, string>();
    const undecided = new Set<Guarded>();
    if (performance.now() >= this.#systems.untilMs) {
      const watched = await this.#watched(undecided);
      this.#systems = { watched, untilMs: undecided.size > 0 ? 0 : performance.now() + SYSTEMS_FOR_MS };
    }
    for (const watched of this.#systems.watched) {
      const space = await this.#ask(spaceOf, watched.directory, watched.stores, undecided);
      if (!space) continue;
      const thresholds = thresholdsOf(this.#limits, space);
      const finding = this.#judge(watched, space, thresholds);
      findings.set(watched.device, finding);
      pauses.push(pauseBeforeLookMs(finding.level, space, thresholds, watched.stores.length > 0));
      const describe = (stores: readonly Guarded[]): string => describeSpace(finding.level, finding.space, thresholds, watched.directory, namesOf(stores));
      if (finding.level !== 'enough')
        warnings.push({ about: 'disk', directory: watched.directory, sinceMs: finding.sinceMs, message: describe(watched.stores) });
      if (finding.level === 'too-little') for (const store of watched.stores) holds.set(store, describe([store]));
    }
    this.#findings = findings;
    this.#apply(holds, undecided);
    this.#tell(warnings);
    this.#plan(Math.min(...pauses, pauseBeforeLookMs('enough', undefined, undefined, false)));
  }

  #apply(holds: ReadonlyMap<Guarded, string>, undecided: ReadonlySet<Guarded>): void {
    for (const service of this.#parts.services()) {
      const reason = holds.get(service);
      if (reason !== undefined) service.hold(reason);
      else if (!undecided.has(service)) service.release();
    }
  }

  /**
   * Asks a file system something. One that fails (a disk with errors, a file server that forgot us) says nothing: its
   * stores are left as they are, and the others and the next look are not kept from it.
   */
  async #ask<T>(
    question: (directory: string) => Promise<T | undefined>,
    directory: string,
    stores: readonly Guarded[],
    undecided: Set<Guarded>,
  ): Promise<T | undefined> {
    const key = `${question.name} ${directory}`;
    try {
      const answer = await question(directory);
      this.#silent.delete(key);
      return answer;
    } catch (error) {
      for (const store of stores) undecided.add(store);
      if (this.#silent.get(key) !== messageOf(error)) this.#parts.log(`disk: ${directory} cannot be looked at: ${messageOf(error)}`);
      this.#silent.set(key, messageOf(error));
      return undefined;
    }
  }

  /** Says what a file system is like, given what it was like before, and notes in the log when that is something else. */
  #judge(watched: Watched, space: Space, thresholds: Thresholds): Finding {
    const before = this.#findings.get(watched.device);
    const level = levelOf(before?.level ?? 'enough', space, thresholds);
    const sinceMs = before?.level === level ? before.sinceMs : Date.now();
    if ((before?.level ?? 'enough') !== level) this.#parts.log(`disk: ${describeSpace(level, space, thresholds, watched.directory, namesOf(watched.stores))}`);
    return { level, sinceMs, space: before?.level === level && !isWorthTelling(before.space, space) ? before.space : space };
  }

  /** Every file system once. A directory that is not there (yet) is on none. */
  async #watched(undecided: Set<Guarded>): Promise<Watched[]> {
    const found = new Map<number, Watched>();
    const add = async (directory: string, store?: Guarded): Promise<void> => {
      const device = await this.#ask(deviceOf, directory, store ? [store] : [], undecided);
      if (device === undefined) return;
      const watched = found.get(device) ?? { device, directory, stores: [] };
      found.set(device, watched);
      if (store && !watched.stores.includes(store)) watched.stores.push(store);
    };
    for (const directory of this.#parts.directories) await add(directory);
    for (const service of this.#parts.services()) for (const directory of service.spec.storesIn) await add(directory, service);
    return [...found.values()];
  }

  #tell(warnings: StatusWarning[]): void {
    const isSame = JSON.stringify(warnings) === JSON.stringify(this.#warnings);
    this.#warnings = warnings;
    if (!isSame) this.#parts.onChange();
  }

  #plan(pauseMs: number): void {
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lookAgain(), pauseMs);
  }

  #lookAgain(): void {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    this.#looking.catch((error: unknown) => {
      this.#parts.log(`disk: ${messageOf(error)}`);
      this.#plan(LOOK_AFTER_FAULT_MS);
    });
  }
}

function namesOf(stores: readonly Guarded[]): string[] {
  return stores.map((store) => store.name);
}

/** Figures in words are renewed when they changed by an eighth, so that status.json is not written at every look. */
function isWorthTelling(told: Space, now: Space): boolean {
  const hasMoved = (before: number, after: number): boolean => Math.abs(after - before) > before / 8;
  return hasMoved(told.freeBytes, now.freeBytes) || hasMoved(told.freeInodes, now.freeInodes);
}

/** What a file system has to give to this user. */
async function spaceOf(directory: string): Promise<Space | undefined> {
  return statfs(directory).then(
    ({ bsize, blocks, bavail, files, ffree }) => ({ totalBytes: blocks * bsize, freeBytes: bavail * bsize, totalInodes: files, freeInodes: ffree }),
    unlessMissing,
  );
}

async function deviceOf(directory: string): Promise<number | undefined> {
  return stat(directory).then(({ dev }) => dev, unlessMissing);
}

function unlessMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
