import { describe, expect, it } from 'vitest';
import type { RenderedSeries } from '../../../src/console/answers.ts';
import { chartsOf, type ChartForHost } from '../../../src/console/graphite/charts.ts';
import { headlineOf, latest, linesOf, MOST_INSTANCES, stacked, withoutNoise } from '../../../src/console/page/lines.ts';

const chart = (id: string): ChartForHost => chartsOf('org.example.host').find((known) => known.id === id)!;
const series = (target: string, ...values: (number | null)[]): RenderedSeries => ({
  target,
  datapoints: values.map((value, index) => [value, 100 + 10 * index]),
});
const ofHost = (rest: string, ...values: (number | null)[]): RenderedSeries => series(`collectd.org.example.host.${rest}`, ...values);

describe('lines', () => {
  it('with names come in the order of the chart, those without a point left out', () => {
    const { times, lines } = linesOf(chart('load'), [series('15 min', 3, 4), series('1 min', 1, null), series('5 min', null, null)]);
    expect(times).toEqual([100, 110]);
    expect(lines).toEqual([
      { label: '1 min', hue: 1, below: false, values: [1, null] },
      { label: '15 min', hue: 3, below: false, values: [3, 4] },
    ]);
  });

  it('of different steps share one axis of time', () => {
    const { times, lines } = linesOf(chart('load'), [
      series('1 min', 1, 2, 3),
      {
        target: '5 min',
        datapoints: [
          [9, 120],
          [8, 130],
        ],
      },
    ]);
    expect(times).toEqual([100, 110, 120, 130]);
    expect(lines.map((line) => line.values)).toEqual([
      [1, 2, 3, null],
      [null, null, 9, 8],
    ]);
  });

  it('of interfaces go up and down, VLANs with a dot in their name too', () => {
    const { lines } = linesOf(chart('network'), [
      ofHost('interface.eth0.if_octets.rx', 1),
      ofHost('interface.eth0.if_octets.tx', 2),
      ofHost('interface.eth0.100.if_octets.rx', 3),
      ofHost('interface.lo.if_octets.rx', 4),
    ]);
    expect(lines.map(({ label, hue, below }) => [label, hue, below])).toEqual([
      ['eth0 in', 1, false],
      ['eth0 out', 1, true],
      ['eth0.100 in', 2, false],
    ]);
  });

  it('of file systems are shares', () => {
    const { lines } = linesOf(chart('disk-use'), [
      ofHost('df.root.df_complex.used', 1, 3, null, 0),
      ofHost('df.root.df_complex.free', 3, 1, 1, 0),
      ofHost('df.dev.df_complex.used', 1, 1, 1, 1),
      ofHost('df.data.df_complex.used', 1, 1, 1, 1),
    ]);
    expect(lines).toEqual([
      { label: '/', hue: 1, below: false, values: [25, 75, null, null] },
      { label: 'data', hue: 2, below: false, values: [null, null, null, null] },
    ]);
  });

  it('are the highest ones when there are too many', () => {
    const many = Array.from({ length: MOST_INSTANCES + 3 }, (_, index) => ofHost(`disk.sd${String.fromCharCode(97 + index)}.disk_octets.read`, index));
    const { lines, more } = linesOf(chart('disk-io'), many);
    expect([lines.length, more, lines[0]?.label]).toEqual([MOST_INSTANCES, 3, 'sdk read']);
  });

  it('are none when nothing came', () => {
    expect(linesOf(chart('cpu'), [])).toEqual({ times: [], lines: [], more: 0 });
  });
});

it.each([
  ['parts-of-disks', ['sda', 'sda1', 'sda12', 'sdb1', 'nvme0n1', 'nvme0n1p2', 'loop0', 'dm-0'], ['sda', 'sdb1', 'nvme0n1']],
  ['parts-of-disks', ['loop0'], ['loop0']],
  ['virtual-interfaces', ['lo', 'eth0', 'enp3s0', 'wlan0', 'veth12ab', 'docker0', 'br-77', 'bond0', 'ens3'], ['eth0', 'enp3s0', 'wlan0', 'bond0', 'ens3']],
  ['pseudo-file-systems', ['root', 'dev', 'dev-shm', 'run-user-0', 'sys-fs-cgroup', 'developers', 'boot'], ['root', 'developers', 'boot']],
] as const)('%s: of %j shows %j', (leaveOut, found, shown) => {
  expect(withoutNoise(found, leaveOut)).toEqual(shown);
});

it('stacks, with a gap only where every line has one', () => {
  const lines = linesOf(chart('memory'), [series('used', 1, null, null), series('free', 4, 5, null)]).lines;
  expect(stacked(lines)).toEqual([
    [1, 0, null],
    [5, 5, null],
  ]);
});

it('finds the newest value', () => {
  expect([latest([1, 2, null]), latest([null]), latest([0, null])]).toEqual([2, null, 0]);
});

it.each([
  ['load', [series('1 min', 0.5, null)], [{ label: '1 min', value: 0.5 }]],
  ['cpu', [series('user', 20), series('system', 5)], [{ label: 'in use', value: 25 }]],
  ['memory', [series('used', 4e9), series('free', 12e9)], [{ label: 'of 16.0 GB used', value: 4e9 }]],
  ['disk-use', [ofHost('df.root.df_complex.used', 1), ofHost('df.root.df_complex.free', 3)], [{ label: 'fullest', value: 25 }]],
  [
    'network',
    [ofHost('interface.eth0.if_octets.rx', 7), ofHost('interface.eth1.if_octets.rx', 1)],
    [
      { label: 'in', value: 8 },
      { label: 'out', value: 0 },
    ],
  ],
  ['load', [], []],
])('%s has its headline', (id, rendered, headline) => {
  expect(headlineOf(chart(id), linesOf(chart(id), rendered))).toEqual(headline);
});
