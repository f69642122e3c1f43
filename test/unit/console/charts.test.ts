import { describe, expect, it } from 'vitest';
import { CHARTS, chartsOf } from '../../../src/console/graphite/charts.ts';
import { renderQuery } from '../../../src/console/graphite/render-query.ts';

describe('the charts', () => {
  it('ask for what collectd writes', () => {
    const targets = Object.fromEntries(chartsOf('org.example.host').map((chart) => [chart.id, chart.targets]));
    expect(targets.load).toEqual([
      'alias(collectd.org.example.host.load.load.shortterm,"1 min")',
      'alias(collectd.org.example.host.load.load.midterm,"5 min")',
      'alias(collectd.org.example.host.load.load.longterm,"15 min")',
    ]);
    expect(targets.cpu?.[0]).toBe('alias(averageSeries(collectd.org.example.host.cpu.*.{cpu,percent}.user),"user")');
    expect(targets.memory?.[0]).toBe('alias(sumSeries(collectd.org.example.host.memory.memory.used),"used")');
    expect(targets['disk-use']).toEqual(['collectd.org.example.host.df.*.df_complex.{used,free}', 'collectd.org.example.host.df.*.*.df_complex.{used,free}']);
    expect(targets['disk-io']?.[0]).toBe('collectd.org.example.host.disk.*.disk_octets.{read,write}');
    expect(targets.network?.[0]).toBe('collectd.org.example.host.interface.*.if_octets.{rx,tx}');
  });

  it.each(chartsOf('org.example.host'))('$id: the console serves its query', ({ targets }) => {
    expect(renderQuery(new URLSearchParams(targets.map((target): [string, string] => ['target', target])))).toMatchObject({ ok: true });
  });

  it('have names of their own', () => {
    expect(new Set(CHARTS.map((chart) => chart.id)).size).toBe(CHARTS.length);
    for (const { lines } of CHARTS) if (lines.kind === 'named') expect(new Set(lines.named.map((line) => line.label)).size).toBe(lines.named.length);
  });

  it('survive the way to the page', () => {
    expect(JSON.parse(JSON.stringify(chartsOf('a')))).toEqual(chartsOf('a'));
  });
});
