import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Message } from '../../../src/notify/message.ts';
import { beforeRemoval } from '../../helpers/temporary.ts';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Answers one request; the default is 204. */
export type Answer = (response: ServerResponse, received: Received, count: number) => void;

/** A server on loopback that notes what it is sent. */
export class Receiver {
  readonly received: Received[] = [];
  answer: Answer = (response) => void response.writeHead(204).end();
  #server: Server | undefined;
  #port = 0;
  readonly #tls: { key: string; cert: string } | undefined;

  constructor(tls?: { key: string; cert: string }) {
    this.#tls = tls;
    beforeRemoval(() => this.away());
  }

  /** Listens, and again on the same port after it was away. */
  async here(): Promise<this> {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const received = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
        this.received.push(received);
        this.answer(response, received, this.received.length);
      });
    };
    this.#server = this.#tls ? createTlsServer(this.#tls, handle) : createServer(handle);
    this.#server.on('clientError', (_, socket) => socket.destroy());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(this.#port, '127.0.0.1', resolve);
    await promise;
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async away(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  }

  get url(): string {
    return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.#port}/hook`;
  }

  get messages(): Message[] {
    return this.received.map(({ body }) => JSON.parse(body) as Message);
  }
}
