import type { Datapoint } from './graphite.ts';

/*
 * Metrics as they would come from machines and from instances of DSS that are not here. Names of hosts as collectd's
 * write_graphite makes them; those of DSS as the dashboards of dkumonitor ask for them; those of an API node as
 * Dropwizard's reporter ends them.
 */

const HOST_METRICS: Readonly<Record<string, number>> = {
  'load.load.shortterm': 1,
  'load.load.midterm': 1,
  'load.load.longterm': 1,
  'cpu.0.cpu.idle': 60,
  'cpu.0.cpu.user': 30,
  'cpu.0.cpu.system': 10,
  'memory.percent.used': 40,
  'memory.memory.used': 4e9,
  'memory.memory.free': 6e9,
  'df.root.df_complex.used': 60e9,
  'df.root.df_complex.free': 20e9,
  'df.root.df_complex.reserved': 20e9,
  'disk.vda.disk_octets.read': 1e5,
  'disk.vda.disk_octets.write': 2e5,
  'disk.vda.disk_ops.read': 10,
  'disk.vda.disk_ops.write': 20,
  'disk.vda.disk_time.read': 1,
  'disk.vda.disk_time.write': 2,
  'disk.vda.disk_io_time.io_time': 500,
  'disk.vda.disk_io_time.weighted_io_time': 700,
  'interface.eth0.if_octets.rx': 1000,
  'interface.eth0.if_octets.tx': 2000,
  'interface.eth0.if_packets.rx': 10,
  'interface.eth0.if_packets.tx': 20,
  'interface.eth0.if_errors.rx': 0,
  'interface.eth0.if_errors.tx': 0,
  'interface.eth0.if_dropped.rx': 0,
  'interface.eth0.if_dropped.tx': 0,
  'interface.lo.if_octets.rx': 1e9,
  'interface.lo.if_octets.tx': 1e9,
  'swap.swap.used': 1e8,
};

/** A host that sends below a prefix: `collectd.org.example.other`. */
export function hostSeries(host: string, time: number): Datapoint[] {
  return Object.entries(HOST_METRICS).map(([name, value]) => [`${host}.${name}`, value, time]);
}

/** An instance of DSS: its backend, and the collectd that it starts. `isOld`: with the names of collectd of ten years ago. */
export function dssSeries(instance: string, time: number, { isOld = false } = {}): Datapoint[] {
  const backend = `${instance}.backend.server`;
  const machine = `${instance}.collectd`;
  const old = (points: Datapoint[]): Datapoint[] =>
    isOld ? points.map(([name, value, at]) => [name.replace('.cpu.0.cpu.', '.cpu.0.').replace('.memory.memory.', '.memory.'), value, at]) : points;
  const processes = ['dss_backend', 'dss_jek', 'dss_fek'].flatMap((kind): Datapoint[] => [
    [`${machine}.processes.${kind}.ps_count.processes`, 2, time],
    [`${machine}.processes.${kind}.ps_count.threads`, 80, time],
    [`${machine}.processes.${kind}.ps_rss`, 9e8, time],
    [`${machine}.processes.${kind}.ps_cputime.user`, 1e5, time],
    [`${machine}.processes.${kind}.ps_cputime.syst`, 1e4, time],
    [`${machine}.processes.${kind}.file_handles`, 300, time],
    [`${machine}.processes.${kind}.file_handles.mapped`, 400, time],
  ]);
  return [
    [`${backend}.dku.collaboration.activeUsers`, 12, time],
    [`${backend}.catalog.indexAll.datasets.count`, 431, time],
    [`${backend}.catalog.indexAll.recipes`, 612, time],
    [`${backend}.jvm.memory.heap.used`, 2e9, time],
    [`${backend}.jvm.memory.heap.max`, 4e9, time],
    ...old(hostSeries(machine, time)),
    ...processes,
  ];
}

/** An API node with two endpoints. */
export function apiNodeSeries(node: string, time: number): Datapoint[] {
  const timers = ['churn.predict', 'fraud.score'].flatMap((endpoint): Datapoint[] => [
    [`${node}.endpoints.${endpoint}.requests.m1_rate`, 4, time],
    [`${node}.endpoints.${endpoint}.requests.p50`, 8, time],
    [`${node}.endpoints.${endpoint}.requests.p95`, 30, time],
  ]);
  return [[`${node}.jvm.memory.heap.used`, 8e8, time], [`${node}.jvm.memory.heap.max`, 2e9, time], ...timers];
}
