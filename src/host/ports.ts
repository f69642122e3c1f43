import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemCodeOf } from '../base/errors.ts';
import type { ServicePort } from '../contract/service.ts';
import { holderOf } from './port-holders.ts';

/** A port that one of our services could not listen on, and why. */
export interface PortProblem {
  port: number;
  address: string;
  protocol: 'tcp' | 'udp';
  title: string;
  /** `in-use`, `no-such-address`, `not-allowed`, or the system's own code. */
  reason: string;
  /** Who listens there, as far as this process may know. */
  holder?: string;
}

/** Tries to listen on each of the ports, as the services will; returns those on which that fails. */
export async function portProblems(ports: readonly ServicePort[]): Promise<PortProblem[]> {
  const tests = ports.flatMap(({ port, address, title, protocols }) => protocols.map((protocol) => ({ port, address, title, protocol })));
  const problems: PortProblem[] = [];
  for (const test of tests) {
    const code = await bindFailure(test);
    if (code === undefined) continue;
    const reason = REASONS[code] ?? code;
    const holder = reason === 'in-use' ? holderOf(test.port, test.protocol) : undefined;
    problems.push({ ...test, reason, ...(holder !== undefined && { holder }) });
  }
  return problems;
}

const REASONS: Partial<Record<string, string>> = {
  EADDRINUSE: 'in-use',
  EADDRNOTAVAIL: 'no-such-address',
  EAFNOSUPPORT: 'no-such-address',
  EACCES: 'not-allowed',
};

/** First port of the next block, ten further on each time, in which all of these ports are free. Undefined when none of fifty is. */
export async function freeBlock(ports: readonly ServicePort[], base: number): Promise<number | undefined> {
  for (let offset = 10; offset <= 500; offset += 10) {
    const moved = ports.map((entry) => ({ ...entry, port: entry.port + offset }));
    if (moved.some(({ port }) => port > 65535) || base + offset + 9 > 65535) return undefined;
    if (await allFree(moved)) return base + offset;
  }
  return undefined;
}

async function allFree(ports: readonly ServicePort[]): Promise<boolean> {
  for (const { port, address, protocols } of ports) {
    for (const protocol of protocols) if ((await bindFailure({ port, address, protocol })) !== undefined) return false;
  }
  return true;
}

interface Binding {
  port: number;
  address: string;
  protocol: 'tcp' | 'udp';
}

/** The system's error code when listening there fails; undefined when it works. */
async function bindFailure(binding: Binding): Promise<string | undefined> {
  try {
    await (binding.protocol === 'tcp' ? bindTcp(binding) : bindUdp(binding));
    return undefined;
  } catch (error) {
    return systemCodeOf(error) ?? String(error);
  }
}

async function bindTcp({ port, address }: Binding): Promise<void> {
  const server = createServer();
  server.listen({ port, host: address, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

async function bindUdp({ port, address }: Binding): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const bound = once(socket, 'listening');
    socket.bind({ port, address, exclusive: true });
    await bound;
  } finally {
    socket.close();
  }
}
