import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { CONTROL_SOCKET } from '../base/layout.ts';
import { DkmError, isNotFound, messageOf, systemCodeOf } from '../base/errors.ts';
import { isListOf, isOneOf, isRecordWith, isText } from '../base/shape.ts';
import { isMonitorSpec, type MonitorSpec } from '../contract/monitor.ts';
import { isNotifySpec, type NotifySpec } from '../contract/notify.ts';
import { isPromiseSpec, type CheckedPromise, type PromiseSpec } from '../contract/promise.ts';
import { isReportSpec, type ReportSpec } from '../contract/report.ts';
import { isDiskLimits, isLogLimits, isServiceSpec, type DiskLimits, type LogLimits, type ServiceSpec } from '../contract/service.ts';
import type { ServiceState } from '../contract/status.ts';

/*
 * What dkm's commands and the supervisor say to each other: a line of JSON for the request, lines of JSON back while
 * the work goes on, the last of them `end`. The socket is named relative to run/, into which both sides change (see
 * CONTROL_SOCKET), and only its owner may use it.
 */

/**
 * `restart-changed`: of the services that are wanted, those that are named and those that run with another configuration than theirs is now.
 * `check` runs promises, `notify-test` tells somebody that this is a test; their `services` are ids of promises, and names of channels.
 */
export const CONTROL_OPERATIONS = ['start', 'stop', 'restart', 'restart-changed', 'reload', 'reopenlogs', 'shutdown', 'check', 'notify-test'] as const;
export type ControlOperation = (typeof CONTROL_OPERATIONS)[number];

export interface ControlRequest {
  operation: ControlOperation;
  /** Names of services; all that the operation is for when empty. */
  services: string[];
  /** Every service of the installation as it is configured now. */
  specs: ServiceSpec[];
  /** How logs are rotated from now on; as before when left out. */
  logs?: LogLimits;
  /** When the disk has too little space from now on; as before when left out. */
  disk?: DiskLimits;
  /** Every promise from now on; as before when left out. */
  promises?: PromiseSpec[];
  /** How the installation shows itself from now on; as before when left out. */
  monitor?: MonitorSpec;
  /** Who is told from now on; as before when left out. */
  notify?: NotifySpec;
  /** Where metrics of dkm itself go from now on; as before when left out. */
  report?: ReportSpec;
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
  /** Something is wrong in what is said about promises; it was left out, and the rest holds. Told by the command, not by the supervisor. */
  | { kind: 'fault'; message: string }
  /** What `check` found, one by one as they come. */
  | { kind: 'promise'; promise: CheckedPromise }
  /** What became of a `notify-test`, one by one. */
  | { kind: 'notified'; channel: string; ok: boolean; message: string }
  | { kind: 'end'; outcomes: ServiceOutcome[] }
  | { kind: 'error'; message: string; hint?: string }
  /** It is just ending: as if nobody had answered. */
  | { kind: 'ending' };

/** Thrown by the supervisor for a request that came too late. */
export class SupervisorEnding extends Error {}

const LONGEST_REQUEST_BYTES = 4 << 20;

type Handle = (request: ControlRequest, report: (reply: ControlReply) => void) => Promise<ServiceOutcome[]>;

/** The supervisor's end of the socket. */
export interface ControlServer {
  /** False when the socket's file is not ours any more: somebody removed it, or put something in its place. */
  isReachable: () => boolean;
  /** Takes no more commands. Connections that are open do not keep the process. */
  close: () => void;
}

/** Listens for commands; `handle` does one and may report on the way. The caller has changed into run/ and holds the lock. */
export function serveControl(handle: Handle): Promise<ControlServer> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy()); // a command that was interrupted; its work goes on
    readRequest(socket, (line) => void answer(socket, line, handle));
  });
  const close = (): void => {
    server.close();
    for (const socket of connections) socket.unref();
  };
  const { promise, resolve, reject } = Promise.withResolvers<ControlServer>();
  rmSync(CONTROL_SOCKET, { force: true }); // a killed supervisor leaves its socket behind
  server.once('error', reject);
  server.listen(CONTROL_SOCKET, () => {
    chmodSync(CONTROL_SOCKET, 0o600);
    const own = fileNumber();
    resolve({ isReachable: () => fileNumber() === own, close });
  });
  return promise;
}

function fileNumber(): number | undefined {
  return lstatSync(CONTROL_SOCKET, { throwIfNoEntry: false })?.ino;
}

async function answer(socket: Socket, line: string, handle: Handle): Promise<void> {
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

const isRequest = isRecordWith(
  { operation: isOneOf(...CONTROL_OPERATIONS), services: isListOf(isText), specs: isListOf(isServiceSpec) },
  { logs: isLogLimits, disk: isDiskLimits, promises: isListOf(isPromiseSpec), monitor: isMonitorSpec, notify: isNotifySpec, report: isReportSpec },
);

/** Reads a request's line; throws `usage` for anything that dkm of this version does not send. */
export function parseRequest(line: string): ControlRequest {
  const request = parsed(line);
  if (isRequest(request)) return request as ControlRequest;
  throw new DkmError('usage', 'The request is not one of this supervisor; is dkm of another version?', { hint: 'Run "dkm stop" and "dkm start".' });
}

function isReply(value: unknown): value is ControlReply {
  return isRecordWith({ kind: isOneOf('state', 'promise', 'notified', 'end', 'error', 'ending') })(value);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
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
      const reply = parsed(line);
      if (!isReply(reply)) reject(notOurs());
      else if (reply.kind === 'end') resolve(reply.outcomes);
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

function notOurs(): DkmError {
  return new DkmError('supervisor-unreachable', `What listens on run/${CONTROL_SOCKET} answers something that no supervisor of this dkm says.`, {
    hint: `See who has it ("ss -xlp"); "dkm stop" of the dkm version that runs may help.`,
  });
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
