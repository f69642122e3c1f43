import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PASSWORD, SERVICES, startConsole, statusOf, type ConsoleProcess } from '../process/console/console-process.ts';
import { fakeGraphite, type FakeGraphite } from '../process/console/fake-graphite.ts';
import { PROMISES, promiseOf, promisesOf, writeFakeDkm, writeHistory } from '../process/console/promises-scene.ts';
import { launchChromium, withoutChromium } from './chromium.ts';

if (withoutChromium !== '') console.log(`Skipped: the console in a browser: ${withoutChromium}.`);

/** A name that browsers do not take for this machine: to such an address they say less about where a request comes from. */
const OTHER_NAME = 'monitor.test';
const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'build', 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1280, height: 1000 };
const PHONE = { width: 390, height: 844 };
const DOOR = promiseOf({ id: 'door', title: 'The door is shut', severity: 'critical', state: 'failed', message: 'It is open.', sinceMs: Date.now() - 600_000 });
const FAILED = {
  state: 'FATAL',
  pid: null,
  ready: false,
  health: 'unknown',
  restarts: 5,
  reason: 'Port 16002 is in use by another program.',
  lastExit: 'exit code 1',
} as const;
const ANSWER = { schema: 1, supervisor: true, services: [{ service: 'collectd', ok: true, state: 'STOPPED', message: '', logTail: '' }] };
const OWN_PAGES = ['/', '/promises', '/promises/door', '/services', '/services/collectd', '/settings'] as const;

describe.skipIf(withoutChromium !== '')('the console in a browser', () => {
  let browser: Browser;
  let graphite: FakeGraphite;
  let running: ConsoleProcess;
  let session: NonNullable<BrowserContextOptions['storageState']>;
  const trouble: string[] = [];
  const services = (): typeof SERVICES => SERVICES.map((service) => ({ ...service, logFiles: [join(running.directory, `run/logs/${service.name}.log`)] }));
  const log = (): string => join(running.directory, 'run/logs/collectd.log');

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [graphite, browser] = await Promise.all([fakeGraphite(), launchChromium(`--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`)]);
    running = await startConsole(graphite.url);
    for (const folder of ['run/logs', 'conf']) mkdirSync(join(running.directory, folder), { recursive: true });
    writeFileSync(join(running.directory, 'conf/dkm.toml'), '[install]\ntype = "all"\nport = 16000\nhostname = "host.example.org"\n');
    writeFakeDkm(running.directory, { check: { code: 1, stdout: '{}' }, stop: { code: 0, stdout: JSON.stringify(ANSWER) } });
    for (const { id } of [...PROMISES, DOOR]) writeHistory(running.directory, id);
    const page = await browser.newPage();
    await logIn(page, running.url);
    session = await page.context().storageState();
    await page.context().close();
  }, 120_000);
  beforeEach(() => {
    graphite.mode = 'data';
    running.writeStatus(statusOf(services()));
    running.writePromises(promisesOf(PROMISES));
    writeFileSync(log(), Array.from({ length: 60 }, (_, index) => `[2026-11-21 12:00:${String(index).padStart(2, '0')}] reading <load>\n`).join(''));
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close(); // of a test that failed
    expect(trouble.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await running.stop();
    await graphite.close();
  });

  async function logIn(page: Page, address: string): Promise<void> {
    await page.goto(address);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Services' }).waitFor();
  }

  /** A page that is logged in; errors of it and requests to anywhere else fail the test. */
  async function open(path: string = '/', options: BrowserContextOptions = {}, allowed: RegExp = /^$/): Promise<Page> {
    const context = await browser.newContext({ viewport: DESKTOP, storageState: session, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => message.type() === 'error' && !allowed.test(message.text()) && trouble.push(`${path}: ${message.text()}`));
    page.on('pageerror', (error) => trouble.push(`${path}: ${error.message}`));
    page.on('request', (request) => new URL(request.url()).origin === running.url || trouble.push(`asked for ${request.url()}`));
    await page.goto(`${running.url}${path}`);
    return page;
  }

  const shoot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SCREENSHOTS, `console-${name}.png`), fullPage: true });
  const nameOf = (path: string): string => (path === '/' ? 'overview' : path.slice(1).replace('/', '-'));
  const charted = (page: Page, name: string): Promise<void> => page.getByRole('article', { name }).locator('canvas').waitFor();
  const headline = (page: Page): Promise<string> => page.locator('h1').innerText();
  const breakSomething = (): void => {
    running.writePromises(promisesOf([...PROMISES, DOOR]));
    running.writeStatus(statusOf(services().map((service, index) => (index === 1 ? { ...service, ...FAILED } : service))));
  };

  it('shows that all is well: services, fresh data, the disk forecast and the charts of this host', async () => {
    const page = await open();
    expect([await page.title(), await headline(page)]).toEqual(['Overview · Monitoring of example.org', 'Everything is as it should be']);
    expect(await page.locator('#services').innerText()).toMatch(/Carbon cache[\s\S]*Healthy[\s\S]*up 2 d 5 h/);
    expect(await page.getByText('days left').locator('..').innerText()).toMatch(/83\.4/);
    for (const name of ['Load', 'CPU', 'Memory', 'Disk space', 'Disk traffic', 'Network']) await charted(page, name);
    expect(await page.getByRole('list', { name: 'Network, values' }).innerText()).toMatch(/eth0 in\s*[\d.]+ [kM]B\/s/);
    expect(await page.getByText('/dev/tcp/127.0.0.1/16001').isVisible()).toBe(true);
    await shoot(page, 'light');
    await page.context().close();
  });

  it.each([
    ['dark', { colorScheme: 'dark', viewport: DESKTOP }],
    ['phone', { colorScheme: 'light', viewport: PHONE, deviceScaleFactor: 2, hasTouch: true, isMobile: true }],
    ['phone-dark', { colorScheme: 'dark', viewport: PHONE, deviceScaleFactor: 2 }],
  ] as [string, BrowserContextOptions][])('fits: %s', async (name, options) => {
    breakSomething();
    const page = await open('/', options);
    for (const path of OWN_PAGES) {
      if (path !== '/') await page.goto(`${running.url}${path}`);
      else await charted(page, 'Network');
      await shoot(page, `${name}-${nameOf(path)}`);
      expect([path, await page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([path, options.viewport!.width]);
    }
    const [red = 0] = (await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).match(/\d+/g)!.map(Number);
    expect(red < 60).toBe(options.colorScheme === 'dark');
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility (%s)', async (colorScheme) => {
    running.writePromises(
      promisesOf([
        ...PROMISES,
        DOOR,
        { ...DOOR, id: 'b', state: 'no-data' },
        { ...DOOR, id: 'c', severity: 'warning' },
        { ...DOOR, id: 'd', state: 'pending' },
      ]),
    );
    running.writeStatus(
      statusOf([
        services()[0]!,
        { ...services()[1]!, ...FAILED },
        { ...services()[2]!, state: 'STARTING', ready: false },
        { ...services()[3]!, state: 'STOPPED', pid: null },
      ]),
    );
    const page = await open('/', { colorScheme, bypassCSP: true });
    await charted(page, 'Network');
    const faults = await serious(page);
    for (const path of OWN_PAGES.slice(1)) {
      await page.goto(`${running.url}${path}`);
      faults.push(...(await serious(page)).map((fault) => `${path}: ${fault}`));
    }
    await page.context().clearCookies();
    await page.goto(`${running.url}/login`);
    await shoot(page, `login-${colorScheme}`);
    expect([...faults, ...(await serious(page))]).toEqual([]);
    await page.context().close();
  });

  async function serious(page: Page): Promise<string[]> {
    await page.addScriptTag({ content: AXE });
    const found = await page.evaluate(async () =>
      (globalThis as unknown as { axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe.run(),
    );
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
  }

  it('shows what broke by itself, says it, and keeps focus and scroll; then that the supervisor is gone', async () => {
    const page = await open();
    await charted(page, 'Network');
    const link = page.locator('#services').getByRole('link', { name: 'collectd' });
    await link.focus();
    breakSomething();
    await page.getByRole('heading', { name: '2 problems' }).waitFor();
    expect(await page.locator('.troubles').innerText()).toMatch(/The door is shut[\s\S]*It is open\.[\s\S]*Graphite web API[\s\S]*Port 16002 is in use/);
    await expect.poll(() => page.locator('#announcement').textContent()).toContain('The door is shut: Broken.');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('collectd');
    await shoot(page, 'broken');
    running.writeStatus(statusOf(SERVICES, { pidStartTime: '1' }));
    await page.getByText('nobody watches the services').waitFor();
    await shoot(page, 'supervisor-gone');
    await page.context().close();
  });

  it('says that there is no data yet, then shows it by itself; and what an installation looks like that was never started', async () => {
    graphite.mode = 'empty';
    const page = await open();
    await page.getByText('the first points arrive within 30 seconds').waitFor();
    await shoot(page, 'no-data');
    graphite.mode = 'data';
    await charted(page, 'Load');
    expect(await page.getByText('the first points arrive').isVisible()).toBe(false);
    running.writeStatus(statusOf([]));
    running.writePromises(promisesOf([]));
    await page.goto(`${running.url}/promises`);
    await page.getByText('None is known here yet').waitFor();
    await shoot(page, 'no-promises');
    await page.context().close();
  });

  it('says that the query service is down and keeps what it had', async () => {
    const page = await open('/', {}, /status of 502/);
    await charted(page, 'Load');
    graphite.mode = 'fails';
    await page.getByRole('button', { name: '15 min' }).click();
    await page.getByText('The query service answered with status 500').waitFor();
    await charted(page, 'Load');
    await shoot(page, 'query-down');
    await page.context().close();
  });

  it('lets one in, act and out on plain http by another name than localhost', async () => {
    const page = await (await browser.newContext()).newPage();
    const address = running.url.replace('127.0.0.1', OTHER_NAME);
    await page.goto(address);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('a guess');
    await page.keyboard.press('Enter');
    await page.getByText(/not right|not the password/).waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await charted(page, 'Load');
    expect(await page.getByText(`/dev/tcp/${OTHER_NAME}/16001`).isVisible()).toBe(true);
    await page.goto(`${address}/promises`);
    await page.getByRole('button', { name: 'Run now: The metric store answers' }).click();
    await page.getByText('The metric store answers was checked').first().waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL('**/login');
    await page.goto(address);
    expect(page.url()).toBe(`${address}/login`);
    await page.context().close();
  });

  it('keeps the time range in the address and asks for it', async () => {
    const page = await open('/#24h');
    await charted(page, 'Load');
    expect(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: '7 d' }).click();
    await expect.poll(() => graphite.asked.some((address) => spanOf(address) === 604_800)).toBe(true);
    expect(page.url()).toMatch(/#7d$/);
    await shoot(page, '7d');
    const canvas = (await page.getByRole('article', { name: 'Load' }).locator('.u-over').boundingBox())!;
    await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
    await page.getByRole('list', { name: 'Load, values' }).locator('.when').waitFor();
    await page.context().close();
  });

  const spanOf = (address: string): number => {
    const query = new URL(address, 'http://localhost').searchParams;
    return Number(query.get('until')) - Number(query.get('from'));
  };

  it('narrows the list of promises while one types; acknowledges one without leaving its page', async () => {
    running.writePromises(promisesOf([...PROMISES, DOOR]));
    const page = await open('/promises');
    await expect.poll(() => page.getByRole('row').count()).toBe(1 + PROMISES.length + 1);
    await page.getByRole('searchbox').fill('door');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    expect(page.url()).toMatch(/\?q=door$/);
    expect(await page.getByRole('img', { name: /^Last 24 hours: broken/ }).count()).toBe(1);
    await page.getByRole('link', { name: 'The door is shut' }).click();
    await page.locator('summary', { hasText: 'Acknowledge' }).click();
    await page.getByLabel('Comment').fill('Der Schlüssel ist bestellt');
    await shoot(page, 'acknowledge');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Acknowledged for 1 day.').first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/promises/door');
    running.writePromises(
      promisesOf([{ ...DOOR, acknowledged: { by: 'admin', comment: 'Der Schlüssel ist bestellt', sinceMs: Date.now(), untilMs: Date.now() + 86_400_000 } }]),
    );
    await page.getByText('Broken, known').waitFor();
    await page.context().close();
  });

  it('asks before it stops a service, and shows its log as it grows', async () => {
    const page = await open('/services/collectd');
    await page.getByText('reading <load>').waitFor();
    appendFileSync(log(), '\u001b[31mplugin <b>df</b> failed\u001b[0m\n');
    await page.getByText('plugin <b>df</b> failed').waitFor();
    await shoot(page, 'log');
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    await page.getByRole('button', { name: 'Stop collectd' }).click();
    await page.getByRole('button', { name: 'Stop collectd' }).click();
    await page.getByText('collectd was stopped.').first().waitFor();
    expect(asked).toHaveLength(2);
    await page.context().close();
  });

  it('works without script: everything that is broken, the promises, and acting', async () => {
    breakSomething();
    const page = await open('/', { javaScriptEnabled: false });
    expect(await headline(page)).toBe('2 problems');
    expect(await page.locator('noscript p').innerText()).toContain('Charts are drawn in the browser');
    await shoot(page, 'without-script');
    await page.getByRole('link', { name: 'Promises', exact: true }).click();
    await page.getByLabel('State').selectOption('broken');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await page.getByRole('row').count()).toBe(2);
    await page.getByRole('button', { name: 'Run now: The door is shut' }).click();
    await page.getByText('The door is shut was checked: Broken.').waitFor();
    await page.goto(`${running.url}/services/collectd`);
    await page.getByRole('button', { name: 'Stop collectd' }).click();
    await shoot(page, 'confirm');
    await page.getByRole('button', { name: 'Stop it' }).click();
    await page.getByText('collectd was stopped.').waitFor();
    await page.context().close();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await open();
    await charted(page, 'Load');
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the content');
    const reached: string[] = [];
    for (let presses = 0; presses < 28; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate<string>('document.activeElement.textContent.trim()'));
    }
    expect(reached).toEqual(expect.arrayContaining(['Log out', 'Promises', 'Settings', 'collectd', '15 min', '7 d', 'Pause']));
    await page.goto(`${running.url}/promises`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('main');
    await page.context().close();
  });

  it('shows 200 promises, long names and other scripts without falling apart', async () => {
    const odd = { ...DOOR, id: '中文', title: '磁盘空间足够再用一周吗', message: '磁盘将在三天内用完。'.repeat(40) };
    const long = { ...DOOR, id: 'lang', title: 'Ein-sehr-langer-Name-'.repeat(12), message: 'ü'.repeat(6000) };
    running.writePromises(promisesOf([odd, long, ...Array.from({ length: 198 }, (_, index) => promiseOf({ id: `p${index}`, title: `Promise ${index}` }))]));
    const page = await open('/promises', { viewport: PHONE });
    for (const path of ['/promises', '/', `/promises/${encodeURIComponent('中文')}`, '/promises/lang']) {
      await page.goto(`${running.url}${path}`);
      expect([path, await page.evaluate<number>('document.documentElement.scrollWidth')]).toEqual([path, PHONE.width]);
    }
    await shoot(page, 'long');
    await page.context().close();
  });
});
