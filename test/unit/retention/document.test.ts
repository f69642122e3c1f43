import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesInWords } from '../../../src/base/terminal.ts';
import { loadRetention, parseRetentions, retentionCost, ruleFor } from '../../../src/manifest/retention.ts';
import { DEFAULT_METRICS_PER_HOST } from '../../../src/retention/cost.ts';
import { diskBytesAt, fullDiskBytes } from '../../../src/retention/growth.ts';
import { METRICS_PER_HOST, SHORT_HOSTS } from '../../bench/hosts.ts';

/* docs/retention.md says what the code says: its tables are made here, and must stand there line for line. */

const ROOT = join(import.meta.dirname, '../../..');
const TEXT = readFileSync(join(ROOT, 'docs/retention.md'), 'utf8');
const RETENTION = await loadRetention(join(ROOT, 'vendor-manifests'));
const BLOCK = 4096;
const DAY = 86_400;

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const host = parseRetentions(ruleFor(RETENTION, 'collectd.org.example.host.load.load.shortterm').retentions);

describe('docs/retention.md', () => {
  it.each(RETENTION.rule)('has what a metric of [$name] costs', ({ name, pattern, retentions }) => {
    const bytes = retentionCost(retentions);
    const cells = [
      `\`${name}\``,
      `\`${pattern.replaceAll('|', '\\|')}\``,
      `\`${retentions}\``,
      bytes.toLocaleString('en'),
      bytesInWords(fullDiskBytes(parseRetentions(retentions), BLOCK) * 300),
    ];
    expect(TEXT).toContain(row(...cells));
  });

  it.each(RETENTION.aggregation)('has the method of [$name]', ({ name, method, note }) => {
    expect(TEXT).toContain(row(`\`${name}\``, method, note));
  });

  it.each([
    ['an hour', 1 / 24],
    ['a day', 1],
    ['two weeks', 14],
    ['a quarter', 91],
    ['a year: full', 365],
  ])('has what a host takes after %s', (span, days) => {
    const takes = (hosts: number): string => bytesInWords(diskBytesAt(host, days * DAY, BLOCK) * DEFAULT_METRICS_PER_HOST * hosts);
    expect(TEXT).toContain(row(span, takes(1), takes(10), takes(100)));
  });

  it('says with what the figures were measured', () => {
    expect(DEFAULT_METRICS_PER_HOST).toBe(METRICS_PER_HOST);
    expect(TEXT).toContain(`${METRICS_PER_HOST} metrics`);
    expect(TEXT).toContain('node test/bench/hosts.ts BUNDLE BUNDLE --hosts 1,10,100 --minutes 10');
    expect(TEXT.replaceAll('\n', ' ')).toContain(`${SHORT_HOSTS.hosts.join(' and ')} hosts for ${SHORT_HOSTS.minutes} minute`);
  });
});
