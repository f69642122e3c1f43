import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PASSWORD, SERVICES, startConsole, statusOf, type ConsoleProcess } from '../process/console/console-process.ts';
import { fakeGraphite, type FakeGraphite } from '../process/console/fake-graphite.ts';
import { launchChromium, withoutChromium } from './chromium.ts';

if (withoutChromium !== '') console.log(`Skipped: the console in a browser: ${withoutChromium}.`);

/** A name that browsers do not take for this machine: to such an address they say less about where a request comes from. */
const OTHER_NAME = 'monitor.test';
const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'build', 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1280, height: 1000 };
const PHONE = { width: 390, height: 844 };

describe.skipIf(withoutChromium !== '')('the console in a browser', () => {
  let browser: Browser;
  let graphite: FakeGraphite;
  let console_: ConsoleProcess;
  const trouble: string[] = [];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [graphite, browser] = await Promise.all([fakeGraphite(), launchChromium(`--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`)]);
    console_ = await startConsole(graphite.url);
  }, 120_000);
  beforeEach(() => {
    graphite.mode = 'data';
    console_.writeStatus(statusOf(SERVICES));
  });
  afterEach(() => {
    expect(trouble.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await console_.stop();
    await graphite.close();
  });

  /** A page that is logged in; errors of it and requests to anywhere else fail the test. */
  async function open(options: BrowserContextOptions = {}, hash = '', allowed: RegExp = /^$/): Promise<Page> {
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && !allowed.test(message.text()) && trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('request', (request) => new URL(request.url()).origin === console_.url || trouble.push(`asked for ${request.url()}`));
    await page.goto(`${console_.url}/${hash}`);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Services' }).waitFor();
    if (hash !== '') await page.goto(`${console_.url}/${hash}`);
    return page;
  }

  const shoot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SCREENSHOTS, `console-${name}.png`), fullPage: true });
  const charted = (page: Page, name: string): Promise<void> => page.getByRole('article', { name }).locator('canvas').waitFor();

  it('shows the services and the charts of this host', async () => {
    const page = await open();
    await expect.poll(() => page.title()).toBe('Monitoring of example.org · host.example.org');
    const rows = page.getByRole('row');
    await expect.poll(() => rows.count()).toBe(1 + SERVICES.length);
    expect(await rows.nth(1).innerText()).toMatch(/Carbon cache[\s\S]*Healthy[\s\S]*2 d 5 h[\s\S]*16001/);
    expect(await page.getByText('All 4 are well').isVisible()).toBe(true);
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
    const page = await open(options);
    await charted(page, 'Network');
    await shoot(page, name);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(options.viewport!.width);
    const [red = 0] = (await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).match(/\d+/g)!.map(Number);
    expect(red < 60).toBe(options.colorScheme === 'dark');
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('has no serious fault of accessibility (%s)', async (colorScheme) => {
    console_.writeStatus(
      statusOf([
        SERVICES[0]!,
        { ...SERVICES[1]!, health: 'unhealthy', reason: 'It does not answer.' },
        { ...SERVICES[2]!, state: 'STARTING', ready: false },
        { ...SERVICES[3]!, state: 'STOPPED', pid: null },
      ]),
    );
    const page = await open({ colorScheme, bypassCSP: true });
    await charted(page, 'Network');
    const faults = await serious(page);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL('**/login');
    await page.getByLabel('Password').waitFor();
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

  it('shows what is wrong with a service, and that the supervisor is gone', async () => {
    const failed = {
      ...SERVICES[1]!,
      state: 'FATAL' as const,
      pid: null,
      ready: false,
      health: 'unknown' as const,
      restarts: 5,
      reason: 'It ended 5 times in a row. Port 16002 is in use by another program.',
      lastExit: 'exit code 1',
    };
    const starting = {
      ...SERVICES[3]!,
      state: 'STARTING' as const,
      ready: false,
      health: 'unknown' as const,
      reason: 'Waits until its readiness probe succeeds.',
    };
    console_.writeStatus(statusOf([SERVICES[0]!, failed, SERVICES[2]!, starting]));
    const page = await open();
    await page.getByText('1 of 4 need attention').waitFor();
    await charted(page, 'Network');
    await shoot(page, 'failed');
    console_.writeStatus(statusOf(SERVICES, { pidStartTime: '1' }));
    await page.getByText('nobody watches the services').waitFor();
    await shoot(page, 'supervisor-gone');
    await page.context().close();
  });

  it('says that there is no data yet, then shows it by itself', async () => {
    graphite.mode = 'empty';
    const page = await open();
    await page.getByText('the first points arrive within 30 seconds').waitFor();
    await shoot(page, 'no-data');
    graphite.mode = 'data';
    await charted(page, 'Load');
    expect(await page.getByText('the first points arrive').isVisible()).toBe(false);
    await page.context().close();
  });

  it('says that the query service is down and keeps what it had', async () => {
    const page = await open({}, '', /status of 502/);
    await charted(page, 'Load');
    graphite.mode = 'fails';
    await page.getByRole('button', { name: '15 min' }).click();
    await page.getByText('The query service answered with status 500').waitFor();
    await charted(page, 'Load');
    await shoot(page, 'query-down');
    await page.context().close();
  });

  it('lets one in and out on plain http by another name than localhost', async () => {
    const page = await (await browser.newContext()).newPage();
    const address = console_.url.replace('127.0.0.1', OTHER_NAME);
    await page.goto(address);
    await page.getByLabel('Password').fill('a guess');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the password.').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await charted(page, 'Load');
    expect(await page.getByText(`/dev/tcp/${OTHER_NAME}/16001`).isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL('**/login');
    await page.goto(address);
    expect(page.url()).toBe(`${address}/login`);
    await page.context().close();
  });

  it('keeps the time range in the address and asks for it', async () => {
    const page = await open({}, '#24h');
    await charted(page, 'Load');
    expect(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed')).toBe('true');
    await shoot(page, '24h');
    await page.getByRole('button', { name: '7 d' }).click();
    await expect.poll(() => graphite.asked.some((address) => spanOf(address) === 604_800)).toBe(true);
    expect(page.url()).toMatch(/#7d$/);
    await charted(page, 'Load');
    await shoot(page, '7d');
    await page.context().close();
  });

  const spanOf = (address: string): number => {
    const query = new URL(address, 'http://localhost').searchParams;
    return Number(query.get('until')) - Number(query.get('from'));
  };

  it('shows the values under the pointer', async () => {
    const page = await open();
    await charted(page, 'Load');
    const canvas = (await page.getByRole('article', { name: 'Load' }).locator('.u-over').boundingBox())!;
    await page.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
    await page.getByRole('list', { name: 'Load, values' }).locator('.when').waitFor();
    await shoot(page, 'pointer');
    await page.context().close();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await open();
    await charted(page, 'Load');
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the services');
    const reached: string[] = [];
    for (let presses = 0; presses < 10; presses += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate<string>('document.activeElement.textContent'));
    }
    expect(reached).toEqual(expect.arrayContaining(['Log out', '15 min', '7 d', 'Pause']));
    await page.context().close();
  });
});
