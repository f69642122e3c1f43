import type { DashboardDefinition, PanelDefinition } from '../vocabulary.ts';
import { byNode, CHART, EVERY_MINUTE, FIGURE, FULL, HALF, highest, named, QUARTER, resolutionVariable } from './common.ts';
import { connect, dssPrefixVariable, instanceVariable } from './dss.ts';
import { fileSystemsInUse } from '../expressions.ts';

const MACHINE = '$instance.collectd';
const BUSY = '{user,nice,system,wait,interrupt,softirq,steal}';
const NOTHING = 'No DSS sends this yet';

/** Older versions of collectd name a value without its type: cpu.0.user for cpu.0.cpu.user. */
const cpu = (states: string): string => `group(${MACHINE}.cpu.*.{cpu,percent}.${states}, ${MACHINE}.cpu.*.${states})`;
const memory = (kinds: string): string => `group(${MACHINE}.memory.memory.${kinds}, ${MACHINE}.memory.${kinds})`;

/** The machine of a DSS instance, as the collectd that DSS starts measures it. */
export function dssSystem(): DashboardDefinition {
  return {
    uid: 'dkm-dss-system',
    title: 'DSS system',
    about: 'The machine of a Dataiku DSS instance, as the collectd measures it that DSS starts itself.',
    from: 'now-6h',
    refresh: '1m',
    variables: [dssPrefixVariable, instanceVariable('Instance', 'collectd.memory.percent.used', 'collectd.load.load.shortterm'), resolutionVariable('10s')],
    rows: [
      {
        title: '',
        panels: [
          connect(
            "Nothing here? **DSS's own collectd does not send yet.** `bin/dkm dss` prints what to type for this installation, `bin/dkm dss check` sees whether anything arrives. " +
              'Where dkm itself runs on the machine of DSS, the dashboard [Host](/d/dkm-this-host) shows the same of it without DSS.',
          ),
          ...figures(),
        ],
      },
      { title: 'Machine', panels: machine() },
    ],
  };
}

function figures(): PanelDefinition[] {
  const figure = { kind: 'stat', width: QUARTER, height: FIGURE, min: 0, nothing: NOTHING } as const;
  const share = { ...figure, unit: 'percent', decimals: 0, max: 100, thresholds: FULL } as const;
  return [
    {
      ...share,
      title: 'CPU in use',
      about: 'Of all processors together.',
      todo: 'Long above 95 %: fewer activities at a time, or move them into containers or the database.',
      targets: [named('in use', `sumSeries(groupByNode(${cpu(BUSY)}, -1, 'average'))`)],
    },
    {
      ...share,
      title: 'Memory in use',
      about: 'By programs.',
      todo: 'Above 95 % the kernel ends a process, often the backend: limit jek.xmx and the number of activities.',
      targets: [named('in use', `${MACHINE}.memory.percent.used`)],
    },
    {
      ...share,
      title: 'Fullest file system',
      about: 'As df shows it.',
      todo: 'DSS stops when its data directory is full: see its disk usage tool (Administration, Maintenance) and the macros that clean up.',
      targets: [named('fullest', `maxSeries(${fileSystemsInUse(MACHINE)})`)],
    },
    {
      ...figure,
      title: 'Load, 5 minutes',
      about: 'Processes that run or wait to.',
      todo: 'Compare it with the number of processors.',
      unit: 'none',
      decimals: 2,
      targets: [named('load', `${MACHINE}.load.load.midterm`)],
    },
  ];
}

function machine(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE, nothing: NOTHING } as const;
  return [
    {
      ...chart,
      title: 'CPU',
      about: 'What processors are busy with, averaged over all of them.',
      todo: '"wait" is for disks, "steal" is what the hypervisor gave to others.',
      unit: 'percent',
      max: 100,
      isStacked: true,
      targets: [byNode(`groupByNode(${cpu(BUSY)}, -1, 'average')`, 0)],
    },
    {
      ...chart,
      title: 'Memory',
      about: 'What it is used for.',
      todo: 'DSS needs room for the backend, and for as many JEKs as may run at a time.',
      unit: 'bytes',
      isStacked: true,
      targets: [byNode(`groupByNode(${memory('{used,buffered,cached,free}')}, -1, 'sum')`, 0)],
    },
    {
      ...chart,
      title: 'Network',
      about: 'Bytes per second, received (rx) and sent (tx).',
      todo: 'Large and steady is data that passes through DSS: let databases compute in place.',
      unit: 'Bps',
      targets: [byNode(`exclude(${MACHINE}.interface.*.if_octets.{rx,tx}, '\\.interface\\.lo\\.')`, -3, -1)],
    },
    {
      ...chart,
      title: 'File systems, in use',
      about: 'As df shows it.',
      todo: 'Make room before one is full: DSS stops then.',
      unit: 'percent',
      max: 100,
      thresholds: FULL,
      targets: [byNode(fileSystemsInUse(MACHINE), -3)],
    },
    {
      ...chart,
      title: 'Disks, time waited',
      about: 'Milliseconds of waiting per second, of all operations together.',
      todo: 'Far above 1000 there is a queue: the disk of the data directory is too slow, or somebody copies.',
      unit: 'ms',
      targets: [highest(byNode(`${MACHINE}.disk.*.disk_io_time.weighted_io_time`, -3))],
    },
    {
      ...chart,
      title: 'Load',
      about: 'Processes that run or wait to, averaged over 1, 5 and 15 minutes.',
      todo: 'High load with idle processors is waiting for disks.',
      unit: 'short',
      targets: [byNode(`${MACHINE}.load.load.{shortterm,midterm,longterm}`, -1)],
    },
  ];
}
