import { readFile, realpath } from 'node:fs/promises';

/*
 * Which file system a path is on, by the name under which collectd tells of it.
 */

/** The mount point of a path as collectd writes it in a metric's name: `root`, `srv-data`. */
export async function mountNameOf(path: string): Promise<string> {
  const real = await realpath(path);
  const table = await readFile('/proc/self/mounts', 'utf8').catch(() => ''); // Linux alone has it
  return mountName(mountPointIn(table, real));
}

/** The mount point of an absolute path without links, by the text of /proc/self/mounts; `/` when nothing fits better. Pure. */
export function mountPointIn(table: string, path: string): string {
  const points = table.split('\n').map((line) => unescaped(line.split(' ')[1] ?? ''));
  const above = points.filter((point) => point !== '' && `${path}/`.startsWith(point === '/' ? '/' : `${point}/`));
  return above.sort((a, b) => b.length - a.length)[0] ?? '/';
}

/** https://github.com/collectd/collectd/blob/main/src/df.c: without the first slash, the others dashes; Graphite's own dots go, too. Pure. */
export function mountName(mount: string): string {
  return mount === '/' ? 'root' : mount.slice(1).replaceAll('/', '-').replace(/[.\s]/g, '_');
}

/** fstab(5): a space is \040 and so on. */
const unescaped = (text: string): string => text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
