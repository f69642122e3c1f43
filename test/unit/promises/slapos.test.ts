import { describe, expect, it } from 'vitest';
import { parseResult } from '../../../src/promises/slapos.ts';

const text = (result: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
  JSON.stringify({
    title: 't',
    name: 't.py',
    path: '/x/t.py',
    'execution-time': 0.15,
    result: { type: 'Test Result', failed: false, date: '2026-01-02T03:04:05+0000', message: 'm', ...result },
    ...more,
  });

describe('a result file of slapos.core', () => {
  it('tells state, message, time and how long it took', () => {
    expect(parseResult('t', text({ failed: true, message: 'Größe\n' }))).toEqual({
      title: 't',
      outcome: { state: 'failed', message: 'Größe' },
      startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      executionTimeMs: 150,
    });
  });

  it.each([
    ['2026-01-02T03:04:05', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05+0100', Date.UTC(2026, 0, 2, 2, 4, 5)],
    ['2026-01-02T03:04:05-05:30', Date.UTC(2026, 0, 2, 8, 34, 5)],
  ])('has the date %s', (date, expected) => {
    expect(parseResult('t', text({ date }))?.startedAtMs).toBe(expected);
  });

  it.each([
    ['nothing', ''],
    ['half of one', text({}).slice(0, 60)],
    ['another thing', '[]'],
    ['no date', text({ date: 'yesterday' })],
    ['an impossible date', text({ date: '2026-13-41T03:04:05+0000' })],
    ['no state', text({ failed: 'no' })],
  ])('is none with %s in it', (_, content) => {
    expect(parseResult('t', content)).toBeUndefined();
  });
});
