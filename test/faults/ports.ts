import { createServer, type Server } from 'node:net';

const FIRST = 10_000; // the other tests' installations begin at 20,000
const LAST = 20_000;
const BLOCK = 10;

let next = FIRST + ((process.pid * BLOCK) % (LAST - FIRST));

/** The first of ten free ports on loopback; never the same twice in a row, for many installations live in one process. */
export async function portBlock(): Promise<number> {
  for (;;) {
    const base = next;
    next = next + BLOCK >= LAST ? FIRST : next + BLOCK;
    const free = await Promise.all([base, base + 1].map(async (port) => (await takePort(port))?.release()));
    if (free.every((released) => released !== undefined)) return base;
  }
}

/** Listens on a port so that nobody else can; undefined when somebody else does. */
export async function takePort(port: number): Promise<{ release: () => Promise<true> } | undefined> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<Server | undefined>();
  server.once('error', () => resolve(undefined));
  server.listen(port, '127.0.0.1', () => resolve(server));
  if ((await promise) === undefined) return undefined;
  return {
    release: () => {
      const { promise: closed, resolve: close } = Promise.withResolvers<true>();
      server.close(() => close(true));
      return closed;
    },
  };
}
