import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { values } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { launchChromium, withoutChromium } from './chromium.ts';

if (withoutChromium !== '') console.log(`Skipped: an installation's own console in a browser: ${withoutChromium}.`);

const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'build', 'screenshots');
const MOST_MS = 60_000;

describe.skipIf(withoutChromium !== '')('the console of an installation', () => {
  const root = workDirectory('console');
  let target: Installation;
  let browser: Browser;
  const elsewhere: string[] = [];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    target = await install(inject('fallbackBundle'), root, '--hostname', 'page.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
    await startAll(target);
    browser = await launchChromium();
    await eventually(
      'two points of the load',
      async () => (await values(target.port + 2, 'collectd.org.example.page.load.load.shortterm')).length >= 2,
      120_000,
    );
  });
  afterAll(async () => {
    await browser?.close();
    await target?.stop();
    removeTree(root);
  });

  /** The first page, logged in with the password that the installer made. */
  async function open(): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 1000 } })).newPage();
    page.setDefaultTimeout(MOST_MS);
    const origin = `http://127.0.0.1:${target.port}`;
    page.on('request', (request) => new URL(request.url()).origin === origin || elsewhere.push(request.url()));
    await page.goto(origin);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(target.read('conf/secrets/admin-password').trim());
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Services' }).waitFor();
    return page;
  }
  const tile = (page: Page, service: RegExp): ReturnType<Page['getByRole']> => page.locator('#services').getByRole('listitem').filter({ hasText: service });
  const allWell = (page: Page): Promise<void> => page.getByRole('link', { name: /^(\d+) of \1 services well$/ }).waitFor();
  const shoot = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: join(SCREENSHOTS, `installed-${name}.png`), fullPage: true });

  it('shows all services well and this host measured, then that the query service is stopped, and that it is back', async () => {
    const page = await open();
    await allWell(page);
    for (const service of [/carbon/i, /graphite/i, /console/i, /collectd/i]) expect(await tile(page, service).first().innerText()).toContain('Healthy');
    const load = page.getByRole('article', { name: 'Load' });
    await load.locator('canvas').waitFor();
    await expect.poll(() => load.locator('.headline').innerText(), { timeout: MOST_MS }).toMatch(/\d/);
    await shoot(page, 'well');

    expect(await target.dkm('stop', 'graphite-web')).toMatchObject({ code: 0 });
    await page.getByRole('button', { name: '15 min' }).click();
    await page
      .getByText(/The query service at \S+ does not answer/)
      .first()
      .waitFor();
    await tile(page, /graphite/i)
      .getByText('Stopped')
      .waitFor();
    await load.locator('canvas').waitFor();
    await shoot(page, 'query-stopped');

    expect(await target.dkm('start', 'graphite-web')).toMatchObject({ code: 0 });
    await allWell(page);
    await page.getByText(/The query service at \S+ does not answer/).waitFor({ state: 'hidden' });
    expect(elsewhere).toEqual([]);
    await page.context().close();
  });
});
