import { utimesSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probe } from '../../../src/supervisor/health.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

async function listening(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  onTestFinished(() => void server.close());
  await promise;
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
  return port;
}

describe('probe', () => {
  it('tcp: succeeds when something listens, and says when nothing does', async () => {
    expect(await probe({ kind: 'tcp', host: '127.0.0.1', port: await listening(createServer((socket) => socket.destroy())) }, 1000)).toEqual({ ok: true });
    const port = await closedPort();
    expect(await probe({ kind: 'tcp', host: '127.0.0.1', port }, 1000)).toEqual({ ok: false, reason: `nothing listens on port ${port}` });
  });

  const answers = createHttpServer((request, response) => {
    if (request.url === '/silent') return;
    response.statusCode = request.url === '/broken' ? 503 : 200;
    response.end('all is well');
  });
  it.each([
    ['/', 200, undefined, ''],
    ['/', 200, 'is well', ''],
    ['/', 200, 'is bad', 'answers without "is bad"'],
    ['/broken', 200, undefined, 'answers 503, expected 200'],
    ['/broken', 503, undefined, ''],
    ['/silent', 200, undefined, 'does not answer within 200 ms'],
  ])('http: %s, expecting %i and %s: %j', async (path, status, contains, reason) => {
    const port = answers.listening ? (answers.address() as AddressInfo).port : await listening(answers);
    const result = await probe({ kind: 'http', url: `http://127.0.0.1:${port}${path}`, status, ...(contains !== undefined && { contains }) }, 200);
    if (reason === '') expect(result).toEqual({ ok: true });
    else expect(result).toMatchObject({ ok: false, reason: expect.stringContaining(reason) as string });
    answers.closeAllConnections();
    answers.close();
  });

  it('file: must be there, and young enough', async () => {
    const path = join(temporaryDirectory(), 'pid');
    expect(await probe({ kind: 'file', path }, 100)).toEqual({ ok: false, reason: `${path} is not there yet` });
    writeFileSync(path, '1');
    expect(await probe({ kind: 'file', path }, 100)).toEqual({ ok: true });
    utimesSync(path, new Date(0), new Date(0));
    expect(await probe({ kind: 'file', path, maxAgeMs: 5000 }, 100)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('expected within 5 s') as string,
    });
  });
});
