import { describe, expect, it } from 'vitest';
import { exposition, formatFor, type Family } from '../../../../src/console/exposition/text-format.ts';

it.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/plain', 'text'],
  ['application/openmetrics-text;version=1.0.0', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3', 'openmetrics'],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.1', 'text'],
  ['application/openmetrics-text;q=0', 'text'],
  ['application/openmetrics-text;q=x', 'text'],
])('Accept: %s gets %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});

const FAMILIES: Family[] = [
  { name: 'dkm_build', type: 'info', help: 'The "version".', samples: [{ labels: { version: '1' }, value: 1 }] },
  { name: 'dkm_cpu_seconds', type: 'counter', unit: 'seconds', help: 'A\nB\\', samples: [{ labels: { name: 'a"b\\c\nd\ud800é' }, value: 0.5 }] },
  { name: 'dkm_gone', type: 'gauge', help: 'Nothing.', samples: [] },
  {
    name: 'dkm_odd',
    type: 'gauge',
    help: 'Odd.',
    samples: [Number.NaN, Infinity, -Infinity, 1e21].map((value, index) => ({ labels: { n: `${index}` }, value })),
  },
];

describe('the text', () => {
  it('is that of Prometheus', () => {
    expect(exposition(FAMILIES, 'text')).toBe(
      [
        '# HELP dkm_build_info The "version".',
        '# TYPE dkm_build_info gauge',
        'dkm_build_info{version="1"} 1',
        '# HELP dkm_cpu_seconds_total A\\nB\\\\',
        '# TYPE dkm_cpu_seconds_total counter',
        'dkm_cpu_seconds_total{name="a\\"b\\\\c\\nd\ufffdé"} 0.5',
        '# HELP dkm_odd Odd.',
        '# TYPE dkm_odd gauge',
        'dkm_odd{n="0"} NaN',
        'dkm_odd{n="1"} +Inf',
        'dkm_odd{n="2"} -Inf',
        'dkm_odd{n="3"} 1e+21',
        '',
      ].join('\n'),
    );
  });

  it('is that of OpenMetrics', () => {
    expect(exposition(FAMILIES.slice(0, 2), 'openmetrics')).toBe(
      [
        '# HELP dkm_build The \\"version\\".',
        '# TYPE dkm_build info',
        'dkm_build_info{version="1"} 1',
        '# HELP dkm_cpu_seconds A\\nB\\\\',
        '# TYPE dkm_cpu_seconds counter',
        '# UNIT dkm_cpu_seconds seconds',
        'dkm_cpu_seconds_total{name="a\\"b\\\\c\\nd\ufffdé"} 0.5',
        '# EOF',
        '',
      ].join('\n'),
    );
  });
});
