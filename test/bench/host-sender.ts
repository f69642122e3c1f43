import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { metricNames, portions, sendingMs, STEP_S, type HostLoad } from './host-load.ts';

/*
 * One process that sends what many hosts would, each on a connection of its own, as collectd's write_graphite does:
 * node host-sender.ts '{"port": 15001, "hosts": 10, …}'. When it is done it prints what it sent, and what that cost it.
 */

/** What the sender prints. */
export interface SenderAccount {
  /** Points handed to connections, those among them that broke. */
  points: number;
  /** Connections that broke. */
  broken: number;
  /** Milliseconds by which the latest interval was sent too late: much of it means that the sender itself was the limit. */
  latestMs: number;
  /** Seconds of processor time, and MiB of memory at most. */
  cpuSeconds: number;
  memoryMib: number;
}

const load = JSON.parse(process.argv[2] ?? '') as HostLoad & { port: number };
const names = metricNames(load.metricsPerHost);
const account: SenderAccount = { points: 0, broken: 0, latestMs: 0, cpuSeconds: 0, memoryMib: 0 };
const sockets = new Map<number, Socket>();

function socketOf(host: number): Socket {
  const present = sockets.get(host);
  if (present && !present.destroyed) return present;
  const socket = connect({ host: '127.0.0.1', port: load.port });
  socket.setNoDelay(true);
  socket.on('error', () => (account.broken += 1)); // the next interval connects again, as collectd does
  socket.resume();
  sockets.set(host, socket);
  return socket;
}

async function beHost(host: number): Promise<void> {
  for (let interval = 0; interval < load.intervals; interval += 1) {
    const dueMs = sendingMs(load, host, interval);
    await pause(Math.max(0, dueMs - Date.now()));
    account.latestMs = Math.max(account.latestMs, Date.now() - dueMs);
    const socket = socketOf(host);
    const intervalSecond = load.firstSecond + interval * STEP_S;
    for (const portion of portions(host, names, intervalSecond, Math.floor(dueMs / 1000))) socket.write(portion);
    account.points += names.length;
  }
}

await Promise.all(Array.from({ length: load.hosts }, (_, host) => beHost(host)));
// Closed by the other side means that it has read everything.
await Promise.all(
  [...sockets.values()].map((socket) => new Promise<void>((resolve) => (socket.destroyed ? resolve() : void socket.once('close', () => resolve()).end()))),
);
const { user, system } = process.cpuUsage();
account.cpuSeconds = (user + system) / 1e6;
account.memoryMib = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify(account));
