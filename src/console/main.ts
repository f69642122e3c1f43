import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { readConsoleConfig, type ConsoleConfig } from './config.ts';
import { consoleApp } from './console-app.ts';
import { readConsoleParts } from './console-parts.ts';
import { logToStdout, type Log } from './log.ts';
import { readCertificate, TLS_OPTIONS } from './tls/certificate.ts';
import { createEitherServer } from './tls/either-server.ts';
import { watchCertificate } from './tls/watch-certificate.ts';

/** A browser needs few connections and sends short requests; whoever does otherwise is cut off. */
const SERVER_OPTIONS = {
  requestTimeout: 15_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 16 * 1024,
  connectionsCheckingInterval: 2_000,
};
const MOST_CONNECTIONS = 256;

/** Runs the console with this configuration file until SIGTERM or SIGINT. */
export async function runConsole(configPath: string): Promise<void> {
  const config = await readConsoleConfig(configPath);
  const log = logToStdout;
  const parts = await readConsoleParts(config, log);
  const { server, closeAll } = await serverOf(config, answerOf(consoleApp(parts)), log);
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, config);
  const { address, port } = server.address() as AddressInfo;
  log(`console ${VERSION} listens on ${address} port ${port}${config.tls ? ' with TLS' : ''}, asks ${config.query_url}`);
  const signal = await endSignal();
  await close(server, closeAll);
  await parts.sessions.save();
  log(`console ended on ${signal}`);
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

function answerOf(app: ReturnType<typeof consoleApp>): Answer {
  // A request without a host, which HTTP/1.0 allows, is as good as one for this.
  const answer = getRequestListener(app.fetch, { hostname: 'localhost' });
  return (request, response) => void answer(request, response);
}

async function serverOf(config: ConsoleConfig, answer: Answer, log: Log): Promise<{ server: Server; closeAll: () => void }> {
  if (config.tls === undefined) {
    const server = createServer(SERVER_OPTIONS, answer);
    return { server, closeAll: () => server.closeAllConnections() };
  }
  const { options, certificate } = await readCertificate(config.tls);
  const either = createEitherServer({ ...SERVER_OPTIONS, ...TLS_OPTIONS, ...options }, answer);
  const watch = watchCertificate(either.secure, config.tls, log);
  log(`certificate: ${certificate.subject.replaceAll('\n', ', ')}, valid until ${certificate.validTo}, SHA-256 ${certificate.fingerprint256}`);
  const closeAll = (): void => {
    watch.end();
    either.closeAll();
  };
  return { server: either.outer, closeAll };
}

function listen(server: Server, config: ConsoleConfig): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error): void => reject(cannotListen(error, config));
  server.once('error', onError);
  server.listen({ host: config.listen, port: config.port }, () => {
    server.off('error', onError);
    resolve();
  });
  return promise;
}

function cannotListen(error: Error, { listen: address, port }: ConsoleConfig): DkmError {
  const inUse = systemCodeOf(error) === 'EADDRINUSE';
  const message = inUse
    ? `Port ${port} on ${address} is in use by another program.`
    : `The console cannot listen on ${address} port ${port}: ${messageOf(error)}`;
  return new DkmError('service-failed', message, {
    cause: error,
    hint: 'Stop the other program, or change "listen" and "port" in the console\'s configuration.',
  });
}

function endSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  return promise;
}

function close(server: Server, closeAll: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  closeAll();
  return promise;
}
