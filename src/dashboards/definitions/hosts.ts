import { cpuOfHosts, fullestOfHosts, ofAllHosts, trafficOfHosts, valueOfHosts } from '../expressions.ts';
import type { DashboardDefinition, LinkDefinition, PanelDefinition, TargetDefinition } from '../vocabulary.ts';
import {
  CHART,
  EVERY_10_S,
  EVERY_MINUTE,
  FIGURE,
  FULL,
  HALF,
  highest,
  named,
  prefixVariable,
  QUARTER,
  resolutionVariable,
  shareFigure,
  THIRD,
} from './common.ts';

const PREFIX = '$prefix';
const SHOWN = 15;
const TO_HOST: LinkDefinition = { title: 'This host', uid: 'dkm-this-host', variable: 'host' };

/** The worst ones now, worst first: carbonapi 0.18 leaves the order of the highest as it was. */
const worst = (series: string): TargetDefinition => ({ series: `sortBy(highestCurrent(${series}, ${SHOWN}), 'current', true)`, called: 'as-they-are' });

/** Of all hosts; they do not all send at the same moment, and until then what they sent last counts. */
const worstOf = (series: string): string => `maxSeries(keepLastValue(${series}, 6))`;

/** Hosts that sent a point now or at one of the six times before it. */
const SENDING = `sumSeries(isNonNull(keepLastValue(${ofAllHosts((pattern) => `${PREFIX}.${pattern}.load.load.shortterm`)}, 6)))`;

/** All machines, the ones with a problem first. */
export function hosts(): DashboardDefinition {
  return {
    uid: 'dkm-hosts',
    title: 'Hosts',
    about: `All hosts that send, worst first: the ${SHOWN} with the least left of each. A click on a bar leads to the host.`,
    from: 'now-1h',
    refresh: '30s',
    variables: [prefixVariable, resolutionVariable('10s')],
    rows: [
      { title: '', panels: figures() },
      { title: 'Worst first', panels: worstFirst() },
      { title: 'Over time', panels: overTime() },
    ],
  };
}

function figures(): PanelDefinition[] {
  return [
    {
      kind: 'stat',
      title: 'Hosts that send',
      about: 'How many sent something within the last minutes.',
      todo: 'When it falls, a host is silent: dkm check has a promise that names it. There, look at dkm status and at the way to port+1 of this server.',
      width: QUARTER,
      height: FIGURE,
      unit: 'none',
      decimals: 0,
      targets: [named('hosts', SENDING)],
    },
    {
      ...shareFigure,
      title: 'Busiest processors',
      about: 'Of the busiest host, in use.',
      todo: 'See below which it is; its own dashboard says with what.',
      targets: [named('busiest', worstOf(cpuOfHosts(PREFIX)))],
    },
    {
      ...shareFigure,
      title: 'Least memory left',
      about: 'Of the host with the least left, in use.',
      todo: 'See below which it is. At 95 % the kernel soon ends a process there.',
      targets: [named('fullest', worstOf(valueOfHosts(PREFIX, 'memory.percent.used')))],
    },
    {
      ...shareFigure,
      title: 'Fullest file system',
      about: 'Of all hosts, in use as df shows it.',
      todo: 'See below where it is, and make room there.',
      targets: [named('fullest', worstOf(fullestOfHosts(PREFIX)))],
    },
  ];
}

function worstFirst(): PanelDefinition[] {
  const bars = { kind: 'bars', width: THIRD, height: 11, min: 0, link: TO_HOST } as const;
  const percent = { ...bars, unit: 'percent', decimals: 0, max: 100, thresholds: FULL } as const;
  return [
    {
      ...percent,
      title: 'CPU in use',
      about: 'Of all processors of a host.',
      todo: 'Long above 95 %: run less at a time there.',
      targets: [worst(cpuOfHosts(PREFIX))],
    },
    {
      ...percent,
      title: 'Memory in use',
      about: 'By programs, without what the kernel keeps of files.',
      todo: 'Above 95 % the kernel soon ends a process: limit the largest, or add memory.',
      targets: [worst(valueOfHosts(PREFIX, 'memory.percent.used'))],
    },
    {
      ...percent,
      title: 'Fullest file system',
      about: 'The fullest one of a host, as df shows it.',
      todo: 'Make room before it is full: what writes there fails then.',
      targets: [worst(fullestOfHosts(PREFIX))],
    },
    {
      ...bars,
      title: 'Load, 5 minutes',
      about: 'Processes that run or wait to; not divided by the number of processors.',
      todo: 'Far above the number of its processors a host waits for something: its own dashboard says for what.',
      unit: 'none',
      decimals: 2,
      targets: [worst(valueOfHosts(PREFIX, 'load.load.midterm'))],
    },
    {
      ...bars,
      title: 'Network, sent',
      about: 'Bytes per second, over all interfaces but the loopback one.',
      todo: 'A host that sends much more than it used to: see what with ss -tp.',
      unit: 'Bps',
      targets: [worst(trafficOfHosts(PREFIX, 'tx'))],
    },
    {
      ...bars,
      title: 'Swap in use',
      about: 'Bytes.',
      todo: 'Much, and busy (see the host): there is too little memory.',
      unit: 'bytes',
      targets: [worst(valueOfHosts(PREFIX, 'swap.swap.used'))],
    },
  ];
}

function overTime(): PanelDefinition[] {
  const alike = (series: string): TargetDefinition => ({ series: `highestAverage(${series}, ${SHOWN})`, called: 'as-they-are' });
  const lines = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_10_S } as const;
  return [
    {
      ...lines,
      title: 'CPU in use',
      about: 'The busiest hosts.',
      todo: 'A line alone above the others is one host; all together is the hour of the day.',
      unit: 'percent',
      max: 100,
      targets: [alike(cpuOfHosts(PREFIX))],
    },
    {
      ...lines,
      title: 'Memory in use',
      about: 'The fullest hosts.',
      todo: 'A line that climbs for days is a leak.',
      unit: 'percent',
      max: 100,
      targets: [alike(valueOfHosts(PREFIX, 'memory.percent.used'))],
    },
    {
      ...lines,
      title: 'Network, received',
      about: 'Bytes per second.',
      todo: 'Know what is usual.',
      unit: 'Bps',
      targets: [alike(trafficOfHosts(PREFIX, 'rx'))],
    },
    {
      ...lines,
      title: 'Hosts that send',
      about: 'How many there are.',
      todo: 'A step down is hosts that fell silent; all at once is the way to here.',
      unit: 'none',
      decimals: 0,
      bridgeS: EVERY_MINUTE,
      targets: [highest(named('hosts', SENDING))],
    },
  ];
}
