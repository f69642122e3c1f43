import { createServer } from 'node:net';

/** The first of `count` ports in a row that nothing listens on, on loopback. Ports differ between test processes. */
export async function freePorts(count = 10): Promise<number> {
  const start = 20_000 + ((process.pid * 10) % 9_000);
  for (let base = start; base < 32_000; base += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no block of free ports');
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  return promise;
}
