import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/*
 * Who listens on a port, from /proc. The tables of sockets are for everyone to read; which process holds a socket is
 * shown for one's own processes, or to root.
 */

/** The inodes of the sockets that listen on a port, in a table such as /proc/net/tcp. Pure. */
export function listeningInodes(table: string, port: number, protocol: 'tcp' | 'udp'): string[] {
  // https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt: 0A is LISTEN; a bound UDP socket is 07 (CLOSE)
  const state = protocol === 'tcp' ? '0A' : '07';
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) && fields[3] === state)
    .flatMap((fields) => fields[9] ?? []);
}

/** The process that listens on a port, as `name (process n)`; undefined when the system does not tell. */
export function holderOf(port: number, protocol: 'tcp' | 'udp'): string | undefined {
  const tables = [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].map((path) => orEmpty(() => readFileSync(path, 'utf8'), ''));
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port, protocol)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pid = orEmpty(() => readdirSync('/proc'), []).find((name) => /^\d+$/.test(name) && holdsOne(name, sockets));
  return pid === undefined ? undefined : `${nameOf(pid)} (process ${pid})`;
}

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return orEmpty(() => readdirSync(folder), []).some((file) => sockets.has(orEmpty(() => readlinkSync(`${folder}/${file}`), '')));
}

function nameOf(pid: string): string {
  return orEmpty(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), 'a program');
}

/** Processes come and go while they are looked at, and others' may not be looked at. */
function orEmpty<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
