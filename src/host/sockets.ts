import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/*
 * Who listens where, from /proc. The tables of sockets are for everyone to read; which process holds a socket is shown
 * for one's own processes, or to root. Elsewhere than on Linux nothing is found.
 */

/** A TCP port that is listened on, or a UDP port that is bound. */
export interface ListeningSocket {
  protocol: 'tcp' | 'udp';
  /** As it is written: `0.0.0.0`, `127.0.0.1`, `::`. */
  address: string;
  port: number;
  inode: string;
}

const PROTOCOLS = ['tcp', 'udp'] as const;

// https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt: 0A is LISTEN; a bound UDP socket is 07 (CLOSE)
const LISTENING_STATE = { tcp: '0A', udp: '07' };

/** The listening sockets of a table such as /proc/net/tcp. Pure. */
export function parseListening(table: string, protocol: 'tcp' | 'udp'): ListeningSocket[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING_STATE[protocol])
    .flatMap((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return fields[9] === undefined ? [] : [{ protocol, address: addressOf(address), port: Number.parseInt(port, 16), inode: fields[9] }];
    });
}

/** An address as these tables hold it: 32-bit words of the machine's byte order, which is little-endian wherever we run. */
function addressOf(hexadecimal: string): string {
  const bytes = (hexadecimal.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  if (bytes.slice(0, 12).join('') === '00000000000000000000FFFF') {
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) => Number.parseInt(`${bytes[2 * index] ?? '0'}${bytes[2 * index + 1] ?? '0'}`, 16).toString(16));
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}

/** Every listening socket of this machine. */
export function listeningSockets(): ListeningSocket[] {
  return PROTOCOLS.flatMap((protocol) => ['', '6'].flatMap((version) => parseListening(readOr(`/proc/net/${protocol}${version}`, ''), protocol)));
}

/** The inodes of the sockets that these processes hold. */
export function socketsOf(pids: readonly number[]): Set<string> {
  const inodes = new Set<string>();
  for (const pid of pids) for (const inode of socketsOfOne(pid)) inodes.add(inode);
  return inodes;
}

function socketsOfOne(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return listOr(folder, []).flatMap((file) => /^socket:\[(\d+)\]$/.exec(linkOr(`${folder}/${file}`, ''))?.[1] ?? []);
}

// Processes come and go while they are looked at, and others' may not be looked at.
const readOr = (path: string, otherwise: string): string => attempt(() => readFileSync(path, 'utf8'), otherwise);
const listOr = (path: string, otherwise: string[]): string[] => attempt(() => readdirSync(path), otherwise);
const linkOr = (path: string, otherwise: string): string => attempt(() => readlinkSync(path), otherwise);

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
