import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';

/*
 * One port that speaks https, and answers plain http helpfully: the first byte of a connection tells which it is (a TLS
 * record of a handshake begins with 22: RFC 8446, section 5.1). The supervisor asks /healthz in plain http, whatever
 * certificate there is; a person who typed http:// is sent to https://.
 */

const TLS_HANDSHAKE = 0x16;
/** Who connects says something within this time. */
const FIRST_BYTE_WITHIN_MS = 10_000;

/** The server to listen with, and the one inside it whose certificate can be exchanged. */
export interface EitherServer {
  outer: Server;
  secure: HttpsServer;
  closeAll: () => void;
}

/** Makes it. `answer` serves requests over TLS. */
export function createEitherServer(options: object, answer: (request: IncomingMessage, response: ServerResponse) => void): EitherServer {
  const secure = createHttpsServer(options, answer);
  const plain = createHttpServer({ ...options, keepAlive: false }, answerPlain);
  // They never listen themselves, but only then begin to look for requests that take too long.
  for (const server of [secure, plain]) server.emit('listening');
  secure.on('tlsClientError', (_, socket) => socket.destroy());
  const sockets = new Set<Socket>();
  const outer = createServer({ pauseOnConnect: false }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    route(socket, secure, plain);
  });
  return { outer, secure, closeAll: () => sockets.forEach((socket) => socket.destroy()) };
}

function route(socket: Socket, secure: HttpsServer, plain: HttpServer): void {
  const onError = (): void => void socket.destroy();
  const timer = setTimeout(onError, FIRST_BYTE_WITHIN_MS);
  socket.on('error', onError);
  socket.once('close', () => clearTimeout(timer));
  socket.once('readable', () => {
    clearTimeout(timer);
    const first = socket.read(1) as Buffer | null;
    if (first === null) return onError(); // it ended before it began
    socket.unshift(first);
    socket.off('error', onError);
    (first[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
  });
}

function answerPlain({ method, url = '/', headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  const isAsking = method === 'GET' || method === 'HEAD';
  if (isAsking && url === '/healthz') return void response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('ok');
  const target = headers.host !== undefined && /^[\w.[\]:-]{1,255}$/.test(headers.host) ? URL.parse(url, `https://${headers.host}`) : null;
  // What was sent in the clear with the wish to change something is not repeated: whoever sent it should notice.
  if (isAsking && target?.protocol === 'https:' && target.host === headers.host)
    return void response.writeHead(307, { Location: target.href, 'Content-Type': 'text/plain; charset=utf-8' }).end(`This is ${target.origin}/\n`);
  response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end('This port speaks https. What was sent in plain http was not looked at.\n');
}
