import { bytesInWords } from '../base/terminal.ts';
import type { Cost, PerHost } from './cost.ts';

/** What metrics cost, as lines for people. `files`: those that were looked at. Pure. */
export function costInWords(files: number, cost: Cost): string[] {
  const { nowBytes, fullBytes, growingFiles, growth, isReckoned } = cost;
  const about = isReckoned ? 'About ' : '';
  return [
    `A host has ${hostInWords(cost.perHost)}, which take ${bytesInWords(cost.bytesPerHost)} when their files are full.`,
    isReckoned
      ? `All metrics together take about ${bytesInWords(nowBytes)} now, ${bytesInWords(fullBytes)} when their files are full (reckoned from the ${files} that were looked at).`
      : `${files} metrics take ${bytesInWords(nowBytes)} now, ${bytesInWords(fullBytes)} when their files are full.`,
    growth.bytesPerDay === 0
      ? `${about}${growingFiles} of them are written to, and grow no more in the next 24 hours.`
      : `${about}${growingFiles} of them are written to and grow by ${bytesInWords(growth.bytesPerDay)} in the next 24 hours; the last is full in ${daysInWords(growth.daysUntilFilesFull)}.`,
    diskInWords(cost),
  ];
}

function hostInWords(perHost: PerHost): string {
  if (perHost.from === 'default')
    return `about ${perHost.metricsPerHost} metrics (what a default collectd makes of a server with 16 processors; there is no host here yet to count)`;
  const { hosts, metricsPerHost, most } = perHost;
  if (hosts === 1) return `${metricsPerHost} metrics (counted: ${most.prefix})`;
  return `${metricsPerHost} metrics (the average of ${hosts} that were counted; ${most.prefix} has the most, ${most.metrics})`;
}

function diskInWords({ disk, growth }: Cost): string {
  const free = `The disk has ${bytesInWords(disk.freeBytes)} free:`;
  if (growth.bytesToCome === 0) return `${free} these metrics take no more of it.`;
  const pace =
    growth.daysUntilDiskFullAtThisPace === null
      ? ''
      : `; at the pace of the next 24 hours it would be full in ${daysInWords(growth.daysUntilDiskFullAtThisPace)}`;
  if (growth.daysUntilDiskFull === null) return `${free} these metrics will take ${bytesInWords(growth.bytesToCome)} more and do not fill it${pace}.`;
  return `${free} these metrics fill it in ${daysInWords(growth.daysUntilDiskFull)}, as they will take ${bytesInWords(growth.bytesToCome)} more; "dkm retention plan" after shorter retentions, or a larger disk${pace}.`;
}

function daysInWords(days: number): string {
  if (days < 1) return `${Math.max(1, Math.round(days * 24))} hours`;
  return days < 10 ? `${days.toFixed(1)} days` : `${Math.round(days)} days`;
}
