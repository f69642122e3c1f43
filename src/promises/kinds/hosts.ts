import { isLike } from './glob.ts';

/*
 * Metrics of every host: `{host}` in a target stands for a host's name. Graphite's * is one part of a name, and hosts'
 * names have one or more, so that a target is asked for once for each number of parts.
 */

/** Which hosts a check is about. */
export interface HostSettings {
  /** Parts that a host's name may have. */
  most_parts: number;
  /** True: host.example.org is org.example.host in the metric's name. */
  reversed: boolean;
  /** Hosts (globs with *) that are left out. */
  except: string[];
  /** A host that another promise looks at. */
  apart_from?: string | undefined;
}

/**
 * Targets as Graphite takes them: of one with `{host}` one for each number of parts, shortest first. `{last}` becomes the
 * number of the name's part that ends the host, which functions such as applyByNode want. Pure.
 */
export function targetsForHosts(targets: readonly string[], mostParts: number): string[] {
  return targets.flatMap((target) => {
    if (!target.includes('{host}')) return [target];
    const before = prefixOf(target).split('.').length - 1;
    return Array.from({ length: mostParts }, (_, index) =>
      target.replaceAll('{host}', ['*', ...Array<string>(index).fill('*')].join('.')).replaceAll('{last}', String(before + index)),
    );
  });
}

/** True when a series belongs to a host that is left out. Its name may be that of a function of the metric. Pure. */
export function isLeftOut(series: string, targets: readonly string[], { most_parts, reversed, except, apart_from }: HostSettings): boolean {
  const globs = [...except, ...(apart_from === undefined ? [] : [apart_from])];
  return globs.length > 0 && targets.some((target) => hostsIn(series, target, most_parts, reversed).some((host) => globs.some((glob) => isLike(host, glob))));
}

/** What may be the host in a series' name: nobody can tell how many parts it has. */
function hostsIn(series: string, target: string, mostParts: number, reversed: boolean): string[] {
  if (!target.includes('{host}')) return [];
  const prefix = prefixOf(target);
  const path = series.split(/[\s(),'"]+/).find((each) => each.startsWith(prefix));
  const parts = path?.slice(prefix.length).split('.') ?? [];
  return Array.from({ length: Math.min(mostParts, parts.length) }, (_, index) => {
    const host = parts.slice(0, index + 1);
    return (reversed ? host.reverse() : host).join('.');
  });
}

/** What stands before the host in the metric's name: `collectd.` */
function prefixOf(target: string): string {
  return /[^\s(),'"]*$/.exec(target.split('{host}')[0] ?? '')?.[0] ?? '';
}
