// A service for tests that stands in for any role: listens on a port, answers HTTP, and plays a Graphite query service.
//   node graphite-service.mjs PORT ORDERS
// ORDERS/points   what /render answers, as JSON; without it one point of now
// ORDERS/also     a port on which it listens on every address, unasked
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';

const [port, orders] = [Number(process.argv[2]), process.argv[3]];
const read = (name) => (existsSync(join(orders, name)) ? readFileSync(join(orders, name), 'utf8') : undefined);
process.on('SIGTERM', () => process.exit(0));
createServer((request, response) => {
  if (!request.url.startsWith('/render')) return void response.end('fine\n');
  response.end(read('points') ?? JSON.stringify([{ target: 'metric', datapoints: [[1, Math.floor(Date.now() / 1000)]] }]));
}).listen(port, '127.0.0.1');
if (read('also') !== undefined) createTcpServer().listen(Number(read('also')), '0.0.0.0');
