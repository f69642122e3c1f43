import { describe, expect, it } from 'vitest';
import type { NotifyRules } from '../../../src/contract/notify.ts';
import { acknowledgedUntil, channel, HOUR, MINUTE, NOON, Scene, spec } from './scene.ts';

describe('what is told of one promise', () => {
  it.each<{ what: string; rules: Partial<NotifyRules>; runs: string; told: string[] }>([
    { what: 'a change once, however long it lasts', rules: {}, runs: 'offfff', told: ['1 ops failed:disk'] },
    { what: 'that it is kept again', rules: {}, runs: 'ffo', told: ['0 ops failed:disk', '2 ops recovered:disk'] },
    { what: 'nothing of recoveries when they are not wanted', rules: { recovery: false }, runs: 'fof', told: ['0 ops failed:disk', '2 ops failed:disk'] },
    { what: 'nothing while all is well', rules: {}, runs: 'ooooo', told: [] },
    { what: '2 of 3: one failure is none', rules: { failures: 2, of: 3 }, runs: 'ofoofoo', told: [] },
    { what: '2 of 3: two failures with one success between', rules: { failures: 2, of: 3 }, runs: 'ofof', told: ['3 ops failed:disk'] },
    {
      what: '2 of 3: kept again when fewer than 2 of 3 failed',
      rules: { failures: 2, of: 3 },
      runs: 'ffooo',
      told: ['1 ops failed:disk', '3 ops recovered:disk'],
    },
    { what: '3 of 3: only in a row', rules: { failures: 3, of: 3 }, runs: 'ffoffofff', told: ['8 ops failed:disk'] },
    {
      what: 'at the latest after 5 minutes, though 3 runs did not fail yet',
      rules: { failures: 3, of: 3, atLatestMs: 5 * MINUTE },
      runs: 'of.......',
      told: ['6 ops failed:disk'],
    },
    {
      what: 'at the latest after 5 minutes that it is kept again',
      rules: { failures: 2, of: 3, atLatestMs: 5 * MINUTE },
      runs: 'fffo......',
      told: ['1 ops failed:disk', '8 ops recovered:disk'],
    },
    {
      what: 'that nobody can tell, as a state of its own',
      rules: {},
      runs: 'onnfo',
      told: ['1 ops no-data:disk', '3 ops failed:disk', '4 ops recovered:disk'],
    },
    { what: 'nothing of "no data" when it is not wanted', rules: { noData: false }, runs: 'onnno', told: [] },
    { what: 'no recovery by "no data"', rules: { noData: false }, runs: 'fnnno', told: ['0 ops failed:disk', '4 ops recovered:disk'] },
    { what: '2 of 3, failed and no data in turn', rules: { failures: 2, of: 3 }, runs: 'ofnfn', told: ['2 ops failed:disk', '4 ops no-data:disk'] },
    {
      what: 'a reminder every 3 minutes',
      rules: { reminderMs: 3 * MINUTE },
      runs: 'fffffffo',
      told: ['0 ops failed:disk', '3 ops reminder:disk', '6 ops reminder:disk', '7 ops recovered:disk'],
    },
    { what: 'no reminder of what is not checked any more', rules: { reminderMs: 3 * MINUTE }, runs: 'f........', told: ['0 ops failed:disk'] },
    {
      what: 'more than 3 changes in an hour as one',
      rules: { flapChanges: 3 },
      runs: 'fofofofof',
      told: ['0 ops failed:disk', '1 ops recovered:disk', '2 ops failed:disk', '3 ops unstable:disk'],
    },
    {
      what: 'what it is once it stays as it is',
      rules: { flapChanges: 3 },
      runs: `fofofo${'o'.repeat(60)}`,
      told: ['0 ops failed:disk', '1 ops recovered:disk', '2 ops failed:disk', '3 ops unstable:disk', '64 ops recovered:disk'],
    },
    {
      what: 'that it stays broken once it stays as it is',
      rules: { flapChanges: 3 },
      runs: `fofof${'f'.repeat(60)}`,
      told: ['0 ops failed:disk', '1 ops recovered:disk', '2 ops failed:disk', '3 ops unstable:disk', '63 ops failed:disk'],
    },
    { what: 'nothing of what passes before the digest is due', rules: { digestWithinMs: 5 * MINUTE }, runs: 'ofo.......', told: [] },
  ])('$what', ({ rules, runs, told }) => {
    expect(new Scene(spec(rules)).runs(runs).told).toEqual(told);
  });

  it('reminds of nothing that is not checked any more, though other promises are', () => {
    const scene = new Scene(spec({ reminderMs: 2 * MINUTE })).run('failed');
    expect(scene.runs('ffffff', { id: 'other' }).told).toEqual(['0 ops failed:disk', '0 ops failed:other', '2 ops reminder:other', '4 ops reminder:other']);
  });

  it('goes on after a restart as if there had been none', () => {
    const pattern = 'ofofffffofooonnoff';
    const rules = { failures: 2, of: 3, atLatestMs: 10 * MINUTE, reminderMs: 3 * MINUTE };
    const once = new Scene(spec(rules)).runs(pattern);
    const often = new Scene(spec(rules));
    for (const letter of pattern) often.runs(letter).restart();
    expect(often.told).toEqual(once.told);
    expect(once.told.length).toBeGreaterThan(3);
  });

  it('knows promises whatever they are called', () => {
    const scene = new Scene(spec());
    for (const id of ['__proto__', 'constructor', 'toString', 'täglich & 100 %']) scene.run('failed', { id });
    expect(scene.restart().told).toEqual(['__proto__', 'constructor', 'toString', 'täglich & 100 %'].map((id) => `0 ops failed:${id}`));
  });

  it('takes the first exception that names the promise', () => {
    const exceptions = [
      { promises: ['disk-*'], failures: 3, of: 3 },
      { promises: ['*'], failures: 2, of: 2 },
    ];
    const scene = new Scene(spec({}, { exceptions }));
    scene.runs('fff', { id: 'disk-root' });
    scene.runs('fff', { id: 'load' });
    expect(scene.told).toEqual(['2 ops failed:disk-root', '4 ops failed:load']);
  });
});

describe('acknowledged', () => {
  const until = (minutes: number) => ({ acknowledged: acknowledgedUntil(NOON + minutes * MINUTE) });

  it('is not brought up again until it ends, and then at once', () => {
    const scene = new Scene(spec({ reminderMs: 2 * MINUTE })).runs('f');
    scene.runs('fffff', until(6)).runs('ff');
    expect(scene.told).toEqual(['0 ops failed:disk', '6 ops reminder:disk']);
  });

  it('is told of when it ends though there are no reminders', () => {
    const scene = new Scene(spec()).runs('f').runs('ff', until(3)).restart().runs('ff');
    expect(scene.told).toEqual(['0 ops failed:disk', '3 ops reminder:disk']);
  });

  it('is told of when it ends long before the next run', () => {
    const scene = new Scene(spec()).runs('f').runs('f', until(30)).pass(HOUR);
    expect(scene.told).toEqual(['0 ops failed:disk', '30 ops reminder:disk']);
  });

  it('is told to be kept again', () => {
    const scene = new Scene(spec()).runs('f').runs('ff', until(60)).runs('o');
    expect(scene.told).toEqual(['0 ops failed:disk', '3 ops recovered:disk']);
  });

  it('is told the first time: others may not know', () => {
    expect(new Scene(spec({ failures: 2, of: 2 })).runs('f').runs('f', until(60)).told).toEqual(['1 ops failed:disk']);
  });

  it('counts no more once it was taken back, without a message for that', () => {
    const scene = new Scene(spec({ reminderMs: 10 * MINUTE })).runs('f').runs('ff', until(60)).runs('fffffffff');
    expect(scene.told).toEqual(['0 ops failed:disk', '10 ops reminder:disk']);
  });
});

describe('channels', () => {
  it('hear of their severities and names only', () => {
    const channels = [channel({ name: 'pager', severities: ['critical'] }), channel({ name: 'disks', promises: ['disk-*', '.hidden'] })];
    const scene = new Scene(spec({}, { channels }));
    scene.run('failed', { id: 'disk-root', severity: 'warning' }).run('failed', { id: 'load' }).run('failed', { id: 'disk-data' });
    expect(scene.told).toEqual(['0 disks failed:disk-root', '0 pager failed:load', '0 pager failed:disk-data', '0 disks failed:disk-data']);
  });

  it('are told of the end of what they were told of, whatever they would be told now', () => {
    const scene = new Scene(spec({}, { channels: [channel({ severities: ['critical'] })] })).run('failed');
    scene.spec = spec({}, { channels: [channel({ severities: ['warning'] })] });
    expect(scene.run('ok').told).toEqual(['0 ops failed:disk', '0 ops recovered:disk']);
  });

  it('learn what is broken when they are new', () => {
    const scene = new Scene(spec()).run('failed');
    scene.spec = spec({}, { channels: [channel(), channel({ name: 'new' })] });
    expect(scene.restart().happen({ kind: 'wake' }).told).toEqual(['0 ops failed:disk', '0 new failed:disk']);
  });

  it('get one message when many break together, unless each has to stand alone', () => {
    const channels = [channel(), channel({ name: 'pager', digest: false })];
    const scene = new Scene(spec({ digestWithinMs: MINUTE, digestFrom: 3 }, { channels }));
    for (const id of ['a', 'b', 'c', 'd']) scene.run('failed', { id });
    scene.pass(MINUTE);
    expect(scene.told).toEqual(['1 ops failed:a,failed:b,failed:c,failed:d', ...['a', 'b', 'c', 'd'].map((id) => `1 pager failed:${id}`)]);
  });

  it('get a message each when few break together', () => {
    const scene = new Scene(spec({ digestWithinMs: MINUTE, digestFrom: 3 }));
    for (const id of ['a', 'b', 'c']) scene.run('failed', { id });
    expect(scene.pass(MINUTE).told).toEqual(['1 ops failed:a', '1 ops failed:b', '1 ops failed:c']);
  });

  it('are told the same incident from its beginning to its end', () => {
    const scene = new Scene(spec({ reminderMs: 2 * MINUTE })).runs('fffo').runs('f');
    const tellings = scene.decisions.flatMap((decision) => decision.tellings);
    const incidents = tellings.map(({ items }) => items[0]?.incident);
    expect(incidents.slice(0, 3)).toEqual([incidents[0], incidents[0], incidents[0]]);
    expect(incidents[3]).not.toBe(incidents[0]);
    expect(tellings.map(({ inReplyTo }) => inReplyTo)).toEqual(['', tellings[0]?.id, tellings[0]?.id, '']);
    expect(new Set(tellings.map(({ id }) => id)).size).toBe(4);
  });
});

describe('quiet hours', () => {
  const quiet = (more = {}) => spec({}, { channels: [channel({ quietHours: ['12:00-13:00'], ...more })] });

  it('keep back what breaks, and it is told after', () => {
    expect(new Scene(quiet()).runs('offf').pass(2 * HOUR).told).toEqual(['60 ops failed:disk']);
  });

  it('keep back that it is kept again, and it is told after', () => {
    const scene = new Scene(quiet(), NOON - 2 * MINUTE).runs('ffffo').pass(2 * HOUR);
    expect(scene.told).toEqual(['0 ops failed:disk', '62 ops recovered:disk']);
  });

  it('say afterwards what broke and passed meanwhile', () => {
    const scene = new Scene(quiet())
      .runs('offofo')
      .restart()
      .pass(2 * HOUR);
    expect(scene.told).toEqual(['60 ops passed:disk']);
    const [item] = scene.decisions.flatMap(({ tellings }) => tellings.flatMap(({ items }) => items));
    expect([item?.sinceMs, item?.untilMs]).toEqual([NOON + MINUTE, NOON + 5 * MINUTE]);
  });

  it('are broken by what is critical where that is wanted', () => {
    const scene = new Scene(quiet({ criticalBreaksQuiet: true }));
    scene.run('failed', { id: 'a', severity: 'critical' }).run('failed', { id: 'b', severity: 'warning' });
    expect(scene.pass(2 * HOUR).told).toEqual(['0 ops failed:a', '60 ops failed:b']);
  });

  it('hold for their channel only', () => {
    const channels = [channel({ quietHours: ['12:00-13:00'] }), channel({ name: 'other' })];
    expect(new Scene(spec({}, { channels })).run('failed').pass(2 * HOUR).told).toEqual(['0 other failed:disk', '60 ops failed:disk']);
  });

  it('keep back reminders, too', () => {
    const scene = new Scene(spec({ reminderMs: 30 * MINUTE }, { channels: [channel({ quietHours: ['12:10-13:00'] })] }));
    expect(scene.runs('f'.repeat(65)).told).toEqual(['0 ops failed:disk', '60 ops reminder:disk']);
  });
});

describe('a promise that is no more', () => {
  it('is told to whoever was told that it is broken, once it is sure', () => {
    const scene = new Scene(spec()).run('failed').run('failed', { id: 'other' });
    scene.happen({ kind: 'present', ids: ['other'] }).pass(HOUR);
    expect(scene.told).toEqual(['0 ops failed:disk', '0 ops failed:other', '10 ops removed:disk']);
    expect(Object.keys(scene.memory.promises)).toEqual(['other']);
  });

  it('is there again when it was only not known yet, as those of a SlapOS partition after a restart', () => {
    const scene = new Scene(spec()).run('failed').restart();
    scene.happen({ kind: 'present', ids: [] }).pass(MINUTE).run('failed').pass(HOUR);
    expect(scene.told).toEqual(['0 ops failed:disk']);
  });
});

describe('a clock that is set', () => {
  it('back does not make the rarely checked wait until it has caught up', () => {
    const scene = new Scene(spec({ failures: 3, of: 3, atLatestMs: 10 * MINUTE })).run('failed');
    scene.nowMs -= 24 * HOUR;
    scene.run('failed').pass(15 * MINUTE);
    expect(scene.told).toEqual([`${10 - 24 * 60} ops failed:disk`]);
  });

  it.each([-24 * HOUR, 24 * HOUR])('by %d ms does not silence anybody', (jump) => {
    const scene = new Scene(spec({ failures: 2, of: 3, digestWithinMs: MINUTE, reminderMs: 5 * MINUTE, atLatestMs: 10 * MINUTE })).run('failed').run('failed');
    scene.nowMs += jump; // within the digest's time
    scene.run('failed', { id: 'other' }).run('failed', { id: 'other' });
    scene.pass(2 * MINUTE);
    const events = () => scene.told.map((line) => line.replace(/^-?\d+ /, '')).join(' ');
    expect(events()).toContain('failed:disk');
    expect(events()).toContain('failed:other');
    scene.runs('ffffff');
    expect(events()).toContain('reminder:disk');
  });
});
