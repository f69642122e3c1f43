import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOrThrow } from '../../../src/base/exec.ts';

/*
 * The names and units that Telegraf's measurements get. Starlark is a part of Python here, so Python runs the script; with
 * the real Telegraf it runs in test/e2e/telegraf.test.ts.
 */

const SCRIPT = join(import.meta.dirname, '../../../templates/telegraf/conf/telegraf/collectd-names.star');

const RUNNER = `
import json, sys

class Metric:
    def __init__(self, name):
        self.name, self.tags, self.fields, self.time = name, {}, {}, 0

script = {"Metric": Metric}
exec(open(sys.argv[1]).read(), script)
shown = {}
for given in json.load(sys.stdin):
    metric = Metric(given["name"])
    metric.tags, metric.fields, metric.time = given.get("tags", {}), given["fields"], given.get("at", 0) * 10**9
    for made in script["apply"](metric):
        for field, value in made.fields.items():
            shown.setdefault(made.name + "." + field, []).append(value)
print(json.dumps(shown))
`;

interface Given {
  name: string;
  tags?: Record<string, string>;
  fields: Record<string, number>;
  /** Seconds. */
  at?: number;
}

/** What becomes of metrics that come one after the other: name → values. */
async function named(...metrics: Given[]): Promise<Record<string, number[]>> {
  const output = await runOrThrow('python3', ['-c', RUNNER, SCRIPT], { input: JSON.stringify(metrics), timeoutMs: 30_000 });
  return JSON.parse(output) as Record<string, number[]>;
}

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.log('Skipped: names of Telegraf: there is no python3 here: apt-get install python3');

describe.skipIf(!hasPython)("Telegraf's measurements under collectd's names", () => {
  it.each<[string, Given[], Record<string, number[]>]>([
    [
      'a processor',
      [{ name: 'cpu', tags: { cpu: 'cpu3' }, fields: { usage_user: 12.5, usage_iowait: 1, usage_active: 20 } }],
      { 'cpu.3.cpu.user': [12.5], 'cpu.3.cpu.wait': [1] },
    ],
    [
      'load',
      [{ name: 'system', fields: { load1: 1, load5: 2, load15: 3, n_cpus: 2 } }],
      { 'load.load.shortterm': [1], 'load.load.midterm': [2], 'load.load.longterm': [3] },
    ],
    [
      'a file system: what root alone may use is neither free nor used',
      [{ name: 'disk', tags: { path: '/srv/data' }, fields: { total: 1000, free: 250, used: 700, inodes_free: 5 } }],
      {
        'df.srv-data.df_complex.free': [250],
        'df.srv-data.df_complex.used': [700],
        'df.srv-data.df_complex.reserved': [50],
        'df.srv-data.percent_bytes.free': [25],
        'df.srv-data.percent_bytes.used': [70],
        'df.srv-data.percent_bytes.reserved': [5],
      },
    ],
    [
      'swap as Linux tells it with the memory, and not again',
      [
        {
          name: 'mem',
          fields: { total: 100, free: 10, buffered: 5, cached: 25, slab: 15, sreclaimable: 5, sunreclaim: 10, swap_total: 40, swap_free: 20, swap_cached: 10 },
        },
        { name: 'swap', fields: { total: 40, used: 20, free: 20 } },
      ],
      {
        'memory.memory.free': [10],
        'memory.memory.buffered': [5],
        'memory.memory.cached': [20],
        'memory.memory.slab_recl': [5],
        'memory.memory.slab_unrecl': [10],
        'memory.memory.used': [50],
        'memory.percent.free': [10],
        'memory.percent.buffered': [5],
        'memory.percent.cached': [20],
        'memory.percent.slab_recl': [5],
        'memory.percent.slab_unrecl': [10],
        'memory.percent.used': [50],
        'swap.swap.free': [20],
        'swap.swap.cached': [10],
        'swap.swap.used': [10],
        'swap.percent.free': [50],
        'swap.percent.cached': [25],
        'swap.percent.used': [25],
      },
    ],
    [
      'memory as macOS tells it',
      [{ name: 'mem', fields: { total: 100, used: 60, active: 30, inactive: 20, wired: 30, free: 20 } }],
      {
        'memory.memory.wired': [30],
        'memory.memory.active': [30],
        'memory.memory.inactive': [20],
        'memory.memory.free': [20],
        'memory.percent.wired': [30],
        'memory.percent.active': [30],
        'memory.percent.inactive': [20],
        'memory.percent.free': [20],
      },
    ],
    ['no swap: no share of it', [{ name: 'swap', fields: { total: 0, used: 0, free: 0 } }], { 'swap.swap.used': [0], 'swap.swap.free': [0] }],
    [
      'a disk: rates, and milliseconds per operation',
      [
        {
          name: 'diskio',
          tags: { name: 'vda' },
          at: 0,
          fields: { reads: 0, writes: 10, read_bytes: 0, write_bytes: 0, read_time: 0, write_time: 0, io_time: 0, iops_in_progress: 1 },
        },
        {
          name: 'diskio',
          tags: { name: 'vda' },
          at: 10,
          fields: { reads: 0, writes: 30, read_bytes: 0, write_bytes: 40960, read_time: 0, write_time: 100, io_time: 50, iops_in_progress: 2 },
        },
      ],
      {
        'disk.vda.disk_octets.read': [0],
        'disk.vda.disk_octets.write': [4096],
        'disk.vda.disk_ops.read': [0],
        'disk.vda.disk_ops.write': [2],
        'disk.vda.disk_io_time.io_time': [5],
        'disk.vda.disk_time.read': [0],
        'disk.vda.disk_time.write': [5],
        'disk.vda.pending_operations': [1, 2],
      },
    ],
    [
      'a network interface, whose counters begin anew once',
      [
        { name: 'net', tags: { interface: 'eth0' }, at: 0, fields: { bytes_recv: 1000, bytes_sent: 0, speed: 10 } },
        { name: 'net', tags: { interface: 'eth0' }, at: 10, fields: { bytes_recv: 2000, bytes_sent: 50, speed: 10 } },
        { name: 'net', tags: { interface: 'eth0' }, at: 20, fields: { bytes_recv: 10, bytes_sent: 100, speed: 10 } },
        { name: 'net', tags: { interface: 'eth0' }, at: 30, fields: { bytes_recv: 110, bytes_sent: 150, speed: 10 } },
      ],
      { 'interface.eth0.if_octets.rx': [100, 10], 'interface.eth0.if_octets.tx': [5, 5, 5] },
    ],
    [
      'pages in and out of the swap',
      [
        { name: 'swap', at: 0, fields: { in: 0, out: 0 } },
        { name: 'swap', at: 10, fields: { in: 409600, out: 0 } },
      ],
      { 'swap.swap_io.in': [10], 'swap.swap_io.out': [0] },
    ],
    [
      'processes, and how many are started',
      [
        { name: 'processes', fields: { running: 1, sleeping: 2, total: 3 } },
        { name: 'kernel', at: 0, fields: { processes_forked: 100, context_switches: 0, boot_time: 1 } },
        { name: 'kernel', at: 10, fields: { processes_forked: 150, context_switches: 1000, boot_time: 1 } },
      ],
      { 'processes.ps_state.running': [1], 'processes.ps_state.sleeping': [2], 'processes.fork_rate': [5], 'contextswitch.contextswitch': [100] },
    ],
  ])('%s', async (_, metrics, expected) => {
    expect(await named(...metrics)).toEqual(expected);
  });
});
