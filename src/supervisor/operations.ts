import { messageOf } from '../base/errors.ts';
import type { ControlRequest, ServiceOutcome } from './control.ts';
import { checkConfiguration, tailOfLogs } from './prepare.ts';
import { startingOrder } from './order.ts';
import type { Service } from './service.ts';

/*
 * What the supervisor does for a command. Commands may overlap: each only says what it wants of its services and
 * waits for what becomes of them, so a `stop` need not wait for a `start` that takes long.
 */

type Listeners = Set<(service: Service) => void>;
type Services = ReadonlyMap<string, Service>;

const TAIL_LINES = 12;

/** Does what a request says and tells, service by service in the order it was done, what became of it. */
export async function operate(request: ControlRequest, services: Services, listeners: Listeners): Promise<ServiceOutcome[]> {
  const chosen = chosenServices(request, services);
  const inOrder = startingOrder(chosen.map((service) => ({ service, name: service.name, after: service.spec.after }))).map(({ service }) => service);
  switch (request.operation) {
    case 'start':
      return startAll(inOrder, listeners);
    case 'stop':
    case 'shutdown':
      return stopAll(inOrder.reverse(), listeners);
    case 'restart':
    case 'restart-changed': {
      const { fit, kept } = await keepingFaulty(inOrder);
      await stopAll([...fit].reverse(), listeners);
      return [...kept, ...(await startAll(fit, listeners))];
    }
    case 'reload':
      return reloadAll(inOrder, listeners);
    case 'reopenlogs':
      return inOrder.map((service) => reopenLogs(service));
    // Nothing of services: see watched.ts.
    case 'check':
    case 'notify-test':
      return [];
  }
}

function chosenServices(request: ControlRequest, services: Services): Service[] {
  if (request.operation === 'restart-changed') {
    return [...services.values()].filter((service) => service.isWanted && (service.hasNewConfiguration || request.services.includes(service.name)));
  }
  if (request.services.length > 0) return request.services.flatMap((name) => services.get(name) ?? []);
  const all = [...services.values()];
  switch (request.operation) {
    case 'start':
      return all.filter((service) => service.spec.autostart);
    case 'restart':
      return all.filter((service) => service.spec.autostart || service.isAlive);
    case 'reload':
    case 'reopenlogs':
      return all.filter((service) => service.isAlive);
    case 'stop':
    case 'shutdown':
      return all;
    case 'check':
    case 'notify-test':
      return [];
  }
}

/** Starts every service that only waited for others and need not wait any longer. */
export function startWaiting(services: Services): void {
  for (const service of services.values()) {
    if (service.isWaiting && service.spec.after.every((name) => services.get(name)?.isReady ?? true)) service.start();
  }
}

/** Each starts when everything it comes after is ready; those that do not depend on each other start side by side. */
async function startAll(services: readonly Service[], listeners: Listeners): Promise<ServiceOutcome[]> {
  const started = new Map<string, Promise<ServiceOutcome>>();
  for (const service of services) {
    const earlier = service.spec.after.flatMap((name) => started.get(name) ?? []);
    started.set(service.name, startAfter(service, earlier, listeners));
  }
  return Promise.all(started.values());
}

async function startAfter(service: Service, earlier: readonly Promise<ServiceOutcome>[], listeners: Listeners): Promise<ServiceOutcome> {
  const failed = (await Promise.all(earlier)).filter((outcome) => !outcome.ok).map((outcome) => outcome.service);
  if (failed.length > 0) {
    service.waitFor(failed);
    return outcomeOf(service, false, `not started yet: it waits for ${failed.join(' and ')}, which failed`);
  }
  const wasReady = service.isReady;
  service.start();
  // The first failure is told at once; the supervisor goes on trying in the background.
  await until(service, listeners, () => service.isReady || ['BACKOFF', 'FATAL', 'STOPPED', 'EXITED'].includes(service.state));
  if (service.isReady) return outcomeOf(service, true, wasReady ? 'is running already' : 'ready');
  if (service.isHeld) return outcomeOf(service, false, `not started: ${service.status().reason}`);
  const reason = service.state === 'STOPPED' ? 'another command stopped it' : service.status().reason;
  return outcomeOf(service, false, reason, await tailOfLogs(service.spec.logFiles, TAIL_LINES));
}

/** What depends on others stops before them; those that do not depend on each other stop side by side. */
async function stopAll(services: readonly Service[], listeners: Listeners): Promise<ServiceOutcome[]> {
  const stopped = new Map<string, Promise<ServiceOutcome>>();
  for (const service of services) {
    const later = services.filter((other) => other.spec.after.includes(service.name)).flatMap((other) => stopped.get(other.name) ?? []);
    stopped.set(
      service.name,
      Promise.all(later).then(() => stopOne(service, listeners)),
    );
  }
  return Promise.all(stopped.values());
}

async function stopOne(service: Service, listeners: Listeners): Promise<ServiceOutcome> {
  const ran = service.isAlive || service.state !== 'STOPPED';
  service.stop();
  await until(service, listeners, () => service.state === 'STOPPED' || service.isWanted);
  if (service.isWanted) return outcomeOf(service, false, 'another command started it again');
  return outcomeOf(service, true, ran ? 'stopped' : 'was not running');
}

/**
 * Which services may be stopped to run with their present configuration. One that runs, and whose program finds a mistake
 * in it, goes on with what it has: stopped it would not come back. What does not run has nothing to lose.
 */
async function keepingFaulty(services: readonly Service[]): Promise<{ fit: Service[]; kept: ServiceOutcome[] }> {
  const found = await Promise.all(services.map(async (service) => ({ service, mistake: service.isReady ? await mistakeOf(service) : undefined })));
  return {
    fit: found.filter(({ mistake }) => mistake === undefined).map(({ service }) => service),
    kept: found.flatMap(({ service, mistake }) => (mistake === undefined ? [] : outcomeOf(service, false, `goes on as it was, as ${mistake}`))),
  };
}

function mistakeOf(service: Service): Promise<string | undefined> {
  return checkConfiguration(service.spec).then(() => undefined, messageOf);
}

async function reloadAll(services: readonly Service[], listeners: Listeners): Promise<ServiceOutcome[]> {
  const { fit, kept } = await keepingFaulty(services);
  const running = fit.filter((service) => service.isReady);
  const byRestart = running.filter((service) => !service.signals.reloadSignal);
  const signalled = fit.filter((service) => !byRestart.includes(service)).map(reloadBySignal);
  await stopAll([...byRestart].reverse(), listeners);
  const restarted = await startAll(byRestart, listeners);
  const message = 'restarted, as it cannot read its configuration while running';
  return [...kept, ...signalled, ...restarted.map((outcome) => (outcome.ok ? { ...outcome, message } : outcome))];
}

function reloadBySignal(service: Service): ServiceOutcome {
  const { reloadSignal } = service.signals;
  // One that is still starting may not have its handlers yet, and a signal would end it.
  if (!service.isReady || reloadSignal === undefined) return outcomeOf(service, true, 'is not running');
  return outcomeOf(service, service.signal(reloadSignal), 'told to read its configuration again');
}

function reopenLogs(service: Service): ServiceOutcome {
  const { reopen } = service.signals;
  if (!service.isReady) return outcomeOf(service, true, 'is not running');
  if (reopen === 'self') return outcomeOf(service, true, 'opens its log anew by itself');
  if (reopen === 'restart') {
    return outcomeOf(service, true, `cannot open its log anew while running: use "copytruncate", or "dkm restart ${service.name}"`);
  }
  return outcomeOf(service, service.signal(reopen), 'opened its log anew');
}

function outcomeOf(service: Service, ok: boolean, message: string, tail = ''): ServiceOutcome {
  return { service: service.name, ok, state: service.state, message, logTail: tail };
}

/** Settles when a condition on a service holds; it is looked at on every change of the service. */
function until(service: Service, listeners: Listeners, condition: () => boolean): Promise<void> {
  if (condition()) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = (changed: Service): void => {
    if (changed !== service || !condition()) return;
    listeners.delete(listener);
    resolve();
  };
  listeners.add(listener);
  return promise;
}
