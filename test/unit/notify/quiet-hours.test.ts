import { afterEach, describe, expect, it } from 'vitest';
import { coverTheDay, parseQuietHours, quietUntil } from '../../../src/notify/quiet-hours.ts';

const zone = process.env['TZ'];

afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** Berlin's summer time: clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October 2026. */
describe('quiet hours', () => {
  it.each([
    { what: 'by day', hours: ['12:00-13:30'], at: '2026-06-10T12:15+02:00', until: '2026-06-10T13:30+02:00' },
    { what: 'not before', hours: ['12:00-13:30'], at: '2026-06-10T11:59+02:00', until: undefined },
    { what: 'not from their end on', hours: ['12:00-13:30'], at: '2026-06-10T13:30+02:00', until: undefined },
    { what: 'over midnight, before it', hours: ['22:00-06:30'], at: '2026-06-10T23:00+02:00', until: '2026-06-11T06:30+02:00' },
    { what: 'over midnight, after it', hours: ['22:00-06:30'], at: '2026-06-11T01:00+02:00', until: '2026-06-11T06:30+02:00' },
    { what: 'until midnight', hours: ['22:00-24:00'], at: '2026-06-10T23:00+02:00', until: '2026-06-11T00:00+02:00' },
    { what: 'that follow each other', hours: ['00:00-06:00', '22:00-24:00', '06:00-07:00'], at: '2026-06-10T23:00+02:00', until: '2026-06-11T07:00+02:00' },
    { what: 'over the beginning of summer time', hours: ['22:00-06:30'], at: '2026-03-28T23:00+01:00', until: '2026-03-29T06:30+02:00' },
    { what: 'over the end of summer time', hours: ['22:00-06:30'], at: '2026-10-24T23:00+02:00', until: '2026-10-25T06:30+01:00' },
    { what: 'that end at a time that is skipped', hours: ['22:00-02:30'], at: '2026-03-29T01:00+01:00', until: '2026-03-29T03:30+02:00' },
    { what: 'that end at a time that comes twice, before it', hours: ['22:00-02:30'], at: '2026-10-25T01:00+02:00', until: '2026-10-25T02:30+02:00' },
    { what: 'that end at a time that comes twice, between', hours: ['22:00-02:30'], at: '2026-10-25T02:15+01:00', until: '2026-10-25T02:30+01:00' },
    { what: 'at the end of a month and a year', hours: ['22:00-06:30'], at: '2026-12-31T23:00+01:00', until: '2027-01-01T06:30+01:00' },
    { what: 'of which there are none', hours: [], at: '2026-06-10T12:15+02:00', until: undefined },
  ])('$what', ({ hours, at, until }) => {
    process.env['TZ'] = 'Europe/Berlin';
    expect(quietUntil(hours, Date.parse(at))).toBe(until === undefined ? undefined : Date.parse(until));
  });

  it.each(['', '22-06', '22:00-22:00', '24:00-06:00', '25:00-26:00', '22:60-23:00', '22:00 - 23:00', '22:00-06:00-07:00'])('refuse "%s"', (text) => {
    expect(parseQuietHours(text)).toBeUndefined();
  });

  it('know when they leave no minute', () => {
    expect(coverTheDay(['00:00-24:00'])).toBe(true);
    expect(coverTheDay(['22:00-06:00', '06:00-22:00'])).toBe(true);
    expect(coverTheDay(['22:00-06:00', '06:01-22:00'])).toBe(false);
    expect(coverTheDay([])).toBe(false);
  });
});
