import { describe, expect, it } from 'vitest';
import type { StatusAnswer } from '../../../src/console/answers.ts';
import { changesInWords } from '../../../src/console/live/live.ts';
import { promiseHref, revisionOf, summaryOf, troublesOf, type Picture } from '../../../src/console/picture/picture.ts';
import type { PromisesView } from '../../../src/console/picture/promises-view.ts';
import { statusAnswer } from '../../../src/console/picture/status-view.ts';
import type { ServiceStatus } from '../../../src/contract/status.ts';
import { SERVICES, statusOf } from '../../process/console/console-process.ts';
import { PROMISES, promiseOf } from '../../process/console/promises-scene.ts';

const status = (change: Partial<ServiceStatus> = {}, more: Parameters<typeof statusOf>[1] = {}): StatusAnswer =>
  statusAnswer(statusOf([{ ...SERVICES[0]!, ...change }, ...SERVICES.slice(1)], { startedAtMs: 5000, ...more }), () => true, 9000);
const view = (...promises: PromisesView['promises']): PromisesView => ({ state: 'current', message: '', promises: [...PROMISES, ...promises] });
const picture = (changes: Partial<Picture> = {}): Picture => ({ nowMs: 9000, status: status(), promises: view(), ...changes });

const failed = promiseOf({ id: 'a', title: 'The disk lasts', state: 'failed', message: 'It is nearly full.' });
const critical = promiseOf({ id: 'b', title: 'The store answers', state: 'failed', severity: 'critical' });
const known = { ...critical, acknowledged: { by: 'admin', comment: 'on it', sinceMs: 1, untilMs: 2 } };

describe('everything altogether', () => {
  it.each<[string, Partial<Picture>, string, string]>([
    ['all is well', {}, 'good', 'All is well'],
    ['a warning', { promises: view(failed) }, 'warning', '1 warning'],
    ['a critical promise and a warning', { promises: view(failed, critical) }, 'bad', '1 problem'],
    ['somebody knows of it', { promises: view(known) }, 'good', 'All is well'],
    ['a promise without data', { promises: view(promiseOf({ id: 'c', state: 'no-data' })) }, 'good', 'All is well'],
    ['a service that failed', { status: status({ state: 'FATAL', pid: null }) }, 'bad', '1 problem'],
    ['a service that is held', { status: status({ state: 'STOPPED', pid: null, held: true }) }, 'warning', '1 warning'],
    ['a service that starts', { status: status({ state: 'STARTING' }) }, 'busy', '1 starting or stopping'],
    ['a service that is off', { status: status({ state: 'STOPPED', pid: null }) }, 'off', '1 service is off'],
    ['little disk space', { status: status({}, { warnings: [{ about: 'disk', directory: '/d', sinceMs: 1, message: 'little' }] }) }, 'warning', '1 warning'],
    ['no supervisor', { status: statusAnswer(statusOf(SERVICES), () => false) }, 'bad', 'Supervisor not running'],
  ])('%s', (_, changes, wellbeing, text) => {
    expect(summaryOf(picture(changes))).toEqual({ wellbeing, text });
  });
});

describe('what is wrong', () => {
  it('comes worst first, with where more is to be seen', () => {
    const troubles = troublesOf(
      picture({ status: status({ state: 'FATAL', pid: null, reason: 'why', lastExit: 'exit code 1' }), promises: view(failed, critical) }),
    );
    expect(troubles.map(({ key, wellbeing }) => [key, wellbeing])).toEqual([
      ['promise b', 'bad'],
      ['service carbon-cache', 'bad'],
      ['promise a', 'warning'],
    ]);
    expect(troubles[1]).toMatchObject({ message: 'why Last end: exit code 1.', href: '/services/carbon-cache' });
  });

  it('is only what is known: promises that nobody checks any more are told as such, and not as broken', () => {
    const stale: PromisesView = { ...view(critical), state: 'stale', message: 'gone' };
    expect(troublesOf(picture({ promises: stale }))).toMatchObject([{ title: 'Promises', wellbeing: 'warning', message: 'gone' }]);
    expect(summaryOf(picture({ promises: stale })).text).not.toBe('All is well');
    const supervisorGone = statusAnswer(statusOf(SERVICES), () => false);
    expect(troublesOf(picture({ promises: stale, status: supervisorGone })).map(({ key }) => key)).toEqual(['supervisor']);
  });

  it('has addresses for any name', () => {
    expect(promiseHref('a b%/?#ü')).toBe('/promises/a%20b%25%2F%3F%23%C3%BC');
  });
});

describe('the revision', () => {
  it('stays the same while checks find the same', () => {
    const later = view().promises.map((promise) => ({ ...promise, checkedAtMs: 1, nextAtMs: 2, executionTimeMs: 3, values: { a: 4 } }));
    expect(revisionOf(picture({ nowMs: 1, promises: { ...view(), promises: later } }))).toBe(revisionOf(picture()));
  });

  it.each<[string, Partial<Picture>]>([
    ['a promise breaks', { promises: view(failed) }],
    ['a message changes', { promises: { ...view(), promises: PROMISES.map((promise) => ({ ...promise, message: 'another' })) } }],
    ['a service stops', { status: status({ state: 'STOPPED' }) }],
    ['nobody checks any more', { promises: { ...view(), state: 'stale' } }],
  ])('changes when %s', (_, changes) => {
    expect(revisionOf(picture(changes))).not.toBe(revisionOf(picture()));
  });
});

it('says what came and what went, in a few sentences', () => {
  expect(changesInWords(picture({ promises: view(failed) }), picture({ promises: view(critical) }))).toEqual([
    'The store answers: Broken.',
    'The disk lasts: no longer a problem.',
  ]);
  const many = view(...Array.from({ length: 9 }, (_, index) => promiseOf({ id: `many${index}`, state: 'failed' })));
  expect(changesInWords(picture(), picture({ promises: many }))).toEqual(['many0: Warning.', 'many1: Warning.', 'many2: Warning.', 'And 6 more changes.']);
});
