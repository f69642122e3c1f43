import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorAnswer, FunctionsAnswer, LevelAnswer, NamesAnswer, SearchAnswer } from '../../../src/console/answers.ts';
import type { Dashboard, DashboardsAnswer } from '../../../src/console/dashboards/model.ts';
import { CookieJar, startConsole, type ConsoleProcess } from './console-process.ts';
import { fakeNames, manyNames, type FakeNames, type NamesMode } from './fake-names.ts';

let names: FakeNames;
let running: ConsoleProcess;
const jar = new CookieJar();

beforeAll(async () => {
  names = await fakeNames(manyNames());
  running = await startConsole(names.url);
  expect((await jar.logIn(running.url)).status).toBe(303);
}, 60_000);
afterAll(async () => {
  await running.stop();
  await names.close();
});
beforeEach(() => {
  names.mode = 'answers';
  names.asked.length = 0;
});

const ask = (path: string): Promise<Response> => jar.request(`${running.url}${path}`);
const json = async <Answer>(path: string): Promise<Answer> => (await (await ask(path)).json()) as Answer;

describe('the explorer', () => {
  it('is for those who are logged in', async () => {
    const stranger = new CookieJar();
    for (const path of [
      '/metrics-explorer',
      '/dashboards',
      '/dashboards/x',
      '/instances',
      '/api/find',
      '/api/search?query=a',
      '/api/names?pattern=*',
      '/api/functions',
      '/api/render.csv?target=a',
      '/api/dashboards',
      '/api/instances',
    ]) {
      expect([path, (await stranger.request(`${running.url}${path}`)).status]).toEqual([path, 401]);
    }
    expect(names.asked).toEqual([]);
  });

  it('lists a level of 10,000 in stretches, and asks for it once', async () => {
    const first = await json<LevelAnswer>('/api/find?parent=wide&limit=200');
    expect([first.total, first.nodes.length, first.nodes[0]]).toEqual([
      10_000,
      200,
      { path: 'wide.sensor00000', name: 'sensor00000', isMetric: false, isFolder: true },
    ]);
    const last = await json<LevelAnswer>('/api/find?parent=wide&offset=9900&limit=200');
    expect([last.nodes.length, last.nodes.at(-1)?.name]).toEqual([100, 'sensor09999']);
    expect(names.asked).toEqual(['wide.']);
  });

  it('filters a level where the names are', async () => {
    const answer = await json<LevelAnswer>('/api/find?parent=fleet.dc1&filter=HOST49');
    expect(answer.nodes.map(({ name }) => name)).toEqual(['host491', 'host496']);
    expect(names.asked).toEqual(['fleet.dc1.*[hH][oO][sS][tT]49']);
  });

  it('knows what is not there', async () => {
    expect(await json<LevelAnswer>('/api/find?parent=no.such')).toMatchObject({ total: 0, nodes: [] });
  });

  it('finds names on any level', async () => {
    expect((await json<SearchAnswer>('/api/search?query=host12%20plugin7%20value3')).nodes.map(({ path }) => path)).toEqual(
      [
        'fleet.dc2.host12.plugin7.value3',
        ...Array.from({ length: 5 }, (_, digit) => `fleet.dc${digit}.host${120 + digit}.plugin7.value3`),
        ...Array.from({ length: 5 }, (_, digit) => `fleet.dc${digit}.host${125 + digit}.plugin7.value3`),
      ].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })),
    );
    const many = await json<SearchAnswer>('/api/search?query=value');
    expect([many.nodes.length, many.left.length]).toEqual([200, 1]);
  });

  it('tells what a pattern stands for', async () => {
    expect((await json<NamesAnswer>('/api/names?pattern=fleet.*')).paths).toEqual(['fleet.dc0', 'fleet.dc1', 'fleet.dc2', 'fleet.dc3', 'fleet.dc4']);
    expect(await json<NamesAnswer>('/api/names?pattern=wide.*')).toMatchObject({ isMore: true });
  });

  it('tells the functions that the query service has', async () => {
    const { source, functions } = await json<FunctionsAnswer>('/api/functions');
    expect([source, functions.map(({ name }) => name)]).toEqual(['query-service', ['movingAverage', 'sumSeries']]);
  });

  it.each([
    ['hangs', 504, 'query-timeout'],
    ['fails', 502, 'query-failed'],
    ['html', 502, 'not-graphite'],
    ['unfinished', 502, 'not-graphite'],
  ] as [NamesMode, number, string][])(
    'says what is wrong when the query service %s',
    async (mode, status, code) => {
      names.mode = mode;
      const response = await ask(`/api/find?parent=fleet&filter=${mode.slice(0, 3)}`);
      expect([response.status, ((await response.json()) as ErrorAnswer).error.code]).toEqual([status, code]);
    },
    30_000,
  );

  it.each([
    '/api/find?parent=a*',
    '/api/find?parent=a&filter=b.c',
    '/api/find?offset=-1',
    '/api/find?limit=501',
    '/api/find?limit=0',
    `/api/find?parent=${'a'.repeat(1001)}`,
    '/api/find?parent=a%00',
    '/api/search?query=',
    '/api/search',
    `/api/search?query=${'a'.repeat(201)}`,
    '/api/names?pattern=',
    '/api/render.csv',
    '/api/render.csv?target=a&width=3',
  ])('refuses %s', async (path) => {
    const response = await ask(path);
    expect([response.status, ((await response.json()) as ErrorAnswer).error.code]).toEqual([400, 'bad-request']);
    expect(names.asked).toEqual([]);
  });

  it('gives a table that no spreadsheet obeys', async () => {
    const response = await ask('/api/render.csv?target=%3Dcmd()&target=a%2Cb&from=1795000000&until=1795000020');
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="metrics-\d+T\d+\.csv"$/);
    const [head = '', ...rows] = (await response.text()).split('\r\n');
    expect([head, rows.length]).toEqual(['time,\'=cmd(),"a,b"', 4]);
    expect(rows[0]).toMatch(/^2026-11-18T\d\d:\d\d:\d\dZ,[\d.]+,[\d.]+$/);
  });
});

describe('dashboards', () => {
  beforeAll(() => {
    for (const folder of ['dashboards', 'dashboards.d']) mkdirSync(join(running.directory, 'conf', folder), { recursive: true });
    const write = (file: string, text: string): void => writeFileSync(join(running.directory, 'conf', file), text);
    write('dashboards/a.json', JSON.stringify({ uid: 'a', title: 'A <b>', panels: [{ type: 'stat', targets: [{ target: 'demo.load' }] }] }));
    write('dashboards.d/own.json', JSON.stringify({ uid: 'own', title: 'Own', panels: [] }));
    write('dashboards.d/twice.json', JSON.stringify({ uid: 'own', title: 'Twice', panels: [] }));
    write('dashboards.d/broken.json', '{');
    write('dashboards.d/other.json', '{"a":1}');
    write('dashboards.d/large.json', `"${'x'.repeat(2 * 1024 * 1024)}"`);
    write('dashboards.d/README', 'no dashboard');
  });

  it('are listed with the files that are none', async () => {
    const { dashboards, problems } = await json<DashboardsAnswer>('/api/dashboards');
    expect(dashboards.map(({ uid, origin }) => [uid, origin])).toEqual([
      ['a', 'conf/dashboards/a.json'],
      ['own', 'conf/dashboards.d/own.json'],
    ]);
    expect(problems.map(({ file }) => file)).toEqual(['broken', 'large', 'other', 'twice'].map((name) => `conf/dashboards.d/${name}.json`));
    const page = await (await ask('/dashboards')).text();
    expect(page).toContain('A &lt;b&gt;');
    expect(page).toContain('It is no dashboard');
  });

  it('are there one by one, also when their files change', async () => {
    expect(await json<Dashboard>('/api/dashboards/a')).toMatchObject({ title: 'A <b>', sections: [{ panels: [{ kind: 'stat' }] }] });
    writeFileSync(join(running.directory, 'conf/dashboards/a.json'), JSON.stringify({ uid: 'a', title: 'Renamed', panels: [] }));
    expect((await json<Dashboard>('/api/dashboards/a')).title).toBe('Renamed');
    for (const uid of ['none', '..%2f..%2fdkm.toml', 'constructor']) expect((await ask(`/dashboards/${uid}`)).status).toBe(404);
  });
});
