import { connect } from 'node:net';
import { hostAndPort } from '../../base/host-and-port.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { failureInWords } from './ask.ts';
import { boundedSignal, within } from './bounded.ts';
import type { RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';

/** A port takes connections. */
export interface TcpSettings {
  host: string;
  port: number;
}

export const tcp: RunKind<TcpSettings> = async ({ host, port }, context) => {
  const startedAt = performance.now();
  try {
    await connected(host, port, boundedSignal(context));
    return tcpOutcome({ host, port }, undefined, performance.now() - startedAt);
  } catch (error) {
    return tcpOutcome({ host, port }, failureInWords(error, within(context)), performance.now() - startedAt);
  }
};

/** What an attempt means; `fault` is why there was no connection. Pure. */
export function tcpOutcome({ host, port }: TcpSettings, fault: string | undefined, elapsedMs: number): PromiseOutcome {
  const address = hostAndPort(host, port);
  return fault === undefined ? kept(`${address} takes connections.`, { connect_ms: elapsedMs }) : broken(`${address} ${fault}.`);
}

async function connected(host: string, port: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, signal });
  socket.once('connect', () => resolve());
  socket.on('error', reject);
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}
