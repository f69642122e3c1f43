import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { DkmError, messageOf, systemCodeOf } from '../base/errors.ts';
import { layoutOf } from '../base/layout.ts';
import { VERSION } from '../base/version.ts';
import { readConsoleConfig, type ConsoleConfig } from './config.ts';
import { consoleApp } from './console-app.ts';
import { logToStdout } from './log.ts';
import { readPageFiles } from './page-files.ts';
import { renderAsker } from './render-query.ts';
import { createVisitors, readSessionSecret } from './visitors.ts';

/** A browser needs few connections and sends short requests; whoever does otherwise is cut off. */
const SERVER_OPTIONS = { requestTimeout: 15_000, headersTimeout: 10_000, keepAliveTimeout: 30_000, maxHeaderSize: 16 * 1024 };
const MOST_CONNECTIONS = 256;

/** Runs the console with this configuration file until SIGTERM or SIGINT. */
export async function runConsole(configPath: string): Promise<void> {
  const config = await readConsoleConfig(configPath);
  const sessionSecret = await readSessionSecret(config.session_secret_file);
  const files = await readPageFiles(config.page);
  const log = logToStdout;
  const app = consoleApp({
    config,
    layout: layoutOf(config.root),
    files,
    sessionSecret,
    log,
    visitors: createVisitors(config, sessionSecret, log),
    askRender: renderAsker(config.query_url),
  });
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: SERVER_OPTIONS });
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, config);
  const { address, port } = server.address() as AddressInfo;
  log(`console ${VERSION} listens on ${address} port ${port}, asks ${config.query_url}`);
  const signal = await endSignal();
  await close(server);
  log(`console ended on ${signal}`);
}

function listen(server: ServerType, config: ConsoleConfig): Promise<void> {
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

function close(server: ServerType): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  if ('closeAllConnections' in server) server.closeAllConnections();
  return promise;
}
