import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../../../src/console/accounts/password-hash.ts';
import { eventually } from '../../helpers/wait.ts';
import { CookieJar, SERVICES, startConsole, statusOf, type ConsoleProcess } from './console-process.ts';
import { openEvents, type EventsOfPage } from './event-reader.ts';
import { PROMISES, promiseOf, promisesOf, writeFakeDkm } from './promises-scene.ts';

const BROKEN = promiseOf({
  id: "it's 100 % broken",
  title: 'The <b>door</b> is shut',
  severity: 'critical',
  state: 'failed',
  message: 'It is open.',
  sinceMs: Date.now() - 60_000,
});
const outcome = (service: string): string =>
  JSON.stringify({ schema: 1, supervisor: true, services: [{ service, ok: true, state: 'RUNNING', message: '', logTail: '' }] });

let running: ConsoleProcess;
let called: string;
let operator: CookieJar;
let reader: CookieJar;
const streams: EventsOfPage[] = [];
const at = (path: string): string => `${running.url}${path}`;
const path = (name: string): string => join(running.directory, name);
const calls = (): string => (existsSync(called) ? readFileSync(called, 'utf8') : '');

beforeAll(async () => {
  // As the supervisor starts it: by this variable its processes are found, and ended with it.
  process.env['DKM_SERVICE_LOG'] = '/somewhere/run/logs/console.log';
  running = await startConsole('http://127.0.0.1:1');
  delete process.env['DKM_SERVICE_LOG'];
  mkdirSync(path('run/logs'), { recursive: true });
  mkdirSync(path('conf/console'), { recursive: true });
  writeFileSync(
    path('conf/console/accounts.toml'),
    `[[account]]\nname = "guest"\nrole = "reader"\npassword = "${await hashPassword('only looking around')}"\n`,
  );
  called = writeFakeDkm(running.directory, {
    check: { code: 1, stdout: '{}' },
    restart: { code: 0, stdout: outcome('carbon-cache') },
    stop: { code: 1, stdout: '', stderr: 'Error: the installation is locked' },
  });
  [operator, reader] = [new CookieJar(), new CookieJar()];
  expect((await operator.logIn(running.url)).status).toBe(303);
  expect((await reader.logIn(running.url, 'only looking around', {}, 'guest')).status).toBe(303);
}, 60_000);
afterAll(() => running.stop());
beforeEach(() => {
  running.writeStatus(statusOf(SERVICES.map((service) => ({ ...service, logFiles: [path(`run/logs/${service.name}.log`)] }))));
  running.writePromises(promisesOf([...PROMISES, BROKEN]));
  rmSync(called, { force: true });
});
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.close();
});

const textOf = async (jar: CookieJar, address: string): Promise<string> => (await jar.request(at(address), { headers: { accept: 'text/html' } })).text();
const tokenIn = (page: string): string => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
/** Sends a form as a browser without script does. */
async function submit(jar: CookieJar, address: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
  const csrf = tokenIn(await textOf(jar, '/promises')) || tokenIn(await textOf(jar, '/settings'));
  return jar.request(at(address), { method: 'POST', body: new URLSearchParams({ csrf, ...fields }), headers: { accept: 'text/html', ...headers } });
}
const ID = encodeURIComponent(BROKEN.id);

describe('pages without script', () => {
  it('say everything that is broken first, and let no markup through', async () => {
    const page = await textOf(operator, '/');
    expect(page).toMatch(/<h1[^>]*>\s*1 problem\s*<\/h1>/);
    expect(page.indexOf('It is open.')).toBeLessThan(page.indexOf('>Services</h2>'));
    expect(page).toContain('The &lt;b&gt;door&lt;/b&gt; is shut');
    expect(page).toMatch(/83\.4/); // days left, of the forecast
    expect(page).not.toMatch(/<style|style="|<script(?! type="module" src="\/)|onclick/);
  });

  it.each(['/', '/promises', `/promises/${ID}`, '/services', '/services/carbon-cache', '/settings'])(
    'are there for who may only look, without anything to act with: %s',
    async (address) => {
      const [mine, theirs] = await Promise.all([textOf(operator, address), textOf(reader, address)]);
      const forms = (text: string): string[] => [...text.matchAll(/<form[^>]*method="post"[^>]*action="([^"]*)"/g)].map((match) => match[1]!);
      expect(forms(theirs)).toEqual(['/logout']);
      expect(forms(mine).length).toBeGreaterThanOrEqual(1);
      expect(theirs).toContain('<main');
    },
  );

  it.each(['/promises/nothing', '/services/nothing', '/services/..%2f..%2fetc', '/settings/file?path=../../etc/passwd', '/promises/%'])(
    'are not there: %s',
    async (address) => {
      expect((await operator.request(at(address), { headers: { accept: 'text/html' } })).status).toBe(404);
    },
  );

  it('send a stranger to log in', async () => {
    for (const address of ['/', '/promises', '/services', '/settings']) {
      const response = await new CookieJar().request(at(address), { headers: { accept: 'text/html' } });
      expect([response.status, response.headers.get('location')?.split('?')[0]]).toEqual([303, '/login']);
    }
    expect((await new CookieJar().request(at('/events'))).status).toBe(401);
  });
});

describe('acting on a promise', () => {
  it('runs it by dkm, not as a process of the console, and comes back with what was found, once', async () => {
    const response = await submit(operator, `/promises/${ID}/run`);
    expect([response.status, response.headers.get('location')]).toEqual([303, expect.stringMatching(/^\/promises\/it's%20100%20%25%20broken\?notice=[\w-]+$/)]);
    expect(calls()).toBe("check --json -- it's 100 % broken log=\n");
    const location = response.headers.get('location')!;
    expect(await textOf(operator, location)).toContain('was checked: Broken. It is open.');
    expect(await textOf(operator, location)).not.toContain('was checked');
  });

  it('is acknowledged for a time, and no longer', async () => {
    const file = path('storage/notify/acknowledgements.json');
    expect((await submit(operator, `/promises/${ID}/acknowledge`, { comment: 'Schlüssel\r\nbestellt', hours: '24' })).status).toBe(303);
    const { acknowledgements } = JSON.parse(readFileSync(file, 'utf8')) as {
      acknowledgements: Record<string, { by: string; comment: string; untilMs: number }>;
    };
    expect(acknowledgements[BROKEN.id]).toMatchObject({ by: 'admin', comment: 'Schlüssel bestellt' });
    expect(acknowledgements[BROKEN.id]!.untilMs - Date.now()).toBeGreaterThan(23 * 3_600_000);
    await submit(operator, `/promises/${ID}/withdraw`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ acknowledgements: {} });
  });

  it.each([
    ['no comment', { comment: '  ', hours: '24' }],
    ['a comment too long', { comment: 'x'.repeat(501), hours: '24' }],
    ['a time that is not offered', { comment: 'x', hours: '1e9' }],
  ])('is not acknowledged with %s', async (_, fields) => {
    const response = await submit(operator, `/promises/${ID}/acknowledge`, fields, { accept: 'application/json' });
    expect(await response.json()).toMatchObject({ ok: false });
  });

  it('is not for who may only look, nor without the token of the page', async () => {
    for (const action of [`/promises/${ID}/run`, `/promises/${ID}/acknowledge`, '/services/carbon-cache/restart']) {
      expect((await submit(reader, action, { comment: 'x', hours: '24' })).status).toBe(403);
      expect((await operator.request(at(action), { method: 'POST', body: new URLSearchParams({ csrf: 'guess' }) })).status).toBe(403);
    }
    expect(calls()).toBe('');
  });
});

describe('acting on a service', () => {
  it('restarts it, tells a script what came of it, and writes it down', async () => {
    const response = await submit(operator, '/services/carbon-cache/restart', {}, { accept: 'application/json' });
    expect(await response.json()).toEqual({ ok: true, message: 'Carbon cache was restarted.' });
    expect(calls()).toBe('restart carbon-cache --json log=\n');
    expect(await textOf(operator, '/settings')).toMatch(/service\.restart/);
  });

  it('asks before it stops one, then says why it could not', async () => {
    const asked = await submit(operator, '/services/carbon-cache/stop');
    expect([asked.status, await asked.text()]).toEqual([200, expect.stringContaining('What is sent to it meanwhile is lost.')]);
    expect(calls()).toBe('');
    const response = await submit(operator, '/services/carbon-cache/stop', { confirmed: 'yes' }, { accept: 'application/json' });
    expect(await response.json()).toEqual({ ok: false, message: 'the installation is locked' });
  });

  it('restarts the console itself by a process that outlives it, after it answered', async () => {
    const own = SERVICES.map((service) => (service.name === 'console' ? { ...service, pid: running.child.pid! } : service));
    running.writeStatus(statusOf(own));
    expect(await (await submit(operator, '/services/console/restart')).text()).toContain('this very page');
    const response = await submit(operator, '/services/console/restart', { confirmed: 'yes' });
    expect(await response.text()).toContain('The console is restarting');
    await eventually('dkm was called', () => calls() === 'restart console --json log=\n');
    expect(readFileSync(path('run/logs/console.log'), 'utf8')).toContain('"schema":1');
  });
});

describe('the stream of events', () => {
  const open = async (jar: CookieJar, address = '/events'): Promise<EventsOfPage> => {
    const stream = await openEvents(jar, at(address));
    streams.push(stream);
    return stream;
  };

  it('tells what there is to see now, then that something changed, and what', async () => {
    const stream = await open(reader);
    const first = await stream.next('revision');
    expect(await textOf(reader, '/')).toContain(`data-revision="${first.id}"`);
    running.writePromises(promisesOf(PROMISES));
    const second = await stream.next('revision');
    expect(second.id).not.toBe(first.id);
    expect(JSON.parse(second.data)).toMatchObject({ revision: second.id, announce: ['The <b>door</b> is shut: no longer a problem.'] });
  });

  it('says nothing about checks that found the same', async () => {
    const stream = await open(reader);
    await stream.next('revision');
    running.writePromises(promisesOf([...PROMISES, { ...BROKEN, checkedAtMs: 1 }]));
    running.writeStatus(statusOf(SERVICES, { pidStartTime: 'another process' })); // the next event is about this
    expect(JSON.parse((await stream.next('revision')).data)).toMatchObject({ announce: expect.arrayContaining(['Supervisor: Gone.']) as string[] });
  });

  it('ends with the session: nothing is told after logging out', async () => {
    const visitor = new CookieJar();
    await visitor.logIn(running.url);
    const stream = await open(visitor);
    await stream.next('revision');
    const csrf = tokenIn(await textOf(visitor, '/promises'));
    await visitor.request(at('/logout'), { method: 'POST', body: new URLSearchParams({ csrf }) });
    running.writePromises(promisesOf([]));
    expect((await stream.next()).event).toBe('end');
    await stream.ended;
  });

  it('has a log go on over its rotation, without what a terminal would obey', async () => {
    const log = path('run/logs/collectd.log');
    writeFileSync(log, 'first\n');
    const stream = await open(reader, '/services/collectd/log-events?log=collectd.log');
    expect(JSON.parse((await stream.next('tail')).data)).toEqual({ lines: ['first'] });
    appendFileSync(log, '\u001b[31msecond\u001b[0m <i>\n');
    expect(JSON.parse((await stream.next('lines')).data)).toEqual({ lines: ['second <i>'], leftOut: 0 });
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'third\n');
    expect(JSON.parse((await stream.next('lines')).data)).toMatchObject({ lines: ['third'] });
    appendFileSync(log, Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join(''));
    const { lines, leftOut } = JSON.parse((await stream.next('lines')).data) as { lines: string[]; leftOut: number };
    expect([lines.at(-1), lines.length + leftOut]).toEqual(['line 1999', 2000]);
    expect(lines.length).toBeLessThanOrEqual(500);
  });

  it.each(['../status.json', 'console.log', '/etc/passwd', ''])('has no log that is not the service’s own: %j', async (name) => {
    expect((await reader.request(at(`/services/collectd/log-events?log=${encodeURIComponent(name)}`))).status).toBe(404);
  });
});
