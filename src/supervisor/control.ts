import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { CONTROL_SOCKET } from '../base/layout.ts';
import { DkmError, isNotFound, messageOf, systemCodeOf } from '../base/errors.ts';
import type { ServiceSpec } from '../contract/service.ts';
import type { ServiceState } from '../contract/status.ts';

/*
 * What dkm's commands and the supervisor say to each other: a line of JSON for the request, lines of JSON back while
 * the work goes on, the last of them `end`. The socket is named relative to run/, into which both sides change (see
 * CONTROL_SOCKET), and only its owner may use it.
 */

export const CONTROL_OPERATIONS = ['start', 'stop', 'restart', 'reload', 'reopenlogs', 'shutdown'] as const;
export type ControlOperation = (typeof CONTROL_OPERATIONS)[number];

export interface ControlRequest {
  operation: ControlOperation;
  /** Names of services; all that the operation is for when empty. */
  services: string[];
  /** Every service of the installation as it is configured now. */
  specs: ServiceSpec[];
}

/** What became of one service. */
export interface ServiceOutcome {
  service: string;
  ok: boolean;
  state: ServiceState;
  /** What was done or why it failed, in words. */
  message: string;
  /** The end of its log, when it failed. */
  logTail: string;
}

export type ControlReply =
  | { kind: 'state'; service: string; state: ServiceState; reason: string }
  | { kind: 'end'; outcomes: ServiceOutcome[] }
  | { kind: 'error'; message: string; hint?: string }
  /** It is just ending: as if nobody had answered. */
  | { kind: 'ending' };

/** Thrown by the supervisor for a request that came too late. */
export class SupervisorEnding extends Error {}

const LONGEST_REQUEST_BYTES = 4 << 20;

/** Listens for commands; `handle` does one and may report on the way. The caller has changed into run/ and holds the lock. */
export function serveControl(handle: (request: ControlRequest, report: (reply: ControlReply) => void) => Promise<ServiceOutcome[]>): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()); // a command that was interrupted; its work goes on
    readRequest(socket, (line) => void answer(socket, line, handle));
  });
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  rmSync(CONTROL_SOCKET, { force: true }); // a killed supervisor leaves its socket behind
  server.once('error', reject);
  server.listen(CONTROL_SOCKET, () => {
    chmodSync(CONTROL_SOCKET, 0o600);
    resolve(server);
  });
  return promise;
}

async function answer(socket: Socket, line: string, handle: Parameters<typeof serveControl>[0]): Promise<void> {
  const send = (reply: ControlReply): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  };
  try {
    send({ kind: 'end', outcomes: await handle(parseRequest(line), send) });
  } catch (error) {
    const hint = error instanceof DkmError ? error.hint : undefined;
    send(error instanceof SupervisorEnding ? { kind: 'ending' } : { kind: 'error', message: messageOf(error), ...(hint !== undefined && { hint }) });
  }
  socket.end();
}

function parseRequest(line: string): ControlRequest {
  const request = JSON.parse(line) as Partial<ControlRequest> | null;
  const isNames = Array.isArray(request?.services) && request.services.every((name) => typeof name === 'string');
  if (!request || !CONTROL_OPERATIONS.some((known) => known === request.operation) || !isNames || !Array.isArray(request.specs)) {
    throw new DkmError('usage', 'The request is not one of this supervisor; is dkm of another version?', { hint: 'Run "dkm stop" and "dkm start".' });
  }
  return request as ControlRequest;
}

function readRequest(socket: Socket, onLine: (line: string) => void): void {
  let text = '';
  const onData = (chunk: string): void => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) {
      socket.off('data', onData);
      onLine(text.slice(0, end));
    } else if (text.length > LONGEST_REQUEST_BYTES) socket.destroy();
  };
  socket.setEncoding('utf8').on('data', onData);
}

/**
 * Sends a request to the supervisor of the installation in whose run/ this process is, and returns what became of it;
 * undefined when no supervisor listens there.
 */
export async function askSupervisor(request: ControlRequest, onReply: (reply: ControlReply) => void): Promise<ServiceOutcome[] | undefined> {
  const socket = await connectControl();
  if (!socket) return undefined;
  const { promise, resolve, reject } = Promise.withResolvers<ServiceOutcome[] | undefined>();
  let unfinished = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (unfinished + chunk).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) {
      const reply = JSON.parse(line) as ControlReply;
      if (reply.kind === 'end') resolve(reply.outcomes);
      else if (reply.kind === 'ending') resolve(undefined);
      else if (reply.kind === 'error') reject(new DkmError('supervisor-unreachable', reply.message, reply.hint === undefined ? {} : { hint: reply.hint }));
      else onReply(reply);
    }
  });
  const lost = (): void =>
    reject(new DkmError('supervisor-unreachable', 'The supervisor ended before it answered.', { hint: 'See run/logs/supervisor.log, then try again.' }));
  socket.once('error', lost).once('close', lost);
  socket.write(`${JSON.stringify(request)}\n`);
  return promise;
}

/** A connection to the supervisor, or undefined when none listens. */
export function connectControl(): Promise<Socket | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | undefined>();
  const socket = connect(CONTROL_SOCKET);
  socket.once('connect', () => {
    socket.removeAllListeners('error');
    resolve(socket);
  });
  socket.once('error', (error) => {
    if (isNotFound(error) || systemCodeOf(error) === 'ECONNREFUSED') resolve(undefined);
    else
      reject(
        new DkmError('supervisor-unreachable', `The supervisor's socket cannot be used: ${error.message}.`, {
          cause: error,
          hint: 'Use dkm as the user who owns the installation.',
        }),
      );
  });
  return promise;
}

/** True when the supervisor of the installation whose run/ we are in answers. */
export async function isListening(): Promise<boolean> {
  const socket = await connectControl();
  socket?.destroy();
  return socket !== undefined;
}
