import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, isNotFound } from '../base/errors.ts';
import { writeAtomic } from '../base/files.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import { acquireLock, type Lock } from '../base/lock.ts';
import { bootId, processStartTime } from '../base/process-identity.ts';
import { VERSION } from '../base/version.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { parseStatus, type SupervisorStatus } from '../contract/status.ts';
import { isListening, serveControl, SupervisorEnding, type ControlReply, type ControlRequest, type ServiceOutcome } from './control.ts';
import { refuseUnknown } from './installation.ts';
import { operate, startWaiting } from './operations.ts';
import { Pm2Engine } from './pm2.ts';
import { adopt } from './process.ts';
import { Service } from './service.ts';
import { survivors } from './survivors.ts';

/*
 * The supervisor: one process per installation, started on demand by `dkm start`, starting nothing by itself. It
 * reads no configuration; the commands hand it the services as they are configured at that moment.
 */

/** How often it looks whether its installation is still there. */
const DIRECTORY_CHECK_MS = 10_000;

/** Runs the supervisor of the installation at `root` until it is told to end; returns at once when it has one already. */
export async function runSupervisor(root: string): Promise<void> {
  const layout = layoutOf(root);
  process.umask(0o077);
  process.chdir(layout.run);
  const lock = await soleSupervisor(layout);
  if (!lock) return;
  const supervisor = new Supervisor(layout);
  supervisor.adoptSurvivors();
  const guard = setInterval(() => supervisor.endWithout(layout.run), DIRECTORY_CHECK_MS);
  const server = await serveControl((request, report) => supervisor.handle(request, report));
  log(`supervisor ${VERSION} of ${root} is ready, process ${process.pid}`);
  await supervisor.untilTold();
  server.close();
  clearInterval(guard);
  await supervisor.saved();
  lock.release();
  log('supervisor ended');
}

const LOCK_WITHIN_MS = 15_000;
const LOCK_POLL_MS = 50;

/** The lock of an installation's supervisor. One that is just ending is waited for; one that listens makes us superfluous. */
async function soleSupervisor(layout: Layout): Promise<Lock | undefined> {
  const deadline = Date.now() + LOCK_WITHIN_MS;
  for (;;) {
    try {
      return await acquireLock(layout.supervisorLock, 'the supervisor');
    } catch (error) {
      if (!(error instanceof DkmError) || error.code !== 'locked' || Date.now() > deadline) throw error;
      if (await isListening()) return undefined;
      await pause(LOCK_POLL_MS);
    }
  }
}

class Supervisor {
  readonly #layout: Layout;
  readonly #engine: Pm2Engine;
  readonly #services = new Map<string, Service>();
  readonly #listeners = new Set<(service: Service) => void>();
  readonly #startedAtMs = Date.now();
  readonly #end = Promise.withResolvers<void>();
  #saving: Promise<void> = Promise.resolve();
  #isSavePlanned = false;
  #isEnding = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.#engine = new Pm2Engine(join(layout.run, 'pm2'));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void this.#stopAllAndEnd(signal));
  }

  /** Services that outlived a killed supervisor are taken over as they are: what they receive is not interrupted. */
  adoptSurvivors(): void {
    for (const { spec, pid, pidStartTime, startedAtMs } of survivorsOf(this.#layout)) {
      const process = adopt(pid, pidStartTime);
      if (!process) continue;
      log(`${spec.name}: process ${pid} outlived its supervisor and is taken over`);
      this.#service(spec).adopt(process, startedAtMs);
    }
  }

  async handle(request: ControlRequest, report: (reply: ControlReply) => void): Promise<ServiceOutcome[]> {
    if (this.#isEnding) throw new SupervisorEnding();
    log(`${request.operation} ${request.services.join(' ') || '(all)'}`);
    for (const spec of request.specs) this.#service(spec).configure(spec);
    refuseUnknown(request.services, [...this.#services.values()]);
    if (request.operation === 'start' || request.operation === 'restart') this.#stopUnconfigured(request.specs);
    const listener = (service: Service): void => {
      const { state, reason } = service.status();
      report({ kind: 'state', service: service.name, state, reason });
    };
    this.#listeners.add(listener);
    try {
      const outcomes = await operate(request, this.#services, this.#listeners);
      if (request.operation === 'shutdown') this.#endIfIdle();
      await this.saved();
      return outcomes;
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** An installation that was removed while it ran must not go on without its files. */
  endWithout(directory: string): void {
    if (!existsSync(directory)) void this.#stopAllAndEnd('the installed directory is gone');
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

  /** Ends, unless another command wants something to run meanwhile. From here on nothing is accepted any more. */
  #endIfIdle(): void {
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
      await writeAtomic(this.#layout.status, `${JSON.stringify(this.#status(), null, 1)}\n`).catch((error: unknown) =>
        log(`status.json could not be written: ${String(error)}`),
      );
      await writeAtomic(servicesFile(this.#layout), JSON.stringify([...this.#services.values()].map((service) => service.spec))).catch(() => undefined);
    });
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
    };
  }

  async #stopAllAndEnd(why: string): Promise<void> {
    log(`${why}: stopping everything`);
    this.#isEnding = true;
    await operate({ operation: 'stop', services: [], specs: [] }, this.#services, this.#listeners);
    this.#end.resolve();
  }
}

/** Where the supervisor keeps what it was told to run, for the one after it. */
function servicesFile(layout: Layout): string {
  return join(layout.run, 'services.json');
}

interface Survivor {
  spec: ServiceSpec;
  pid: number;
  pidStartTime: string | null;
  startedAtMs: number | null;
}

function survivorsOf(layout: Layout): Survivor[] {
  const specs = parseSpecs(readOr(servicesFile(layout), '[]'));
  return survivors(parseStatus(readOr(layout.status, ''))).flatMap(({ name, pid, pidStartTime, startedAtMs }) => {
    const spec = specs.find((candidate) => candidate.name === name);
    return spec && pid !== null ? [{ spec, pid, pidStartTime, startedAtMs }] : [];
  });
}

/** A file cut short by a crash must not prevent a start: it says nothing then. */
function parseSpecs(text: string): ServiceSpec[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as ServiceSpec[]) : [];
  } catch {
    return [];
  }
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isNotFound(error)) return fallback;
    throw error;
  }
}

/** Standard output is run/logs/supervisor.log. */
function log(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}
