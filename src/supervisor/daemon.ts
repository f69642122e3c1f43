import { appendFileSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, EXIT, isNotFound, messageOf, systemCodeOf } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import { acquireLock, type Lock } from '../base/lock.ts';
import { bootId, processStartTime } from '../base/process-identity.ts';
import { VERSION } from '../base/version.ts';
import { isDiskLimits, isServiceSpec, type DiskLimits, type ServiceSpec } from '../contract/service.ts';
import { parseStatus, type SupervisorStatus } from '../contract/status.ts';
import { isListening, serveControl, SupervisorEnding, type ControlReply, type ControlServer, type ControlRequest, type ServiceOutcome } from './control.ts';
import { DiskGuard } from './disk-guard.ts';
import { refuseUnknown } from './installation.ts';
import { LogKeeper } from './log-keeper.ts';
import { operate, startWaiting } from './operations.ts';
import { Pm2Engine } from './pm2.ts';
import { adopt } from './process.ts';
import { parseWatchTold, PromiseWatch, type WatchTold } from './promise-watch.ts';
import type { RotatingLog } from './rotate-log.ts';
import { Service } from './service.ts';
import { endOrphans, type Stray } from './strays.ts';
import { leftBehind } from './survivors.ts';

/*
 * The supervisor: one process per installation, started on demand by `dkm start`, starting nothing by itself. It
 * reads no configuration; the commands hand it the services as they are configured at that moment.
 */

/** How often it looks whether its installation is still there, and its own files in run/ are as it left them. */
const LOOK_MS = 2_000;

/** What a supervisor in the foreground does besides: see foreground.ts. */
export interface Foreground {
  /** Its log is written here, too, as its output goes to whoever runs it. */
  logFile: string;
  /** Called once commands reach it. */
  onListening: () => void;
}

/** Runs the supervisor of the installation at `root` until it is told to end; false, and at once, when it has one already. */
export async function runSupervisor(root: string, foreground?: Foreground): Promise<boolean> {
  const layout = layoutOf(root);
  process.umask(0o077);
  process.chdir(layout.run);
  const lock = await soleSupervisor(layout);
  if (!lock) return false;
  logFile = foreground?.logFile;
  const supervisor = new Supervisor(layout);
  supervisor.adoptSurvivors();
  await supervisor.guard.look();
  const listen = (): Promise<ControlServer> => serveControl((request, report) => supervisor.handle(request, report));
  let server = await listen();
  const look = async (): Promise<void> => {
    if (supervisor.endWithout(layout.run)) return;
    supervisor.mendFiles(lock);
    if (supervisor.isEnding || server.isReachable()) return;
    log('its socket was taken away; it listens anew');
    server.close();
    server = await listen();
  };
  let lookedAt = Promise.resolve();
  const guard = setInterval(() => {
    lookedAt = lookedAt.then(look).catch((error: unknown) => log(`its files could not be mended: ${messageOf(error)}`));
  }, LOOK_MS);
  log(`supervisor ${VERSION} of ${root} is ready, process ${process.pid}`);
  foreground?.onListening();
  await supervisor.untilTold();
  clearInterval(guard);
  await lookedAt;
  server.close();
  supervisor.guard.end();
  await supervisor.logKeeper.end();
  await supervisor.watch.end();
  await supervisor.saved();
  lock.release();
  log('supervisor ended');
  return true;
}

/** How soon it tries again to write what it could not. */
const SAVE_AGAIN_MS = 2_000;

const LOCK_WITHIN_MS = 15_000;
const LOCK_POLL_MS = 50;

/** The lock of an installation's supervisor. One that is just ending is waited for; one that listens makes us superfluous. */
async function soleSupervisor(layout: Layout): Promise<Lock | undefined> {
  const deadline = performance.now() + LOCK_WITHIN_MS;
  for (;;) {
    try {
      return await acquireLock(layout.supervisorLock, 'the supervisor');
    } catch (error) {
      if (!(error instanceof DkmError) || error.code !== 'locked' || performance.now() > deadline) throw error;
      if (await isListening()) return undefined;
      await pause(LOCK_POLL_MS);
    }
  }
}

class Supervisor {
  readonly guard: DiskGuard;
  readonly logKeeper = new LogKeeper(() => this.#rotatingLogs(), log);
  readonly watch: PromiseWatch;
  readonly #layout: Layout;
  readonly #engine: Pm2Engine;
  readonly #services = new Map<string, Service>();
  /** Processes of services that an earlier supervisor left behind, by service, as long as they are not taken over. */
  readonly #unclaimed = new Map<string, Stray & { startedAtMs: number | null }>();
  readonly #listeners = new Set<(service: Service) => void>();
  readonly #startedAtMs = Date.now();
  readonly #end = Promise.withResolvers<void>();
  #saving: Promise<void> = Promise.resolve();
  #isSavePlanned = false;
  #savingAgain: NodeJS.Timeout | undefined;
  #isEnding = false;
  /** Its files as it wrote them last. */
  readonly #written = new Map<string, string>();
  /** Commands that are being carried out. */
  #underWay = 0;
  /** A command wants it to end as soon as nothing is wanted of it. */
  #isToEnd = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#engine = new Pm2Engine(join(layout.run, 'pm2'));
    this.watch = new PromiseWatch({ layout, services: () => [...this.#services.values()].map((service) => service.status()), log });
    this.guard = new DiskGuard({
      directories: [layout.storage, layout.run],
      services: () => this.#services.values(),
      onChange: () => {
        startWaiting(this.#services);
        this.#save();
      },
      log,
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#endBy(signal));
  }

  /** Services that outlived a killed supervisor are taken over as they are: what they receive is not interrupted. */
  adoptSurvivors(): void {
    const { specs, disk, ...watched } = parseTold(readOr(servicesFile(this.#layout), ''));
    this.guard.configure(disk);
    const account = parseStatus(readOr(this.#layout.status, ''));
    for (const { spec, reason } of heldOf(account, specs)) {
      const service = this.#service(spec);
      service.hold(reason);
      service.start(); // wanted as before, and not started before the guard allows it
    }
    for (const stray of leftBehind(this.#layout, account)) {
      this.#unclaimed.set(stray.name, { ...stray, startedAtMs: account?.services.find(({ name }) => name === stray.name)?.startedAtMs ?? null });
    }
    for (const spec of specs) this.#adopt(spec);
    this.watch.remember(watched);
    if (this.#services.size > 0) this.watch.configure({});
    for (const group of endOrphans(this.#layout)) log(`process group ${group} outlived its service and was ended`);
  }

  /** Without a readable services.json it is known what a process is only when a command tells it. */
  #adopt(spec: ServiceSpec): void {
    const stray = this.#unclaimed.get(spec.name);
    this.#unclaimed.delete(spec.name);
    const process = stray && adopt(stray.pid, stray.startTime);
    if (!process) return;
    log(`${spec.name}: process ${process.pid} outlived its supervisor and is taken over`);
    this.#service(spec).adopt(process, stray.startedAtMs);
  }

  async handle(request: ControlRequest, report: (reply: ControlReply) => void): Promise<ServiceOutcome[]> {
    if (this.#isEnding) throw new SupervisorEnding();
    log(`${request.operation} ${request.services.join(' ') || '(all)'}`);
    if (request.operation === 'check' || request.operation === 'notify-test') return this.#watchNow(request, report);
    for (const spec of request.specs) {
      this.#adopt(spec);
      this.#service(spec).configure(spec);
    }
    if (request.logs) this.logKeeper.configure(request.logs);
    refuseUnknown(request.services, [...this.#services.values()]);
    if (request.disk) {
      this.guard.configure(request.disk);
      await this.guard.look(); // a store is not started only to be stopped again
      if (this.#isEnding) throw new SupervisorEnding();
    }
    if (STARTING.includes(request.operation)) this.#stopUnconfigured(request.specs);
    if (STARTING.includes(request.operation) || request.operation === 'reload') this.watch.configure(request, { isReload: request.operation === 'reload' });
    const resume = STOPPING.includes(request.operation) && request.services.length === 0 ? this.watch.pause() : () => undefined;
    const listener = (service: Service): void => {
      const { state, reason } = service.status();
      report({ kind: 'state', service: service.name, state, reason });
    };
    this.#listeners.add(listener);
    this.#underWay += 1;
    try {
      const outcomes = await operate(request, this.#services, this.#listeners);
      if (request.operation === 'shutdown') this.#isToEnd = true;
      await this.saved();
      return outcomes;
    } finally {
      this.#underWay -= 1;
      this.#listeners.delete(listener);
      this.#endIfIdle();
      if (!this.#isEnding) resume();
    }
  }

  /** What is no service's. */
  async #watchNow({ operation, services, promises, notify }: ControlRequest, report: (reply: ControlReply) => void): Promise<ServiceOutcome[]> {
    if (promises) this.watch.configure({ promises });
    if (operation === 'check') await this.watch.check(services, (promise) => report({ kind: 'promise', promise }));
    else for (const told of await this.watch.testNotify(services[0], notify)) report({ kind: 'notified', ...told });
    this.#save();
    return [];
  }

  /** An installation that was removed while it ran must not go on without its files. */
  endWithout(directory: string): boolean {
    if (existsSync(directory)) return false;
    if (!this.#isEnding) void this.#stopAllAndEnd('the installed directory is gone');
    return true;
  }

  /** Writes its files anew that somebody (a cleaner of old files, a restored backup, a damaged file system) removed or changed. */
  mendFiles(lock: Lock): void {
    if (!lock.restore()) {
      // Somebody removed the files of the lock, and another supervisor was quicker than we. Two would fight.
      log('another supervisor holds the lock of this installation: this one leaves, and its services to that one');
      process.exit(EXIT.failed);
    }
    const paths = [this.#layout.status, servicesFile(this.#layout)];
    if (!this.#isSavePlanned && paths.some((path) => this.#written.get(path) !== versionOf(path))) this.#save();
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  untilTold(): Promise<void> {
    return this.#end.promise;
  }

  /** Settles when status.json says what is true now. */
  async saved(): Promise<void> {
    this.#save();
    await this.#saving;
  }

  #service(spec: ServiceSpec): Service {
    const known = this.#services.get(spec.name);
    if (known) return known;
    const service = new Service(spec, this.#engine, (changed) => this.#onChange(changed));
    this.#services.set(spec.name, service);
    return service;
  }

  /** Every log, and who writes it. One of a service that is just being started is left alone: its shell may be about to open it. */
  #rotatingLogs(): RotatingLog[] {
    const ofServices = [...this.#services.values()].flatMap((service) => {
      const { pid, logFiles } = service.status();
      if (pid === null && service.isAlive) return [];
      return logFiles.map((path) => ({ path, leader: pid ?? undefined, reopen: reopening(service) }));
    });
    return [{ path: this.#layout.supervisorLog, leader: process.pid }, ...ofServices];
  }

  #onChange(service: Service): void {
    const { state, reason } = service.status();
    log(`${service.name}: ${state}${reason === '' ? '' : ` (${reason})`}`);
    for (const listener of [...this.#listeners]) listener(service);
    if (service.isReady) startWaiting(this.#services);
    this.#save();
  }

  /** Services that an edited conf/dkm.toml does not have any more. */
  #stopUnconfigured(specs: readonly ServiceSpec[]): void {
    for (const [name, service] of this.#services) {
      if (specs.some((spec) => spec.name === name)) continue;
      service.stop();
      if (service.state === 'STOPPED') this.#services.delete(name);
    }
  }

  /**
   * Ends if that is wanted, unless another command wants something to run meanwhile, or will: a restart under way has
   * stopped everything for a moment. From here on nothing is accepted any more.
   */
  #endIfIdle(): void {
    if (!this.#isToEnd || this.#underWay > 0) return;
    this.#isToEnd = false;
    if ([...this.#services.values()].some((service) => service.isWanted || service.state !== 'STOPPED')) return;
    this.#isEnding = true;
    this.#end.resolve();
  }

  /** Changes that come close together are written once. */
  #save(): void {
    if (this.#isSavePlanned) return;
    this.#isSavePlanned = true;
    this.#saving = this.#saving.then(async () => {
      this.#isSavePlanned = false;
      await writeAtomic(this.#layout.status, `${JSON.stringify(this.#status(), null, 1)}\n`).catch((error: unknown) => {
        log(`status.json could not be written: ${String(error)}`);
        this.#saveLater();
      });
      const specs = [...this.#services.values()].map((service) => service.spec);
      const told: Told = { specs, disk: this.guard.limits, ...this.watch.told };
      await writeAtomic(servicesFile(this.#layout), JSON.stringify(told)).catch((error: unknown) => {
        log(`services.json could not be written: ${String(error)}`);
        this.#saveLater();
      });
      for (const path of [this.#layout.status, servicesFile(this.#layout)]) this.#written.set(path, versionOf(path));
    });
  }

  /** When the disk was full: the old status.json is whole, but says what is not true any more. */
  #saveLater(): void {
    clearTimeout(this.#savingAgain);
    this.#savingAgain = setTimeout(() => this.#save(), SAVE_AGAIN_MS).unref();
  }

  #status(): SupervisorStatus {
    return {
      schema: 1,
      version: VERSION,
      pid: process.pid,
      pidStartTime: processStartTime(process.pid),
      bootId: bootId(),
      startedAtMs: this.#startedAtMs,
      services: [...this.#services.values()].map((service) => service.status()),
      warnings: [...this.guard.warnings],
    };
  }

  /** A second signal must not end it before its services have ended: they would be left to themselves. */
  #endBy(signal: NodeJS.Signals): void {
    if (this.#isEnding) log(`${signal}: it is ending already`);
    else void this.#stopAllAndEnd(signal);
  }

  async #stopAllAndEnd(why: string): Promise<void> {
    log(`${why}: stopping everything`);
    this.#isEnding = true;
    this.watch.pause();
    await operate({ operation: 'stop', services: [], specs: [] }, this.#services, this.#listeners);
    this.#end.resolve();
  }
}

/** What brings the services into line with the configuration. */
const STARTING: readonly ControlRequest['operation'][] = ['start', 'restart', 'restart-changed'];

/** What ends services, if only for a while. */
const STOPPING: readonly ControlRequest['operation'][] = ['restart', 'restart-changed', 'shutdown'];

/** Changes whenever a file is written or replaced; empty when there is none. */
function versionOf(path: string): string {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status === undefined ? '' : `${status.ino} ${status.size} ${status.mtimeMs}`;
}

/** Where the supervisor keeps what it was told to run, for the one after it. */
function servicesFile(layout: Layout): string {
  return join(layout.run, 'services.json');
}

/** How a service's log is opened by its name again; undefined when it cannot be now. */
function reopening(service: Service): (() => void) | undefined {
  const { reopen } = service.signals;
  if (reopen === 'self') return () => undefined;
  return reopen === 'restart' || !service.isReady ? undefined : () => void service.signal(reopen);
}

/** What the supervisor was told last. */
interface Told extends WatchTold {
  specs: ServiceSpec[];
  disk: DiskLimits;
}

/** Services that the last supervisor kept from running for a while, and wanted. */
function heldOf(account: SupervisorStatus | undefined, specs: readonly ServiceSpec[]): { spec: ServiceSpec; reason: string }[] {
  if (account?.bootId !== bootId()) return [];
  return account.services.flatMap(({ name, held, reason }) => {
    const spec = specs.find((candidate) => candidate.name === name);
    return spec && held ? [{ spec, reason }] : [];
  });
}

/** A file cut short by a crash must not prevent a start: it says nothing then. */
function parseTold(text: string): Told {
  try {
    const value = JSON.parse(text) as Partial<Told> | null;
    const specs: unknown[] = Array.isArray(value?.specs) ? value.specs : [];
    return { specs: specs.map(withDefaults).filter(isServiceSpec), disk: isDiskLimits(value?.disk) ? value.disk : {}, ...parseWatchTold(value) };
  } catch {
    return { specs: [], disk: {} };
  }
}

/** As an older supervisor wrote it, which did not know these. */
function withDefaults(spec: unknown): unknown {
  return { limits: {}, storesIn: [], check: [], ...(spec as object) };
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return fallback;
    throw error;
  }
}

/** A second file for the log: standard output goes elsewhere when the supervisor runs in the foreground. */
let logFile: string | undefined;

/**
 * Adds a line to the supervisor's log. Standard output is run/logs/supervisor.log, or whoever runs us in the foreground.
 * Written without a stream, which would be closed for good by the first error: where it cannot be written (the disk is
 * full or read-only, the directory was removed, who reads our output is slow or gone) a line is lost, and nothing else,
 * as there is nobody left to tell.
 */
export function log(line: string): void {
  const text = `${new Date().toISOString()} ${line}\n`;
  for (const output of logFile === undefined ? [process.stdout.fd] : [process.stdout.fd, logFile]) {
    try {
      appendFileSync(output, text, { mode: 0o600 });
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error;
    }
  }
}
