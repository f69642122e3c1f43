import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isSameProcess } from '../../src/base/process-identity.ts';
import type { SupervisorStatus } from '../../src/contract/status.ts';
import type { Installation } from './installation.ts';
import { findNumbered, numbered, sendNumbered, type Found } from './numbered-points.ts';
import { eventually } from './wait.ts';

/*
 * What is lost of the points that are sent while something happens to the store or the supervisor: for `npm run bench`,
 * which prints the figures, and for the tests, which hold what is promised of them.
 */

export const INCIDENTS = ['restart', 'store killed', 'supervisor killed'] as const;
export type Incident = (typeof INCIDENTS)[number];

export interface LossFigures {
  incident: Incident;
  /** Points whose sender saw the store close the connection after it had read all of them. */
  acknowledged: { sent: number; lost: number };
  /** Points on connections that the store cut short. */
  cut: { sent: number; lost: number };
  /** Points that the system took from a sender that never looks, some of them while nobody listened any more. */
  streamed: { sent: number; lost: number };
  /** Values nobody sent. */
  wrong: number;
}

export interface LossOptions {
  /** Points a second, half of them from each sender. */
  perSecond: number;
  metrics: number;
  /** How long it sends before and after, milliseconds. */
  aroundMs: number;
}

/** Has an incident happen under load, and counts. Everything runs; it runs again afterwards. `site`: see `fetchWhisper`. */
export async function measureLoss(target: Installation, site: string, incident: Incident, options: LossOptions): Promise<LossFigures> {
  const name = incident.replaceAll(' ', '-');
  const sent = [numbered(`loss.${name}.asked`, options.metrics), numbered(`loss.${name}.streamed`, options.metrics)] as const;
  const carbon = target.port + 1;
  const senders = await Promise.all([
    sendNumbered('send', carbon, sent[0], options.perSecond / 2),
    sendNumbered('stream', carbon, sent[1], options.perSecond / 2),
  ]);
  await pause(options.aroundMs);
  await happen(target, incident);
  await pause(options.aroundMs);
  const [asked, streamed] = await Promise.all([senders[0](), senders[1]()]);
  const [foundAsked, foundStreamed] = await settled(async () => [
    await findNumbered(site, join(target.layout.storage, 'whisper'), sent[0], asked),
    await findNumbered(site, join(target.layout.storage, 'whisper'), sent[1], streamed),
  ]);
  const figures = ({ counts }: Found, kind: string): { sent: number; lost: number } => {
    const { sent: count, stored } = counts[kind] ?? { sent: 0, stored: 0 };
    return { sent: count, lost: count - stored };
  };
  return {
    incident,
    acknowledged: figures(foundAsked, 'acknowledged'),
    cut: figures(foundAsked, 'cut'),
    streamed: figures(foundStreamed, 'taken'),
    wrong: foundAsked.wrong + foundStreamed.wrong,
  };
}

async function happen(target: Installation, incident: Incident): Promise<void> {
  const status = JSON.parse(readFileSync(target.layout.status, 'utf8')) as SupervisorStatus;
  const store = status.services.find(({ role }) => role === 'store');
  if (!store || store.pid === null) throw new Error('no store runs');
  switch (incident) {
    case 'restart':
      return mustDo(target, 'restart', store.name);
    case 'store killed':
      process.kill(store.pid, 'SIGKILL');
      await eventually('the store runs again', () => {
        const now = JSON.parse(readFileSync(target.layout.status, 'utf8')) as SupervisorStatus;
        return now.services.some(({ role, ready, pid }) => role === 'store' && ready && pid !== store.pid);
      });
      return;
    case 'supervisor killed':
      process.kill(status.pid, 'SIGKILL');
      await eventually('the supervisor is gone', () => !isSameProcess(status.pid, status.pidStartTime));
      return mustDo(target, 'start');
  }
}

async function mustDo(target: Installation, ...command: string[]): Promise<void> {
  const done = await target.dkm(...command);
  if (done.code !== 0) throw new Error(`dkm ${command.join(' ')} ended with ${done.code}: ${done.stdout}\n${done.stderr}`);
}

/** Longer than a store leaves a point unwritten while it has little to do. */
const SETTLED_AFTER_MS = 5_000;

/** The counts when the store has written everything: something of each sender is there, and two looks find the same. */
async function settled(look: () => Promise<[Found, Found]>): Promise<[Found, Found]> {
  let before = '';
  return eventually(
    'the store has written everything',
    async () => {
      const found = await look();
      const now = JSON.stringify(found);
      const isStill = now === before && found.every(({ counts }) => Object.values(counts).some(({ stored }) => stored > 0));
      before = now;
      if (!isStill) await pause(SETTLED_AFTER_MS);
      return isStill && found;
    },
    300_000,
  );
}
