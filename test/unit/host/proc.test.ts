import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { limitsOf, parseLimits, secondsRunning, threadsOfUser, withDescendants } from '../../../src/host/processes.ts';
import { listeningSockets, parseListening, socketsOf } from '../../../src/host/sockets.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const isLinux = process.platform === 'linux';

describe('parseListening', () => {
  it.each([
    ['0100007F:3A98', '127.0.0.1', 15000],
    ['00000000:0050', '0.0.0.0', 80],
    ['00000000000000000000000000000000:0050', '::', 80],
    ['00000000000000000000000001000000:0050', '::1', 80],
    ['B80D0120000000000000000001000000:0050', '2001:db8::1', 80],
    ['0000000000000000FFFF00000100007F:0050', '127.0.0.1', 80],
  ])('reads %s', (address, expected, port) => {
    const line = `   0: ${address} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n`;
    expect(parseListening(HEAD + line, 'tcp')).toEqual([{ protocol: 'tcp', address: expected, port, inode: '4711' }]);
  });

  it('leaves out connections', () => {
    expect(parseListening(`${HEAD}   0: 0100007F:3A98 0100007F:0050 01 0:0 0:0 0 0 0 4711\n`, 'tcp')).toEqual([]);
  });
});

describe('this process', () => {
  it('holds the socket it listens on', async ({ skip }) => {
    skip(!isLinux, '/proc is only on Linux');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = listeningSockets().find((each) => each.port === port);
    expect(socket).toMatchObject({ protocol: 'tcp', address: '127.0.0.1' });
    expect(socketsOf([process.pid]).has(socket!.inode)).toBe(true);
    expect(socketsOf([1_000_000_000]).size).toBe(0);
    server.close();
  });

  it('is below its parent, runs for a while, and has limits and threads', ({ skip }) => {
    skip(!isLinux, '/proc is only on Linux');
    expect(withDescendants([process.ppid])).toContain(process.pid);
    expect(secondsRunning(process.pid)).toBeGreaterThan(0);
    expect(secondsRunning(1_000_000_000)).toBeUndefined();
    expect(limitsOf('self')['Max open files']?.hard).toBeGreaterThan(0);
    expect(threadsOfUser(process.getuid!())).toBeGreaterThan(1);
  });
});

describe('parseLimits', () => {
  it('reads what the kernel writes', () => {
    const text =
      'Limit                     Soft Limit           Hard Limit           Units     \nMax file size             unlimited            5                    bytes     \nMax open files            1024                 4096                 files     \n';
    expect(parseLimits(text)).toEqual({ 'Max file size': { soft: Infinity, hard: 5 }, 'Max open files': { soft: 1024, hard: 4096 } });
  });
});
