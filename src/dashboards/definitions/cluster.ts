import { ofHostsCalled } from '../expressions.ts';
import type { DashboardDefinition, PanelDefinition, Site, TargetDefinition, VariableDefinition } from '../vocabulary.ts';
import { byNode, CHART, EVERY_10_S, HALF, hostVariable, named, NO_DISK, prefixVariable, resolutionVariable, THIRD } from './common.ts';

/*
 * A cluster of a server and its workers (worker-0, worker-1, …), as Butler builds it: what its dashboards Cluster
 * Overview, Salt Master and Workers show, of collectd's metrics in Graphite.
 */

const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_10_S } as const;

/** The machine that was chosen, and its disks. */
const HOST = '$prefix.$host';
const diskOperations = { ...chart, unit: 'iops', nothing: NO_DISK, targets: [byNode(`${HOST}.disk.*.disk_ops.{read,write}`, -3, -1)] };
const diskBytes = { ...chart, unit: 'Bps', nothing: NO_DISK, targets: [byNode(`${HOST}.disk.*.disk_octets.{read,write}`, -3, -1)] };

const workersVariable: VariableDefinition = {
  kind: 'choice',
  name: 'workers',
  label: 'Hosts called',
  about: "The beginning of the hosts' own names, without their domain.",
  choices: [
    { text: 'anything', value: '*' },
    { text: 'worker-…', value: 'worker-*' },
  ],
};

/** A metric of all chosen hosts, called by the host; with `value` by that, too: negative nodes are counted from the end. */
function ofWorkers(metric: string, ...more: readonly number[]): TargetDefinition {
  return byNode(ofHostsCalled('$prefix', '$workers', metric), -1 - metric.split('.').length, ...more);
}

/** A metric of all parts (processors, disks, …) of a host, put together. */
function partsOfWorkers(metric: string, how: 'sum' | 'average'): TargetDefinition {
  const node = -1 - metric.split('.').length;
  return { series: `groupByNode(${ofHostsCalled('$prefix', '$workers', metric)}, ${node}, '${how}')`, called: 'as-they-are' };
}

/** All hosts of a cluster beside each other. */
export function clusterOverview(): DashboardDefinition {
  return {
    uid: 'dkm-cluster-overview',
    title: 'Cluster overview',
    about: 'The hosts of a cluster beside each other, one line each: load, processors, memory, disks, network.',
    from: 'now-1h',
    refresh: '30s',
    variables: [prefixVariable, workersVariable, resolutionVariable('10s')],
    rows: [
      {
        title: '',
        panels: [
          {
            ...chart,
            title: 'Load, 1 minute',
            about: 'Of each host.',
            todo: 'One line above the others is a host with more work than its share, or one that waits.',
            unit: 'short',
            targets: [ofWorkers('load.load.shortterm')],
          },
          {
            ...chart,
            title: 'CPU, user',
            about: 'Of each host, averaged over its processors.',
            todo: 'A worker at 0 while others work has nothing to do: is it in the queue?',
            unit: 'percent',
            max: 100,
            targets: [partsOfWorkers('cpu.*.{cpu,percent}.user', 'average')],
          },
          {
            ...chart,
            title: 'Memory, used',
            about: 'Of each host, by programs.',
            todo: 'Near the size of the machine: fewer tasks at a time there.',
            unit: 'bytes',
            targets: [ofWorkers('memory.memory.used')],
          },
          {
            ...chart,
            title: 'Memory, free',
            about: 'Of each host; what the kernel keeps of files is not in it.',
            todo: 'Little is no harm by itself: see used.',
            unit: 'bytes',
            targets: [ofWorkers('memory.memory.free')],
          },
          ...disksAndNetwork(),
          {
            ...chart,
            title: 'File systems, used',
            about: 'Of each host, all of them together.',
            todo: 'A line that climbs to a plateau is full: tasks fail there.',
            unit: 'bytes',
            targets: [partsOfWorkers('df.*.df_complex.used', 'sum')],
          },
          {
            ...chart,
            title: 'File systems, free',
            about: 'Of each host, all of them together.',
            todo: 'Make room before a worker has none: its tasks fail then.',
            unit: 'bytes',
            targets: [partsOfWorkers('df.*.df_complex.free', 'sum')],
          },
        ],
      },
    ],
  };
}

function disksAndNetwork(): PanelDefinition[] {
  const disk = { ...chart, width: THIRD, nothing: NO_DISK } as const;
  return [
    {
      ...disk,
      title: 'Disks, operations read',
      about: 'Per second, of each host.',
      todo: 'Many and small: see what reads with iotop.',
      unit: 'iops',
      targets: [partsOfWorkers('disk.*.disk_ops.read', 'sum')],
    },
    {
      ...disk,
      title: 'Disks, operations written',
      about: 'Per second, of each host.',
      todo: 'Many and small: a database, or the store of metrics.',
      unit: 'iops',
      targets: [partsOfWorkers('disk.*.disk_ops.write', 'sum')],
    },
    {
      ...disk,
      title: 'Disks, read and written',
      about: 'Bytes per second, of each host.',
      todo: 'Flat at the top is the limit of the disk.',
      unit: 'Bps',
      targets: [partsOfWorkers('disk.*.disk_octets.{read,write}', 'sum')],
    },
    {
      ...chart,
      title: 'Network, packets received',
      about: 'Per second, of each host, loopback included.',
      todo: 'One host alone: who sends to it?',
      unit: 'pps',
      targets: [partsOfWorkers('interface.*.if_packets.rx', 'sum')],
    },
    {
      ...chart,
      title: 'Network, packets sent',
      about: 'Per second, of each host, loopback included.',
      todo: 'One host alone: what does it serve?',
      unit: 'pps',
      targets: [partsOfWorkers('interface.*.if_packets.tx', 'sum')],
    },
  ];
}

/** The server of a cluster: where dkm's server part is installed, at first. */
export function clusterServer(site: Site): DashboardDefinition {
  return {
    uid: 'dkm-cluster-server',
    title: 'Cluster server',
    about: 'The server of a cluster (Butler calls it salt-master): processors, memory, packets, disks, file systems.',
    from: 'now-1h',
    refresh: '30s',
    variables: [prefixVariable, hostVariable(site, 'Server'), resolutionVariable('10s')],
    rows: [
      {
        title: '',
        panels: [
          {
            ...chart,
            title: 'CPU, user and system',
            about: 'Averaged over all processors.',
            todo: 'Long near 100 %: the server is too small for the cluster.',
            unit: 'percent',
            max: 100,
            isStacked: true,
            targets: [byNode(`groupByNode(${HOST}.cpu.*.{cpu,percent}.{user,system}, -1, 'average')`, 0)],
          },
          {
            ...chart,
            title: 'Memory',
            about: 'What it is used for.',
            todo: 'Where "used" climbs for days, a program leaks.',
            unit: 'bytes',
            isStacked: true,
            targets: [byNode(`${HOST}.memory.memory.{used,cached,buffered,free}`, -1)],
          },
          {
            ...chart,
            title: 'Network, packets',
            about: 'Per second, received (rx) and sent (tx), by interface.',
            todo: 'It follows the number of workers.',
            unit: 'pps',
            targets: [byNode(`${HOST}.interface.*.if_packets.{rx,tx}`, -3, -1)],
          },
          {
            ...diskOperations,
            title: 'Disks, operations',
            about: 'Per second.',
            todo: 'The store of metrics writes most of them; see Storage engine.',
          },
          {
            ...diskBytes,
            title: 'Disks, read and written',
            about: 'Bytes per second.',
            todo: 'Flat at the top is the limit of the disk.',
          },
          {
            ...chart,
            title: 'File systems',
            about: 'Used, free and kept for root.',
            todo: 'Metrics of the whole cluster are kept here: dkm retention show says how much they take.',
            unit: 'bytes',
            targets: [byNode(`${HOST}.df.*.df_complex.{used,free,reserved}`, -3, -1)],
          },
        ],
      },
    ],
  };
}

/** One worker of a cluster. */
export function clusterWorkers(site: Site): DashboardDefinition {
  return {
    uid: 'dkm-cluster-workers',
    title: 'Cluster workers',
    about: 'One worker of a cluster, chosen above: load, memory, processors, network, disks.',
    from: 'now-1h',
    refresh: '30s',
    variables: [prefixVariable, hostVariable(site, 'Worker'), resolutionVariable('10s')],
    rows: [
      {
        title: '',
        panels: [
          {
            ...chart,
            title: 'Load, 5 minutes',
            about: 'Processes that run or wait to.',
            todo: 'Far above the number of its processors: fewer tasks at a time.',
            unit: 'short',
            targets: [byNode(`${HOST}.load.load.midterm`, -1)],
          },
          {
            ...chart,
            title: 'Memory',
            about: 'What it is used for.',
            todo: 'Full: the kernel ends a task. Fewer at a time, or larger workers.',
            unit: 'bytes',
            isStacked: true,
            targets: [byNode(`${HOST}.memory.memory.{used,cached,buffered,free}`, -1)],
          },
          {
            ...chart,
            title: 'CPU, user',
            about: 'Averaged over all processors.',
            todo: '0 while there is work: is the worker in the queue, and its executor running?',
            unit: 'percent',
            max: 100,
            targets: [named('user', `averageSeries(${HOST}.cpu.*.{cpu,percent}.user)`)],
          },
          {
            ...chart,
            title: 'Network, bytes',
            about: 'Per second, received (rx) and sent (tx), by interface.',
            todo: 'Flat at the top is the limit of the network.',
            unit: 'Bps',
            targets: [byNode(`${HOST}.interface.*.if_octets.{rx,tx}`, -3, -1)],
          },
          {
            ...chart,
            title: 'Network, packets',
            about: 'Per second, by interface.',
            todo: 'Many small packets cost processor time.',
            unit: 'pps',
            targets: [byNode(`${HOST}.interface.*.if_packets.{rx,tx}`, -3, -1)],
          },
          {
            ...chart,
            title: 'File systems, used',
            about: 'Bytes, by file system.',
            todo: 'Work directories of tasks that failed are the first to remove.',
            unit: 'bytes',
            targets: [byNode(`${HOST}.df.*.df_complex.used`, -3)],
          },
          {
            ...diskOperations,
            title: 'Disks, operations',
            about: 'Per second.',
            todo: 'Many and small: see what reads with iotop.',
          },
          {
            ...diskBytes,
            title: 'Disks, read and written',
            about: 'Bytes per second.',
            todo: 'Flat at the top is the limit of the disk.',
          },
        ],
      },
    ],
  };
}
