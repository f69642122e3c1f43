import { statfs } from 'node:fs/promises';
import { fileBytesOf } from '../whisper/format.ts';
import { fullDiskBytes, growthOf, secondsWritten, type FilesAlike, type Growth } from './growth.ts';
import { hostsAmong, type HostMetrics } from './hosts.ts';
import { metricFiles, metricOf } from './metric-files.ts';
import { decide, type Rules } from './rules.ts';
import { survey, type Standing, type Survey } from './survey.ts';

/*
 * What a store's metrics cost of its disk: now, when their files are full, and how soon that is.
 */

/**
 * Metrics of a host that collectd watches as templates/collectd has it: 10 for each processor, 6 for each file system, 11
 * for each disk, 8 for each network interface, and 60 besides, 90 where DSS runs (counted with collectd 5.12). This many
 * are those of a server with 16 processors, 3 file systems, 2 disks and 3 interfaces.
 */
export const DEFAULT_METRICS_PER_HOST = 300;
/** Such a host's metrics come under the rule of this one. */
const A_HOSTS_METRIC = 'collectd.org.example.host.load.load.shortterm';

/** A file that no point came to for so long will not grow: its host is gone, or its metric. */
const STILL_WRITTEN_MS = 86_400_000;
/** Names are taken from the directories alone, which is quick; where there are millions, this is enough. */
const NAMES_WITHIN_MS = 5_000;

/** How many metrics a host has. `counted`: of the hosts that are there; `default`: there are none, so what a default collectd makes. */
export type PerHost =
  { from: 'counted'; hosts: number; metricsPerHost: number; most: { prefix: string; metrics: number } } | { from: 'default'; hosts: 0; metricsPerHost: number };

/** What it costs; all in bytes of the disk, whole blocks. */
export interface Cost {
  perHost: PerHost;
  /** What a host takes when its files are full, under the rules in force. */
  bytesPerHost: number;
  nowBytes: number;
  /** When every file that is there is full, as it was made. */
  fullBytes: number;
  /** Files that points still come to. */
  growingFiles: number;
  growth: Growth;
  disk: { freeBytes: number; totalBytes: number };
  /** True when some files were looked at and the rest reckoned from them. */
  isReckoned: boolean;
}

interface Looked {
  fullBytes: number;
  growingFiles: number;
  alike: Map<string, FilesAlike>;
}

/** Looks at every file, or at as many as the time allows, and reckons the rest. */
export async function surveyCost(root: string, rules: Rules, { withinMs = Infinity }: { withinMs?: number } = {}): Promise<{ survey: Survey; cost: Cost }> {
  const { bsize, blocks, bavail } = await statfs(root);
  const disk = { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  const names = await namesOf(root, withinMs === Infinity ? Infinity : NAMES_WITHIN_MS);
  const looked: Looked = { fullBytes: 0, growingFiles: 0, alike: new Map() };
  const now = Date.now();
  const found = await survey(root, rules, { withinMs, onRuled: (standing) => take(looked, standing, bsize, now) });
  // The rest is taken to be like what was looked at, which chance chose.
  const scale = found.isComplete || found.files === 0 ? 1 : Math.max(1, names.length / found.files);
  const hosts = hostsAmong(names);
  const perHost = perHostOf(hosts);
  const alike = [...looked.alike.values()].map((each) => ({ ...each, files: each.files * scale }));
  const cost: Cost = {
    perHost,
    bytesPerHost: bytesPerHost(hosts, rules, perHost, bsize),
    nowBytes: Math.round(found.diskBytes * scale),
    fullBytes: Math.round((looked.fullBytes + found.obstacleBytes) * scale),
    growingFiles: Math.round(looked.growingFiles * scale),
    growth: growthOf(alike, { freeBytes: disk.freeBytes, blockBytes: bsize }),
    disk,
    isReckoned: scale > 1,
  };
  return { survey: found, cost };
}

async function namesOf(root: string, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  const names: string[] = [];
  for await (const file of metricFiles(root)) {
    const metric = file.kind === 'metric' ? metricOf(file.relative) : undefined;
    if (metric !== undefined) names.push(metric);
    if (performance.now() > deadline) break;
  }
  return names;
}

function take(looked: Looked, { facts, header: { archives } }: Extract<Standing, { ruled: unknown }>, blockBytes: number, now: number): void {
  // A file that is not sparse, or whose blocks were written to in another order, may take more than we reckon.
  looked.fullBytes += Math.max(facts.diskBytes, fullDiskBytes(archives, blockBytes));
  if (now - facts.modifiedMs > STILL_WRITTEN_MS) return;
  looked.growingFiles += 1;
  const hours = Math.round(secondsWritten(archives, facts.diskBytes, blockBytes) / 3600);
  const key = `${archives.map(({ stepSeconds, points }) => `${stepSeconds}x${points}`).join(',')} ${hours}`;
  const alike = looked.alike.get(key) ?? { archives, seconds: hours * 3600, files: 0 };
  alike.files += 1;
  looked.alike.set(key, alike);
}

function perHostOf(hosts: readonly HostMetrics[]): PerHost {
  const [most] = hosts;
  if (most === undefined) return { from: 'default', hosts: 0, metricsPerHost: DEFAULT_METRICS_PER_HOST };
  const metrics = hosts.reduce((sum, host) => sum + host.metrics.length, 0);
  return {
    from: 'counted',
    hosts: hosts.length,
    metricsPerHost: Math.round(metrics / hosts.length),
    most: { prefix: most.prefix, metrics: most.metrics.length },
  };
}

/** Of the hosts that are there, on average; each metric under the rule that decides for it. */
function bytesPerHost(hosts: readonly HostMetrics[], rules: Rules, { from, metricsPerHost }: PerHost, blockBytes: number): number {
  if (from === 'default') return metricsPerHost * bytesOf(A_HOSTS_METRIC, rules, blockBytes);
  const metrics = hosts.flatMap((host) => host.metrics);
  return Math.round(metrics.reduce((sum, metric) => sum + bytesOf(metric, rules, blockBytes), 0) / hosts.length);
}

function bytesOf(metric: string, rules: Rules, blockBytes: number): number {
  const decision = decide(metric, rules);
  return decision.kind === 'ruled' ? Math.ceil(fileBytesOf(decision.shape) / blockBytes) * blockBytes : 0;
}
