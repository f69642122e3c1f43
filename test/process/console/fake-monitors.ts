import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { generate } from 'selfsigned';

export interface FakeMonitors {
  urls: string[];
  close: () => Promise<void>;
}

interface Closable {
  listen: (port: number, host: string, listening: () => void) => unknown;
  address: () => unknown;
  close: () => unknown;
}

const GLOBAL = '/public/monitor.global.json';

function healthy(number: number, isWell: boolean): RequestListener {
  return (request, response) => {
    const date = `${new Date().toISOString().slice(0, 19)}+0000`;
    if (request.url === GLOBAL)
      return void response.end(JSON.stringify({ status: isWell ? 'OK' : 'ERROR', date, title: `monitor ${number}`, specialise_title: 'all of them' }));
    if (request.url !== '/public/feed') return void response.writeHead(404).end();
    const items = ['disk', 'store &amp; query'].map(
      (title, index) =>
        `<item><title>[${isWell || index > 0 ? 'OK' : 'ERROR'}] ${title}</title><description>\nSaid by ${number} &lt;b&gt;</description></item>`,
    );
    response.end(`<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>${items.join('')}</channel></rss>`);
  };
}

const firstGeneration: RequestListener = (request, response) => {
  const service = (id: string): object => ({ id, _links: { status: { href: `/public/${id}.status.json` } } });
  if (request.url === '/monitor.haljson') return void response.end(JSON.stringify({ title: 'seed', _embedded: { service: [service('a'), service('b')] } }));
  if (request.url === '/public/a.status.json') return void response.end('{"status":"OK","message":"good"}');
  if (request.url === '/public/b.status.json') return void response.end('{"status":"error","message":"not good"}');
  response.writeHead(404).end();
};

const drips: RequestListener = (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 100);
  response.on('close', () => clearInterval(timer));
};

/** 50 monitors on loopback: 38 that answer (every seventh with a broken promise), one with a certificate of its own, one of the first generation, and ten that are dead, each in its way. */
export async function fakeMonitors(): Promise<FakeMonitors> {
  const servers: Closable[] = [];
  const sockets = new Set<{ destroy: () => void }>();
  const listen = async (server: Closable & { on: (event: 'connection', listener: (socket: { destroy: () => void }) => void) => unknown }): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket) => sockets.add(socket));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return (server.address() as AddressInfo).port;
  };
  const http = async (listener: RequestListener): Promise<string> => `http://127.0.0.1:${await listen(createServer(listener))}`;
  const closed = async (): Promise<string> => {
    const server: Server = createServer();
    const url = `http://127.0.0.1:${await listen(server)}`;
    server.close();
    return url;
  };
  const answering = await Promise.all(Array.from({ length: 38 }, (_, index) => http(healthy(index + 1, (index + 1) % 7 !== 0))));
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'monitor.test' }]);
  const others = [`https://127.0.0.1:${await listen(createTlsServer({ key, cert }, healthy(39, true)))}`, await http(firstGeneration)];
  const dead = [
    await closed(),
    await closed(),
    await http(() => {}),
    await http(drips),
    await http((_, response) => void response.end('{not json')),
    await http((_, response) => void response.end('x'.repeat(20 * 1024 * 1024))),
    await http((_, response) => void response.writeHead(302, { location: answering[0] }).end()),
    await http((_, response) => void response.writeHead(401).end()),
    `http://127.0.0.1:${await listen(createTcpServer((socket) => socket.on('error', () => {}).end('hello\r\n\r\n')))}`,
    `https://127.0.0.1:${await listen(createTcpServer((socket) => socket.on('error', () => {}).destroy()))}`,
  ];
  return {
    urls: [...answering, ...others, ...dead],
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => (server.close as (done: () => void) => void).call(server, () => resolve(undefined)))));
    },
  };
}

/** conf/dkm.toml with these instances. */
export function settingsWith(urls: readonly string[]): string {
  return `[install]
type = "all"
port = 15000
hostname = "host.example.org"
[install.listen]
dashboards = "127.0.0.1"
carbon = "127.0.0.1"
query = "127.0.0.1"
[install.providers]
[monitor]
instances = ${JSON.stringify(urls)}
`;
}
