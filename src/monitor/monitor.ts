import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import type { MonitorSpec } from '../contract/monitor.ts';
import type { PromiseResult, PromiseSpec } from '../contract/promise.ts';
import { makeTree, placeOf, writeConfiguration, writeHal, writeOpml } from './bootstrap.ts';
import { UNKNOWN_INSTANCE } from './feed.ts';
import { filesIn } from './history.ts';
import { makeLinks, pathLinks, removeLinks, treeLinks } from './links.ts';
import { KnownPromises } from './known-promises.ts';
import { parseMemory } from './memory.ts';
import { applyEdit, writeParameters } from './parameters.ts';
import { minutesBetween } from './periodicity.ts';
import { ResourceDocuments } from './resource-documents.ts';
import { RunFiles } from './run-files.ts';
import { removeServiceStatus, StateBuilder } from './state-builder.ts';
import type { Place } from './state.ts';
import { monitorTree, type MonitorTree } from './tree.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/*
 * Keeps the files of SlapOS's monitoring stack in storage/monitor, in the supervisor's process. Nothing here stops
 * promises from being checked: what cannot be written is logged, once, and tried again.
 */

/** What the runner of promises hands results to. */
export interface Monitor {
  /** Takes a configuration up. Never waits for other monitors. */
  configure: (spec: MonitorSpec, promises: PromiseSpec[]) => Promise<void>;
  /** Writes what came of a run; never throws. */
  record: (result: PromiseResult) => Promise<void>;
  /** Stops, with the last states written. */
  end: () => Promise<void>;
}

/** A monitor of the installation at `layout`, which does nothing before it is configured. */
export function createMonitor(layout: Layout, log: (line: string) => void): Monitor {
  return new MonitorFiles(layout, log);
}

/** How often an edited configuration is looked for; everything else is a multiple of it. */
const TICK_MS = 15_000;
const BUILD_MS = 120_000;
const RESOURCES_MS = 60_000;
/** Changes that come together are built together. */
const SOON_MS = 2_000;
const TITLES_MS = 3_600_000;
const UNKNOWN_TITLES_MS = 600_000;

class MonitorFiles implements Monitor {
  readonly #layout: Layout;
  readonly #tree: MonitorTree;
  readonly #log: (line: string) => void;
  readonly #runs: RunFiles;
  readonly #states: StateBuilder;
  readonly #resources: ResourceDocuments;
  readonly #ending = new AbortController();
  /** What failed at last, by what it was, so that it is not logged each minute. */
  readonly #failing = new Map<string, Map<string, string>>();
  readonly #known = new KnownPromises();
  #links: string[] = [];
  #spec: MonitorSpec | undefined;
  #place: Place | undefined;
  #titles = new Map<string, string>();
  /** Builds, edits and configurations, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Writes of each promise, one after the other. */
  readonly #writing = new Map<string, Promise<void>>();
  #ticking: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #builtMs = 0;
  #measuredMs = 0;
  #askedMs = 0;
  #asking: Promise<void> | undefined;

  constructor(layout: Layout, log: (line: string) => void) {
    this.#layout = layout;
    this.#tree = monitorTree(layout);
    this.#log = (line) => log(`monitor: ${line}`);
    this.#runs = new RunFiles(layout);
    this.#states = new StateBuilder(this.#tree);
    this.#resources = new ResourceDocuments(layout);
  }

  async configure(spec: MonitorSpec, promises: PromiseSpec[]): Promise<void> {
    if (this.#ending.signal.aborted) return;
    await this.#inTurn(() => this.#takeUp(spec, promises));
    this.#ticking ??= setInterval(() => this.#tick(Date.now()), TICK_MS).unref();
    this.#askedMs = 0;
    this.#tick(Date.now());
  }

  async record(result: PromiseResult): Promise<void> {
    const { id } = result.spec;
    const before = this.#writing.get(id) ?? Promise.resolve();
    const write = before.then(() => this.#attempt('results', () => this.#write(result), id));
    this.#writing.set(id, write);
    await write;
    if (this.#writing.get(id) === write) this.#writing.delete(id);
  }

  async end(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    clearInterval(this.#ticking);
    clearTimeout(this.#soon);
    this.#ending.abort();
    await Promise.all(this.#writing.values());
    await this.#asking;
    await this.#inTurn(() => this.#build(Date.now()));
  }

  async #takeUp(spec: MonitorSpec, promises: PromiseSpec[]): Promise<void> {
    const place = placeOf(spec, this.#layout);
    [this.#spec, this.#place] = [spec, place];
    const tree = this.#tree;
    await this.#attempt('its directories', () => makeTree(tree));
    await this.#attempt('promises that are none any more', () => this.#settlePromises(promises));
    await this.#attempt('links', () => this.#settleLinks(spec, promises));
    await this.#attempt('monitor.conf', () => writeConfiguration(spec, place, this.#layout));
    await this.#attempt('monitor.haljson', () => writeHal(spec, this.#known.all, tree));
    await this.#attempt('parameters', () => writeParameters(spec, tree, this.#log));
    await this.#attempt('feeds', () => writeOpml(spec, this.#titles, tree, Date.now()));
    await this.#attempt('its process id', () => replaceFile(tree.bootstrapPid, String(process.pid)));
    await this.#saveMemory();
    this.#builtMs = this.#measuredMs = 0;
  }

  /** Gives every promise its title, and takes away what is left of those that are none any more, or are called otherwise. */
  async #settlePromises(promises: readonly PromiseSpec[]): Promise<void> {
    const memory = parseMemory((await readIfPresent(this.#tree.memory)) ?? '');
    if (this.#links.length === 0) this.#links = memory.links;
    await this.#remove(this.#known.settle(promises, memory.promises));
    await removeServiceStatus(this.#tree, await filesIn(this.#tree.public), new Set(this.#known.all.keys()));
  }

  async #remove(gone: readonly [id: string, title: string][]): Promise<void> {
    for (const [id, title] of gone) {
      if (!this.#known.hasTitle(title)) this.#states.forget(title);
      await this.#runs.remove(id, title);
    }
  }

  async #settleLinks(spec: MonitorSpec, promises: readonly PromiseSpec[]): Promise<void> {
    const wanted = new Map([...treeLinks(this.#tree), ...pathLinks(spec, promises, this.#layout, this.#log)]);
    const earlier = new Set(this.#links);
    await removeLinks(
      this.#links.filter((path) => !wanted.has(path)),
      this.#tree,
    );
    this.#links = [...wanted.keys()];
    await makeLinks(wanted, earlier);
  }

  async #saveMemory(): Promise<void> {
    const text = toAsciiJson({ schema: 1, promises: Object.fromEntries(this.#known.all), links: this.#links });
    await this.#attempt('what is remembered', async () => {
      if (text !== (await readIfPresent(this.#tree.memory))) await replaceFile(this.#tree.memory, text);
      this.#known.hasNews = false;
    });
  }

  async #write(result: PromiseResult): Promise<void> {
    if (this.#spec === undefined || this.#ending.signal.aborted) return;
    const { title } = this.#known.of(result.spec, result.startedAtMs);
    const record = this.#runs.recordOf(result, title);
    if (this.#states.take(record)) this.#buildSoon();
    await this.#runs.write(result, record, minutesBetween(result.spec.schedule));
  }

  #buildSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#builtMs = 0;
      this.#tick(Date.now());
    }, SOON_MS).unref();
  }

  /** Has everything done that is due. A clock that was set back makes it due, too. */
  #tick(nowMs: number): void {
    if (this.#ending.signal.aborted) return;
    const isDue = (lastMs: number, everyMs: number): boolean => Math.abs(nowMs - lastMs) >= everyMs - TICK_MS / 2;
    if (isDue(this.#measuredMs, RESOURCES_MS)) {
      this.#measuredMs = nowMs;
      void this.#inTurn(() => this.#attempt('resource documents', () => this.#resources.write(nowMs)));
    }
    void this.#inTurn(() => this.#edit());
    if (isDue(this.#builtMs, BUILD_MS)) {
      this.#builtMs = nowMs;
      void this.#inTurn(() => this.#build(nowMs));
    }
    const hasUnknown = this.#spec?.instances.some((url) => (this.#titles.get(url) ?? UNKNOWN_INSTANCE) === UNKNOWN_INSTANCE) ?? false;
    if (this.#asking === undefined && isDue(this.#askedMs, hasUnknown ? UNKNOWN_TITLES_MS : TITLES_MS)) {
      this.#askedMs = nowMs;
      this.#asking = this.#askTitles().finally(() => (this.#asking = undefined));
    }
  }

  async #build(nowMs: number): Promise<void> {
    const [spec, place] = [this.#spec, this.#place];
    if (spec === undefined || place === undefined) return;
    await this.#attempt('states', async () => {
      await this.#remove(this.#known.forgetLost(nowMs));
      this.#runs.missing(await this.#states.build({ spec, place, nowMs }));
    });
    if (!this.#known.hasNews) return;
    await this.#saveMemory();
    await this.#attempt('monitor.haljson', () => writeHal(spec, this.#known.all, this.#tree));
  }

  async #edit(): Promise<void> {
    const spec = this.#spec;
    if (spec === undefined) return;
    await this.#attempt('the edited configuration is not applied', async () => {
      if (await applyEdit(spec, this.#tree)) {
        this.#log('the configuration was changed through the interface');
        this.#buildSoon();
      }
    });
  }

  /** Asks other monitors what they are called, and writes the list of feeds with it. */
  async #askTitles(): Promise<void> {
    const spec = this.#spec;
    if (spec === undefined) return;
    const found = await titlesOf(spec.instances, this.#ending.signal);
    if (this.#ending.signal.aborted) return;
    // One that is down for a moment keeps the name it had.
    for (const [url, title] of found) if (title !== UNKNOWN_INSTANCE || !this.#titles.has(url)) this.#titles.set(url, title);
    await this.#inTurn(async () => {
      if (!isDeepStrictEqual(spec, this.#spec)) return;
      await this.#attempt('feeds', () => writeOpml(spec, this.#titles, this.#tree, Date.now()));
      await this.#attempt('the outcome of the bootstrap', () => this.#noteBootstrap([...found.values()].every((title) => title !== UNKNOWN_INSTANCE)));
    });
  }

  /** An empty file says that every other monitor answered; a stock promise (monitor_bootstrap_status) looks at it. */
  async #noteBootstrap(isWhole: boolean): Promise<void> {
    if (isWhole) await replaceFile(this.#tree.bootstrapResult, '');
    else await rm(this.#tree.bootstrapResult, { force: true });
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(action).catch((error: unknown) => this.#log(messageOf(error)));
    this.#queue = turn;
    return turn;
  }

  /** Does something whose failure is logged, and not again while it is the same or that of another member. */
  async #attempt(what: string, action: () => Promise<unknown>, member = ''): Promise<void> {
    const failing = this.#failing.get(what) ?? new Map<string, string>();
    try {
      await action();
      if (failing.delete(member) && failing.size === 0) this.#log(`${what}: it works again`);
    } catch (error) {
      const reason = systemCodeOf(error) ?? messageOf(error); // a full disk is one thing, whatever file it was found with
      if (![...failing.values()].includes(reason)) this.#log(`${what}: ${messageOf(error)}`);
      failing.set(member, reason);
      this.#failing.set(what, failing);
    }
  }
}

/** TLS is loaded for those alone who have other monitors. */
async function titlesOf(instances: readonly string[], signal: AbortSignal): Promise<Map<string, string>> {
  if (instances.length === 0) return new Map();
  const { titlesOfMonitors } = await import('./related.ts');
  return titlesOfMonitors(instances, signal);
}
