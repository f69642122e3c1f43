import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from '@hono/zod-openapi';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  acknowledgementSchema,
  auditSchema,
  checkedSchema,
  errorSchema,
  historySchema,
  hostSchema,
  notificationsSchema,
  promiseSchema,
  promisesSchema,
  serviceSchema,
  statisticsSchema,
  statusSchema,
  versionSchema,
} from '../../../../src/console/api/schemas.ts';
import { apiApp } from '../../../../src/console/api/api-app.ts';
import { appUnderTest, type AppUnderTest } from '../../../helpers/console-app.ts';
import { promiseOf } from '../../../process/console/promises-scene.ts';
import { SERVICES, statusOf } from '../../../process/console/console-process.ts';

let under: AppUnderTest;
let headers: Record<string, string>;

/** An installation with services and promises, and a dkm that answers what it is asked. */
beforeEach(async () => {
  under = await appUnderTest();
  headers = { authorization: `Bearer ${await under.token('operator', 'operator')}` };
  const { layout } = under.parts;
  writeFileSync(layout.status, JSON.stringify(statusOf(SERVICES)));
  const promises = [promiseOf({ id: 'kept' }), promiseOf({ id: 'a b%é', state: 'failed', message: 'not kept' }), promiseOf({ id: 'new', state: 'pending' })];
  const { pid, pidStartTime, bootId } = statusOf([]);
  writeFileSync(layout.promisesStatus, JSON.stringify({ schema: 1, pid, pidStartTime, bootId, promises }));
  mkdirSync(layout.bin, { recursive: true });
  mkdirSync(layout.current, { recursive: true });
  writeFileSync(
    join(layout.current, 'bundle.json'),
    JSON.stringify({ schema: 1, name: 'dkm', version: '1', platform: 'linux-x64', components: [], missing: [], files: {} }),
  );
  answerOfDkm({ services: [{ service: 'collectd', ok: true, state: 'RUNNING', message: 'ready', logTail: '' }] });
});

function answerOfDkm(answer: unknown, code = 0, complaint = ''): void {
  const program = join(under.parts.layout.bin, 'dkm');
  writeFileSync(
    program,
    `#!/bin/sh\necho "$@" >>"$0.asked"\ncat <<'END'\n${typeof answer === 'string' ? answer : JSON.stringify(answer)}\nEND\necho '${complaint}' >&2\nexit ${code}\n`,
  );
  chmodSync(program, 0o755);
}

const ask = (path: string, method = 'GET', body?: unknown, more: Record<string, string> = {}): Promise<Response> =>
  under.ask(`/api/v1/${path}`, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...more },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

const ODD = encodeURIComponent('a b%é');

describe('an answer is what its schema says, and no more', () => {
  it.each([
    ['status', statusSchema],
    ['services', z.object({ services: z.array(serviceSchema) })],
    ['services/collectd', serviceSchema],
    ['promises', promisesSchema],
    [`promises/${ODD}`, promiseSchema],
    ['promises/kept/history', historySchema],
    ['promises/kept/statistics?days=3', statisticsSchema],
    ['host', hostSchema],
    ['version', versionSchema],
    ['notifications', notificationsSchema],
    ['audit', auditSchema],
  ])('%s', async (path, schema) => {
    const response = await ask(path);
    expect(response.status).toBe(200);
    const answer: unknown = await response.json();
    expect(schema.parse(answer)).toEqual(answer);
  });
});

describe('a failure', () => {
  it.each([
    ['services/none', 'GET', undefined, 404],
    ['services/..%2f', 'GET', undefined, 400],
    ['services/collectd/kill', 'POST', undefined, 400],
    ['services/none/stop', 'POST', undefined, 404],
    ['services', 'DELETE', undefined, 405],
    ['promises/none', 'GET', undefined, 404],
    ['promises?state=good', 'GET', undefined, 400],
    ['promises?limit=0', 'GET', undefined, 400],
    ['promises?limit=1e3', 'GET', undefined, 400],
    ['promises?Limit=1', 'GET', undefined, 400],
    ['promises/none/run', 'POST', undefined, 404],
    [`promises/${ODD}/acknowledgement`, 'PUT', '{', 400],
    [`promises/${ODD}/acknowledgement`, 'PUT', '[]', 400],
    [`promises/${ODD}/acknowledgement`, 'PUT', { for_s: 1 }, 400],
    [`promises/${ODD}/acknowledgement`, 'PUT', { comment: 'x', until: 1 }, 400],
    [`promises/${ODD}/acknowledgement`, 'PUT', undefined, 415],
    ['promises/kept/acknowledgement', 'PUT', {}, 409],
    ['promises/none/acknowledgement', 'PUT', {}, 404],
    ['promises/kept/acknowledgement', 'DELETE', undefined, 404],
    ['nothing', 'GET', undefined, 404],
  ])('%s by %s with %j is %j', async (path, method, body, status) => {
    const response = await ask(path, method, body);
    expect([response.status, errorSchema.safeParse(await response.json()).success]).toEqual([status, true]);
  });

  it('is told to readers who act', async () => {
    const reader = { authorization: `Bearer ${await under.token('reader', 'reader')}` };
    for (const [path, method] of [
      ['services/collectd/stop', 'POST'],
      ['promises/kept/run', 'POST'],
      [`promises/${ODD}/acknowledgement`, 'PUT'],
      ['audit', 'GET'],
    ] as const)
      expect((await ask(path, method, method === 'PUT' ? {} : undefined, reader)).status).toBe(403);
  });
});

describe('services', () => {
  it('are acted on by dkm, and it is noted who wanted it', async () => {
    const response = await ask('services/collectd/restart', 'POST');
    expect([response.status, await response.json()]).toMatchObject([200, { outcomes: [{ service: 'collectd', ok: true }] }]);
    const { entries } = (await (await ask('audit')).json()) as z.output<typeof auditSchema>;
    expect(entries[0]).toMatchObject({ account: 'operator', via: 'token', action: 'service.restart', subject: 'collectd' });
  });

  it('that dkm does not act on are told with its reason', async () => {
    answerOfDkm('', 4, 'Error: a change of version is under way');
    const response = await ask('services/collectd/start', 'POST');
    expect([response.status, await response.json()]).toMatchObject([409, { error: { message: expect.stringContaining('a change of version') as string } }]);
  });

  it('are not waited for longer than wanted', async () => {
    const program = join(under.parts.layout.bin, 'dkm');
    writeFileSync(program, '#!/bin/sh\nexec cat "$0.gate"\n');
    chmodSync(program, 0o755);
    execFileSync('mkfifo', [`${program}.gate`]);
    const response = await ask('services/collectd/stop?wait_s=0', 'POST');
    writeFileSync(`${program}.gate`, '{}'); // it goes on, and ends
    expect([response.status, await response.json()]).toMatchObject([202, { accepted: true }]);
  });
});

describe('promises', () => {
  it('come in pages, the broken ones first', async () => {
    const page = async (query: string): Promise<unknown> => {
      const { total, promises } = promisesSchema.parse(await (await ask(`promises?${query}`)).json());
      return [total, ...promises.map(({ id }) => id)];
    };
    expect(await page('limit=1')).toEqual([3, 'a b%é']);
    expect(await page('limit=2&offset=1')).toEqual([3, 'new', 'kept']);
    expect(await page('state=ok')).toEqual([1, 'kept']);
    expect(await page('offset=9')).toEqual([3]);
  });

  it('are run, though they are not kept', async () => {
    const checked = { id: 'a b%é', title: 't', severity: 'warning', state: 'failed', message: 'still not', startedAtMs: 1, executionTimeMs: 2 };
    answerOfDkm({ promises: [checked] }, 1);
    const response = await ask(`promises/${ODD}/run`, 'POST');
    expect([response.status, checkedSchema.parse(await response.json())]).toEqual([200, checked]);
  });

  it('are acknowledged, and that is withdrawn', async () => {
    const made = await ask(`promises/${ODD}/acknowledgement`, 'PUT', { comment: 'known', for_s: 60 });
    const { by, comment, sinceMs, untilMs } = acknowledgementSchema.parse(await made.json());
    expect([made.status, by, comment, untilMs - sinceMs]).toEqual([200, 'operator', 'known', expect.closeTo(60_000, -3)]);
    expect((await ask(`promises/${ODD}/acknowledgement`, 'DELETE')).status).toBe(204);
    expect((await ask(`promises/${ODD}/acknowledgement`, 'DELETE')).status).toBe(404);
  });
});

describe('the document', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { responses: object; summary?: string }>>;
  }
  const read = async (): Promise<Document> => (await (await ask('openapi.json')).json()) as Document;

  it('knows every route of /api/v1 that there is', async () => {
    const { openapi, paths } = await read();
    expect(openapi).toBe('3.1.0');
    const told = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    const there = apiApp(under.parts)
      .routes.filter(({ path, method }) => path.startsWith('/api/v1/') && method !== 'ALL' && !path.includes('*') && !path.endsWith('openapi.json'))
      .map(({ path, method }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(there)].filter((route) => !told.includes(route))).toEqual([]);
    expect(there.length).toBeGreaterThan(14);
  });

  it('names nothing that answers who is not logged in, or lets a reader change something', async () => {
    const reader = { authorization: `Bearer ${await under.token('reader', 'reader')}` };
    const cookie = await under.logIn('ada', 'operator');
    for (const [path, methods] of Object.entries((await read()).paths)) {
      for (const method of Object.keys(methods)) {
        const statusFor = async (more: Record<string, string>): Promise<number> =>
          (await under.ask(path.replaceAll(/\{\w+\}/g, 'start'), { method: method.toUpperCase(), headers: { origin: 'http://localhost', ...more } })).status;
        expect([path, method, await statusFor({})]).toEqual([path, method, 401]);
        if (method === 'get') continue;
        expect([path, method, await statusFor(reader)]).toEqual([path, method, 403]);
        expect([path, method, await statusFor({ cookie })], 'without the token of a page').toEqual([path, method, 403]);
      }
    }
  });

  it('is shown to people without anything from elsewhere', async () => {
    const cookie = await under.logIn('ada', 'reader');
    const response = await under.ask('/api', { headers: { cookie } });
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page).toContain('/api/v1/promises/{id}/acknowledgement');
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('and what it describes come with a tag, so that what has not changed is not sent again', async () => {
    const etag = (await ask('openapi.json')).headers.get('etag') ?? '';
    expect((await ask('openapi.json', 'GET', undefined, { 'if-none-match': etag })).status).toBe(304);
  });
});
