import { beforeAll, describe, expect, it } from 'vitest';
import { isReading } from '../../../src/console/access/origin.ts';
import { appUnderTest, type AppUnderTest } from '../../helpers/console-app.ts';

/*
 * Every route that is registered, whoever registers it: either it is in this list, or it answers nobody who has not
 * logged in; and what changes something takes neither a reader nor a request that lacks the token of its page.
 */

/** Open to everybody, with the reason. Method and path as they are registered. */
const OPEN: Readonly<Record<string, string>> = {
  'GET /healthz': 'the supervisor asks it',
  'GET /login': 'the form itself',
  'POST /login': 'the form itself, with its own token',
  'GET /public': 'SlapOS contract, A5: no login',
  'GET /public/*': 'SlapOS contract, A5: no login',
  'GET /feed': 'SlapOS contract, B6: the feed of /public',
  'GET /feeds': 'SlapOS contract, B5: the list of feeds of /public',
};
/** Act on the visitor's own session alone. */
const OF_ONESELF = new Set(['POST /logout']);

const METHODS_OF_ALL = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'];

interface Case {
  name: string;
  method: string;
  path: string;
}

let under: AppUnderTest;
let cases: Case[] = [];
beforeAll(async () => {
  under = await appUnderTest();
  const seen = new Map<string, Case>();
  for (const { method, path } of under.app.routes) {
    for (const each of method === 'ALL' ? METHODS_OF_ALL : [method]) {
      const registered = `${each} ${path}`;
      seen.set(registered, { name: registered, method: each, path: examplePath(path) });
    }
  }
  cases = [...seen.values()].filter(({ method }) => method !== 'OPTIONS');
});

let asked = 0;
/** Asks, each time as another client: how often one may ask is another test's. */
function ask(path: string, init: RequestInit): Promise<Response> {
  asked += 1;
  return under.ask(path, init, `10.0.${asked >> 8}.${asked & 255}`);
}

/** An address that the pattern fits. */
function examplePath(pattern: string): string {
  return pattern
    .replace(/:[A-Za-z_]+(\{(?:[^{}]|\{[^{}]*\})*\})?\??/g, 'example')
    .replaceAll('*', 'example')
    .replace(/\/+$/, (slashes) => (pattern === '/' ? slashes : ''));
}

const isFile = ({ path }: Case): boolean => under.parts.files.public.has(path);
/** Not the route of anything: a pattern that only middleware has. */
const isNothing = async (response: Response): Promise<boolean> =>
  response.status === 404 && /There is nothing at this address/.test(await response.clone().text());

describe('every route', () => {
  it('is there to be asked', () => {
    expect(cases.length).toBeGreaterThan(20);
    expect(Object.keys(OPEN).filter((name) => !cases.some((each) => each.name === name))).toEqual([]);
  });

  it('answers nobody who has not logged in, or is known to be open', async () => {
    const wrong: string[] = [];
    for (const each of cases.filter((every) => !(every.name in OPEN) && !isFile(every))) {
      const response = await ask(each.path, { method: each.method, headers: { origin: 'http://localhost' } });
      await response.body?.cancel();
      const isLogin = response.status === 303 && (response.headers.get('location') ?? '').startsWith('/login');
      if (response.status !== 401 && response.status !== 403 && !isLogin && !(await isNothing(await again(each))))
        wrong.push(`${each.name}: ${response.status}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['a made-up session', { cookie: `dkm_session_16005=${'A'.repeat(43)}` }],
    ['a made-up token', { authorization: `Bearer dkm_${'A'.repeat(43)}` }],
    ['a wrong password', { authorization: `Basic ${btoa('nobody:wrong')}` }],
    ['an empty name', { authorization: `Basic ${btoa(':')}` }],
  ])('does not take %s', async (_, headers) => {
    const statuses = new Set<number>();
    for (const { name, path, method } of cases.filter((each) => each.method === 'GET' && !(each.name in OPEN) && !isFile(each)).slice(0, 12)) {
      const response = await ask(path, { method, headers });
      await response.body?.cancel();
      if (!(await isNothing(await again({ name, path, method })))) statuses.add(response.status);
    }
    expect([...statuses].filter((status) => ![303, 401, 403, 429].includes(status))).toEqual([]);
  });

  it('that changes something is not for readers', async () => {
    const token = await under.token('reader', 'reader');
    const wrong: string[] = [];
    for (const each of cases.filter(({ name, method }) => !isReading(method) && !(name in OPEN) && !OF_ONESELF.has(name))) {
      const response = await ask(each.path, { method: each.method, headers: { authorization: `Bearer ${token}` } });
      if (![401, 403, 405].includes(response.status) && !(await isNothing(response))) wrong.push(`${each.name}: ${response.status}`);
    }
    expect(wrong).toEqual([]);
  });

  it('that changes something takes no request of an operator’s browser without its token, or with another session’s', async () => {
    const cookie = await under.logIn('ada', 'operator');
    const wrong: string[] = [];
    for (const each of cases.filter(({ name, method }) => !isReading(method) && !(name in OPEN))) {
      for (const token of [undefined, '', 'A'.repeat(43)]) {
        const headers = { cookie, origin: 'http://localhost', ...(token !== undefined && { 'x-csrf-token': token }) };
        const response = await ask(each.path, { method: each.method, headers });
        if (![401, 403, 405].includes(response.status) && !(await isNothing(response))) wrong.push(`${each.name}: ${response.status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('that changes something takes nothing that another site’s page has a browser send', async () => {
    const cookie = await under.logIn('eve', 'operator');
    const wrong: string[] = [];
    for (const each of cases.filter(({ method }) => !isReading(method))) {
      for (const elsewhere of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]) {
        const response = await ask(each.path, { method: each.method, headers: { cookie, ...(elsewhere as Record<string, string>) } });
        if (response.status !== 403 && response.status !== 401) wrong.push(`${each.name}: ${response.status}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

/** Asked once more for its text: the first answer may have been a stream. */
async function again({ method, path }: Case): Promise<Response> {
  const response = await ask(path, { method, headers: { origin: 'http://localhost' } });
  return response.status === 404 ? response : (await response.body?.cancel(), new Response(null, { status: response.status }));
}
