import { createHash } from 'node:crypto';
import type { Layout } from '../../base/layout.ts';
import type { StatusAnswer, Wellbeing } from '../answers.ts';
import { RANK, readPromises, wellbeingOfPromise, worstFirst, type PromisesView } from './promises-view.ts';
import { readStatus } from './status-view.ts';

/*
 * The installation as it is now, from the two files that the supervisor keeps. Every page is made from it, and what is
 * wrong is found in one place.
 */

export interface Picture {
  /** The server's clock. */
  nowMs: number;
  status: StatusAnswer;
  promises: PromisesView;
}

/** Looks at an installation. */
export async function readPicture(layout: Pick<Layout, 'status' | 'promisesStatus'>): Promise<Picture> {
  const [status, promises] = await Promise.all([readStatus(layout.status), readPromises(layout.promisesStatus)]);
  return { nowMs: status.nowMs, status, promises };
}

/** Something that is not as it should be. */
export interface Trouble {
  /** Names it, and stays the same while it lasts. */
  key: string;
  wellbeing: Wellbeing;
  /** How it is, in a word. */
  word: string;
  title: string;
  message: string;
  sinceMs: number | null;
  /** Where more is to be seen. */
  href: string | null;
}

/** Everything that needs somebody, the worst first. What somebody knows of already (acknowledged) is not among it. Pure. */
export function troublesOf({ status, promises }: Picture): Trouble[] {
  const found = [
    ...supervisorTroubles(status),
    ...brokenPromises(promises, status.supervisor.state === 'running'),
    ...unwellServices(status),
    ...warnings(status),
  ];
  return found.sort((a, b) => RANK[a.wellbeing] - RANK[b.wellbeing]);
}

function supervisorTroubles({ supervisor }: StatusAnswer): Trouble[] {
  if (supervisor.state === 'running') return [];
  const word = { dead: 'Gone', missing: 'Not there yet', unreadable: 'Unknown' }[supervisor.state];
  return [{ key: 'supervisor', wellbeing: 'bad', word, title: 'Supervisor', message: supervisor.message, sinceMs: null, href: null }];
}

function brokenPromises({ state, promises, message }: PromisesView, isSupervised: boolean): Trouble[] {
  // Without a supervisor nobody checks them, which is said already.
  if (isSupervised && (state === 'unreadable' || state === 'stale'))
    return [{ key: 'promises', wellbeing: 'warning', word: 'Unknown', title: 'Promises', message, sinceMs: null, href: '/promises' }];
  if (state !== 'current') return [];
  return worstFirst(promises)
    .filter(({ state: outcome, acknowledged }) => outcome === 'failed' && acknowledged === undefined)
    .map((promise) => ({
      key: `promise ${promise.id}`,
      ...wellbeingOfPromise(promise),
      title: promise.title,
      message: promise.message,
      sinceMs: promise.sinceMs,
      href: promiseHref(promise.id),
    }));
}

function unwellServices({ supervisor, services }: StatusAnswer): Trouble[] {
  // Without a supervisor nothing is known of any of them, which is said once.
  if (supervisor.state !== 'running') return [];
  return services
    .filter(({ wellbeing, held }) => wellbeing === 'bad' || held)
    .map(({ name, title, wellbeing, word, reason, lastExit }) => ({
      key: `service ${name}`,
      wellbeing: wellbeing === 'bad' ? wellbeing : 'warning',
      word,
      title,
      message: [reason, lastExit === null ? '' : `Last end: ${lastExit}.`].filter((part) => part !== '').join(' '),
      sinceMs: null,
      href: serviceHref(name),
    }));
}

function warnings({ warnings: found }: StatusAnswer): Trouble[] {
  return found.map(({ directory, sinceMs, message }) => ({
    key: `disk ${directory}`,
    wellbeing: 'warning',
    word: 'Warning',
    title: 'Disk space',
    message,
    sinceMs,
    href: null,
  }));
}

/** Address of a promise's page. Pure. */
export function promiseHref(id: string): string {
  return `/promises/${encodeURIComponent(id)}`;
}

/** Address of a service's page. Pure. */
export function serviceHref(name: string): string {
  return `/services/${encodeURIComponent(name)}`;
}

/** How everything is altogether, for the head of each page. Pure. */
export function summaryOf(picture: Picture): { wellbeing: Wellbeing; text: string } {
  const { supervisor, services } = picture.status;
  if (supervisor.state === 'missing') return { wellbeing: 'unknown', text: 'Not started yet' };
  if (supervisor.state !== 'running') return { wellbeing: 'bad', text: 'Supervisor not running' };
  const troubles = troublesOf(picture);
  const bad = troubles.filter(({ wellbeing }) => wellbeing === 'bad').length;
  if (bad > 0) return { wellbeing: 'bad', text: bad === 1 ? '1 problem' : `${bad} problems` };
  if (troubles.length > 0) return { wellbeing: 'warning', text: troubles.length === 1 ? '1 warning' : `${troubles.length} warnings` };
  const busy = services.filter(({ wellbeing }) => wellbeing === 'busy').length;
  if (busy > 0) return { wellbeing: 'busy', text: `${busy} starting or stopping` };
  const off = services.filter(({ wellbeing }) => wellbeing === 'off').length;
  if (off > 0) return { wellbeing: 'off', text: off === 1 ? '1 service is off' : `${off} services are off` };
  return { wellbeing: 'good', text: 'All is well' };
}

/**
 * Names what there is to see: it changes when a state, a message or an acknowledgement does, and not with each check that
 * found the same. Pure.
 */
export function revisionOf({ status, promises }: Picture): string {
  const { supervisor, services, warnings: found } = status;
  const seen = {
    supervisor,
    services,
    found,
    promises: promises.state,
    each: promises.promises.map(({ id, title, state, message, sinceMs, isRunning, acknowledged }) => [
      id,
      title,
      state,
      message,
      sinceMs,
      isRunning,
      acknowledged ?? null,
    ]),
  };
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url').slice(0, 16);
}
