import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request; `count` is how often this path has been asked for, from 1. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on loopback that tests talk to; `await using` closes it. */
export interface LoopbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Every request so far: path, and the headers that matter to tests. */
  requests: { path: string; range: string | undefined; ifRange: string | undefined }[];
  close(): Promise<void>;
}

/** Starts a server with a handler per path; other paths are answered 404. */
export async function startLoopback(handlers: Record<string, Handler>): Promise<LoopbackServer> {
  const requests: LoopbackServer['requests'] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    requests.push({ path, range: request.headers.range, ifRange: request.headers['if-range'] as string | undefined });
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    const handler = handlers[path] ?? status(404);
    handler(request, response, count);
  });
  server.on('clientError', (_, socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const close = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close, [Symbol.asyncDispose]: close };
}

export interface ContentOptions {
  etag?: string;
  type?: string;
  /** False: Range is ignored. */
  ranges?: boolean;
  /** Bytes of the body after which the connection is cut, on each of the first `cutTimes` requests. */
  cutAfter?: number;
  cutTimes?: number;
  /** No Content-Length, the body in chunks. */
  chunked?: boolean;
  /** Bytes after which nothing more comes, though the connection stays. */
  stallAfter?: number;
  stallTimes?: number;
}

/** Serves bytes the way a good server does, but for what the options break. */
export function content(body: Buffer, options: ContentOptions = {}): Handler {
  return (request, response, count) => {
    const etag = options.etag;
    const from = options.ranges === false ? undefined : rangeStart(request, etag);
    if (from !== undefined && from >= body.length) {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      return;
    }
    const part = body.subarray(from ?? 0);
    response.writeHead(from === undefined ? 200 : 206, {
      'content-type': options.type ?? 'application/octet-stream',
      ...(etag !== undefined && { etag }),
      ...(options.chunked !== true && { 'content-length': part.length }),
      ...(from !== undefined && { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }),
    });
    if (options.cutAfter !== undefined && count <= (options.cutTimes ?? Infinity)) {
      response.write(part.subarray(0, options.cutAfter), () => setImmediate(() => response.socket?.destroy()));
    } else if (options.stallAfter !== undefined && count <= (options.stallTimes ?? Infinity)) {
      response.write(part.subarray(0, options.stallAfter));
    } else response.end(part);
  };
}

/** Where a range begins that the client may still use: its If-Range is ours. */
function rangeStart(request: IncomingMessage, etag: string | undefined): number | undefined {
  const start = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  return start === undefined || request.headers['if-range'] !== etag ? undefined : Number(start);
}

/** Answers with a status and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): Handler {
  return (_, response) => void response.writeHead(code, headers).end(`status ${code}`);
}

/** Redirects. */
export function redirect(to: string): Handler {
  return status(302, { location: to });
}

/** Takes the handler for the first, the second, … request; the last one for all that follow. */
export function inTurn(...handlers: readonly Handler[]): Handler {
  return (request, response, count) => handlers[Math.min(count, handlers.length) - 1]?.(request, response, count);
}
