import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dashboardFile } from '../../src/dashboards/dashboards.ts';
import { PASSWORD, startConsole, type ConsoleProcess } from '../process/console/console-process.ts';
import { fakeMonitors, settingsWith, type FakeMonitors } from '../process/console/fake-monitors.ts';
import { fakeNames, manyNames, type FakeNames } from '../process/console/fake-names.ts';
import { launchChromium, withoutChromium } from './chromium.ts';

if (withoutChromium !== '') console.log(`Skipped: explorer, dashboards and instances in a browser: ${withoutChromium}.`);

const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'build', 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

describe.skipIf(withoutChromium !== '')('explorer, dashboards and instances in a browser', () => {
  let browser: Browser;
  let names: FakeNames;
  let monitors: FakeMonitors;
  let running: ConsoleProcess;
  const trouble: string[] = [];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [names, monitors, browser] = await Promise.all([fakeNames(manyNames()), fakeMonitors(), launchChromium()]);
    running = await startConsole(names.url);
    mkdirSync(join(running.directory, 'conf/dashboards.d'), { recursive: true });
    mkdirSync(join(running.directory, 'conf/dashboards'), { recursive: true });
    writeFileSync(join(running.directory, 'conf/dkm.toml'), settingsWith(monitors.urls));
    writeFileSync(join(running.directory, 'conf/dashboards.d/mixed.json'), JSON.stringify(MIXED));
    for (const name of ['this-host', 'hosts']) writeFileSync(join(running.directory, `conf/dashboards/${name}.json`), dashboardFile(name, SITE)!);
  }, 120_000);
  afterEach(() => {
    expect(trouble.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await running.stop();
    await Promise.all([names.close(), monitors.close()]);
  });

  /** A page of the console, logged in; errors of it and requests to anywhere else fail the test. */
  async function open(path: string, options: BrowserContextOptions = {}, allowed: RegExp = /^$/): Promise<Page> {
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && !allowed.test(message.text()) && trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on(
      'request',
      (request) => new URL(request.url()).origin === running.url || request.url().startsWith('blob:') || trouble.push(`asked for ${request.url()}`),
    );
    await page.goto(`${running.url}/login`);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${running.url}/`);
    await page.goto(`${running.url}${path}`);
    return page;
  }

  const shoot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SCREENSHOTS, `console-${name}.png`), fullPage: true });
  const row = (page: Page, name: string) => page.getByRole('treeitem', { name, exact: true });
  const drawn = (page: Page): Promise<void> => page.locator('#plot canvas').waitFor();

  async function serious(page: Page): Promise<string[]> {
    await page.addScriptTag({ content: AXE });
    const found = await page.evaluate(async () =>
      (globalThis as unknown as { axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe.run(),
    );
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
  }

  it('a level of 10,000 names is opened, scrolled and filtered with a hundred elements', async () => {
    const page = await open('/metrics-explorer');
    await row(page, 'wide').click();
    await row(page, 'sensor00003').waitFor();
    expect(await page.getByRole('treeitem').count()).toBeLessThan(100);
    await page.getByRole('tree').focus();
    await page.keyboard.press('End');
    await row(page, 'sensor09999').waitFor();
    expect(await row(page, 'sensor09999').getAttribute('aria-setsize')).toBe('10000');
    await page.getByLabel('Filter wide').fill('0777');
    await row(page, 'sensor00777').waitFor();
    await expect.poll(() => page.getByRole('treeitem').count()).toBe(3 + 11);
    await page.context().close();
  });

  it('can be used with the keyboard alone', async () => {
    const page = await open('/metrics-explorer');
    await row(page, 'demo').waitFor();
    await page.getByRole('tree').focus();
    const active = (): Promise<string> => page.locator('.tree-row.active .tree-name').innerText();
    await page.keyboard.press('End');
    expect(await active()).toBe('wide');
    await page.keyboard.press('Home');
    expect(await active()).toBe('demo');
    await page.keyboard.press('ArrowRight');
    await row(page, 'temp').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press('ArrowDown');
    expect(await active()).toBe('load');
    await page.keyboard.press('Enter');
    await drawn(page);
    expect(page.url()).toContain('target=demo.load');
    await page.keyboard.press('ArrowLeft');
    expect(await active()).toBe('demo');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.getByRole('treeitem').count()).toBe(3);
    await page.context().close();
  });

  it('finds names, shows them, and another browser shows the same by the link', async () => {
    const page = await open('/metrics-explorer');
    await page.getByLabel('Search metrics').fill('host12 plugin7 value3');
    await page.getByRole('button', { name: 'Add fleet.dc2.host12.plugin7.value3' }).click();
    await drawn(page);
    await page.getByRole('button', { name: 'Apply a function to target 1' }).click();
    await page.getByLabel('Search functions').fill('moving');
    await page.getByRole('button', { name: 'movingAverage' }).click();
    await page.getByLabel(/windowSize/).fill('5min');
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    const target = "movingAverage(fleet.dc2.host12.plugin7.value3, '5min')";
    await expect.poll(() => page.getByLabel('Target 1', { exact: true }).inputValue()).toBe(target);
    await page.getByLabel('Logarithmic').check();
    await page.getByLabel('Colour of target 1').selectOption({ label: 'red' });
    await expect.poll(() => page.locator('#legend').innerText()).toContain(target);
    await shoot(page, 'explorer');
    const other = await open(page.url().slice(running.url.length), { colorScheme: 'dark' });
    await drawn(other);
    expect(await other.getByLabel('Target 1', { exact: true }).inputValue()).toBe(target);
    expect(await other.getByLabel('Logarithmic').isChecked()).toBe(true);
    expect(await other.getByLabel('Colour of target 1').inputValue()).toBe('5');
    await shoot(other, 'explorer-dark');
    await Promise.all([page.context().close(), other.context().close()]);
  });

  it('says which target shows nothing, and why', async () => {
    const page = await open(
      '/metrics-explorer?target=demo.load&target=nosuch(demo.load)&target=nothing&target=sum(demo.load&target=empty',
      {},
      /status of 400/,
    );
    await drawn(page);
    const items = page.locator('#targets > li');
    await expect.poll(() => items.nth(1).innerText()).toMatch(/refused the query: ".*unknown function/);
    expect(await items.nth(2).innerText()).toContain('No such metric');
    expect(await items.nth(3).innerText()).toContain('1 closing parenthesis is missing');
    expect(await items.nth(0).locator('.problem').isVisible()).toBe(false);
    expect(await page.locator('#chart-state').innerText()).toContain('3 of 5 targets show nothing');
    await shoot(page, 'explorer-problems');
    await page.context().close();
  });

  it('is zoomed by dragging, and goes back', async () => {
    const page = await open('/metrics-explorer?target=demo.load&from=-6h');
    await drawn(page);
    const box = (await page.locator('#plot .u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.5, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => page.url()).toMatch(/from=\d+&until=\d+/);
    const params = new URL(page.url()).searchParams;
    expect(Number(params.get('until')) - Number(params.get('from'))).toBeGreaterThan(5000);
    expect(Number(params.get('until')) - Number(params.get('from'))).toBeLessThan(5900);
    await page.getByRole('button', { name: 'Back' }).click();
    await expect.poll(() => page.url()).toContain('from=-6h');
    await page.context().close();
  });

  it('gives a table on the page, a CSV and a picture', async () => {
    const page = await open('/metrics-explorer?target=demo.load&target=demo.temp', { acceptDownloads: true });
    await drawn(page);
    await page.getByText('Values as a table').click();
    await expect.poll(() => page.locator('#values-table tbody tr').count()).toBeGreaterThan(50);
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
    expect(readFileSync(await csv.path(), 'utf8')).toMatch(/^time,demo\.load,demo\.temp\r\n/);
    const [png] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
    expect(
      readFileSync(await png.path())
        .subarray(0, 8)
        .toString('latin1'),
    ).toBe('\x89PNG\r\n\x1a\n');
    await page.context().close();
  });

  it.each([
    ['/metrics-explorer?target=demo.load', 'explorer'],
    ['/dashboards/mixed', 'dashboard'],
    ['/dashboards/dkm-this-host', 'dashboard-host'],
    ['/dashboards/dkm-hosts', 'dashboard-hosts'],
    ['/instances', 'instances'],
  ])('%s fits a phone and has no serious fault of accessibility', async (path, name) => {
    for (const [suffix, options] of [
      ['phone', { viewport: PHONE, isMobile: true, hasTouch: true, colorScheme: 'dark' }],
      ['desktop', {}],
    ] as [string, BrowserContextOptions][]) {
      const page = await open(path, { ...options, bypassCSP: true }, /status of 400/);
      if (path === '/instances') await expect.poll(() => page.locator('#instance-counts').innerText(), { timeout: 30_000 }).toMatch(/34 of 50 well/);
      else await page.locator('canvas, .bars li').first().waitFor();
      await shoot(page, `${name}-${suffix}`);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(page.viewportSize()!.width);
      expect(await serious(page)).toEqual([]);
      await page.context().close();
    }
  });

  it('a dashboard shows what it knows, and says what it does not in the place where it would be', async () => {
    const page = await open('/dashboards', {}, /status of 400/);
    await page.getByRole('link', { name: 'Mixed' }).click();
    await page.getByRole('article', { name: 'Graph of dc0' }).locator('canvas').waitFor();
    expect(await page.getByRole('article', { name: 'Heat' }).innerText()).toContain('Panels of the type "heatmap" are not known here.');
    expect(await page.getByRole('article', { name: /^Gauge dc/ }).count()).toBe(2);
    expect(await page.getByRole('article', { name: 'Stat' }).innerText()).toMatch(/[\d.]+ %/);
    await expect.poll(() => page.getByRole('article', { name: 'Fails' }).innerText()).toMatch(/A: The query service refused/);
    expect(await page.getByRole('article', { name: 'text' }).locator('a').count()).toBe(1);
    await page.getByLabel('plugin').selectOption('plugin7');
    await expect.poll(() => page.url()).toContain('var-plugin=plugin7');
    await expect.poll(() => page.locator('.panel-legend').first().innerText()).toContain('plugin7');
    await shoot(page, 'dashboard');
    await page.context().close();
  });

  it('the dashboard of this host that Grafana has is shown whole', async () => {
    const page = await open('/dashboards/dkm-this-host');
    await page.getByRole('article', { name: 'Load', exact: true }).locator('canvas').waitFor();
    expect(await page.locator('.panel-notes:visible').count()).toBe(0);
    expect(await page.getByRole('article').count()).toBeGreaterThan(15);
    // What to do is there for whoever asks, and other dashboards are a click away.
    const load = page.getByRole('article', { name: 'Load', exact: true });
    await load.locator('summary').click();
    expect(await load.innerText()).toContain('Compare it with the number of processors.');
    await page.getByRole('navigation', { name: 'Other dashboards' }).getByRole('link', { name: 'Hosts' }).click();
    await page.waitForURL(/dkm-hosts/);
    await page.context().close();
  });

  it('bars lead to what they are about', async () => {
    const page = await open('/dashboards/dkm-hosts');
    const bars = page.getByRole('article', { name: 'Memory in use' }).first();
    await bars.locator('.bars li').first().waitFor();
    const name = await bars.locator('.bar-label').first().innerText();
    await bars.getByRole('link', { name }).first().click();
    await page.waitForURL((url) => url.pathname === '/dashboards/dkm-this-host' && url.searchParams.get('var-host') === name);
    await page.context().close();
  });
});

const SITE = {
  host: { name: 'host.example.org', reversed: 'org.example.host' },
  consoleUrl: 'http://host.example.org:15005/',
  providers: { store: 'go-carbon', query: 'carbonapi' },
};

const stat = {
  defaults: {
    unit: 'percent',
    min: 0,
    max: 100,
    thresholds: {
      mode: 'absolute',
      steps: [
        { color: 'green', value: null },
        { color: 'red', value: 80 },
      ],
    },
  },
};

/** A dashboard with something of everything. */
const MIXED = {
  uid: 'mixed',
  title: 'Mixed',
  time: { from: 'now-1h', to: 'now' },
  templating: {
    list: [
      { name: 'dc', type: 'query', query: 'fleet.*', multi: true, includeAll: true, current: { value: ['dc0', 'dc1'] } },
      { name: 'plugin', type: 'query', query: 'fleet.dc0.host0.*', current: { value: 'plugin3' } },
    ],
  },
  panels: [
    {
      type: 'timeseries',
      title: 'Graph of dc0',
      gridPos: { x: 0, y: 0, w: 12, h: 8 },
      targets: [
        { refId: 'A', target: 'fleet.dc0.$plugin' },
        { refId: 'B', target: 'scale(#A, 2)' },
      ],
    },
    { type: 'stat', title: 'Stat', gridPos: { x: 12, y: 0, w: 6, h: 4 }, fieldConfig: stat, targets: [{ target: 'demo.load' }] },
    { type: 'heatmap', title: 'Heat', gridPos: { x: 18, y: 0, w: 6, h: 4 }, targets: [{ target: 'demo.load' }] },
    {
      type: 'text',
      title: 'text',
      gridPos: { x: 12, y: 4, w: 6, h: 4 },
      options: { mode: 'markdown', content: '# Hi\n\n[a](https://example.org) [b](javascript:alert(1)) <img src=x>' },
    },
    { type: 'timeseries', title: 'Fails', gridPos: { x: 18, y: 4, w: 6, h: 4 }, targets: [{ refId: 'A', target: 'nosuch(x)' }] },
    { type: 'row', title: 'Repeated', gridPos: { x: 0, y: 8, w: 24, h: 1 } },
    {
      type: 'gauge',
      title: 'Gauge $dc',
      repeat: 'dc',
      gridPos: { x: 0, y: 9, w: 12, h: 5 },
      fieldConfig: stat,
      targets: [{ target: "alias(demo.load, '$dc')" }],
    },
    { type: 'table', title: 'Table', gridPos: { x: 0, y: 14, w: 24, h: 6 }, targets: [{ target: 'demo.load' }, { target: 'demo.temp' }] },
  ],
};
