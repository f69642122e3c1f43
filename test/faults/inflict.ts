import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Finished } from '../../src/base/exec.ts';
import { takePort } from './ports.ts';
import type { Damage, Fault, StateFile } from './sequence.ts';
import type { Site } from './site.ts';

/*
 * Carries a fault out and lifts it again. What comes of it is looked at afterwards (see invariants.ts).
 */

/** What a fault leaves: the commands that were run for it, and whether it is known now what should run. */
export interface Inflicted {
  finished: { command: string[]; result: Finished }[];
  /** True when a command was cut short or several came at once: either may have won. */
  isUnsure: boolean;
}

const NOTHING: Inflicted = { finished: [], isUnsure: false };
const UNSURE: Inflicted = { finished: [], isUnsure: true };

/** Does what a fault says to a site where everything runs, and lifts it. */
export async function inflict(site: Site, fault: Fault): Promise<Inflicted> {
  switch (fault.kind) {
    case 'kill-service':
      kill(site.processOf(fault.service)?.pid, fault.signal);
      return NOTHING;
    case 'freeze-service':
      return freeze(site, fault);
    case 'hang-service':
      return hang(site, fault);
    case 'kill-supervisor':
      killSupervisors(site);
      return UNSURE;
    case 'kill-supervisor-within':
      return killSupervisorWithin(site, fault);
    case 'kill-command':
      return killCommand(site, fault);
    case 'damage-file':
      return damageFile(site, fault);
    case 'take-port':
      return occupyPort(site, fault);
    case 'fill-disk':
      return fillDisk(site, fault);
    case 'move-clock':
      return moveClock(site, fault);
    case 'command':
      return { finished: [{ command: fault.command, result: await site.dkm(fault.command) }], isUnsure: false };
    case 'commands-at-once': {
      const finished = await Promise.all(fault.commands.map(async (command) => ({ command, result: await site.dkm(command) })));
      return { finished, isUnsure: true };
    }
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // it ended by itself
  }
}

function killSupervisors(site: Site): void {
  for (const { pid } of site.look().supervisors) kill(pid, 'SIGKILL');
}

async function freeze(site: Site, { service, forMs }: Extract<Fault, { kind: 'freeze-service' }>): Promise<Inflicted> {
  const pid = site.processOf(service)?.pid;
  kill(pid, 'SIGSTOP');
  await pause(forMs);
  kill(pid, 'SIGCONT');
  return NOTHING;
}

const NOTICED_WITHIN_MS = 10_000;

/** It is deaf until the supervisor has replaced its process. */
async function hang(site: Site, { service }: Extract<Fault, { kind: 'hang-service' }>): Promise<Inflicted> {
  const before = site.processOf(service)?.pid;
  writeFileSync(site.mark(`${service}.deaf`), '');
  const deadline = performance.now() + NOTICED_WITHIN_MS;
  while (before !== undefined && site.processOf(service)?.pid === before && performance.now() < deadline) await pause(50);
  rmSync(site.mark(`${service}.deaf`));
  const isReplaced = site.processOf(service)?.pid !== before;
  if (before !== undefined && !isReplaced) throw new Error(`${service} was deaf for ${NOTICED_WITHIN_MS} ms and was not restarted`);
  return NOTHING;
}

async function killSupervisorWithin(site: Site, { command, afterMs }: Extract<Fault, { kind: 'kill-supervisor-within' }>): Promise<Inflicted> {
  const running = site.dkm(command);
  await pause(afterMs);
  killSupervisors(site);
  return { finished: [{ command, result: await running }], isUnsure: true };
}

async function killCommand(site: Site, { command, afterMs }: Extract<Fault, { kind: 'kill-command' }>): Promise<Inflicted> {
  const killed = new AbortController();
  const running = site.dkm(command, killed.signal).catch(() => undefined);
  await pause(afterMs);
  killed.abort();
  await running;
  return UNSURE;
}

function damageFile(site: Site, { file, damage, supervisor }: Extract<Fault, { kind: 'damage-file' }>): Inflicted {
  if (supervisor === 'was-killed') killSupervisors(site);
  for (const path of pathsOf(site, file)) damageOne(path, damage);
  if (supervisor === 'is-killed') killSupervisors(site);
  return supervisor === 'stays' ? NOTHING : UNSURE;
}

function pathsOf(site: Site, file: StateFile): string[] {
  if (!file.endsWith('.*')) return [join(site.layout.run, file)];
  const prefix = file.slice(0, -1);
  return readdirSync(site.layout.run)
    .filter((name) => name.startsWith(prefix))
    .map((name) => join(site.layout.run, name));
}

function damageOne(path: string, damage: Damage): void {
  const before = statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : Buffer.alloc(0);
  rmSync(path, { recursive: true, force: true });
  switch (damage) {
    case 'delete':
      return;
    case 'empty':
      return writeFileSync(path, '');
    case 'cut':
      return writeFileSync(path, before.subarray(0, before.length / 2));
    case 'zeros':
      return writeFileSync(path, Buffer.alloc(before.length));
    case 'garbage':
      return writeFileSync(path, Buffer.from([...before].map((byte, index) => (index % 7 === 0 ? byte ^ 0x55 : byte))));
    case 'other-shape':
      return writeFileSync(path, '[null, {"name":"store"}]');
  }
}

async function occupyPort(site: Site, { service, forMs }: Extract<Fault, { kind: 'take-port' }>): Promise<Inflicted> {
  const port = site.portOf(service);
  let taken;
  for (let tries = 0; taken === undefined && tries < 40; tries += 1) {
    kill(site.processOf(service)?.pid, 'SIGKILL');
    taken = await takePort(port);
    if (taken === undefined) await pause(10);
  }
  await pause(forMs);
  await taken?.release();
  return NOTHING;
}

async function fillDisk(site: Site, { then }: Extract<Fault, { kind: 'fill-disk' }>): Promise<Inflicted> {
  site.disk?.fill();
  const finished: Inflicted['finished'] = [];
  if (then === 'kill-service') kill(site.processOf('store')?.pid, 'SIGKILL');
  if (then === 'kill-supervisor') killSupervisors(site);
  if (then !== 'kill-service') finished.push({ command: ['restart'], result: await site.dkm(['restart']) });
  await pause(300);
  site.disk?.empty();
  return { finished, isUnsure: true };
}

async function moveClock(site: Site, { bySeconds, then }: Extract<Fault, { kind: 'move-clock' }>): Promise<Inflicted> {
  site.clock?.moveTo(bySeconds);
  await pause(1_100); // it is read once a second
  const finished: Inflicted['finished'] = [];
  if (then === 'kill-service') kill(site.processOf('web')?.pid, 'SIGKILL');
  if (then === 'restart') finished.push({ command: ['restart'], result: await site.dkm(['restart']) });
  return { finished, isUnsure: false };
}
