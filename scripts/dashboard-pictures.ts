// Takes the pictures of docs/dashboards.md from an installation that runs and has data:
//   node scripts/dashboard-pictures.ts --directory DIR --console PORT [--grafana PORT]
// Install it with --hostname host.example.org: what is seen is what is shown to everybody.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';

const OUT = join(import.meta.dirname, '..', 'docs', 'dashboards');
const CONSOLE = ['this-host', 'hosts', 'dss-system', 'dss-backend', 'api-nodes', 'storage', 'itself', 'cluster-overview', 'cluster-server', 'cluster-workers'];
const GRAFANA = ['this-host', 'hosts', 'storage'];
const RANGE_FOR_PICTURES = '1h';
const SIZE = { width: 1000, height: 640 };
const DRAWN_WITHIN_MS = 60_000;

const { values } = parseArgs({ options: { directory: { type: 'string' }, console: { type: 'string' }, grafana: { type: 'string' } } });
if (values.directory === undefined || values.console === undefined)
  throw new Error('usage: node scripts/dashboard-pictures.ts --directory DIR --console PORT [--grafana PORT]');
const password = (await readFile(join(values.directory, 'conf/secrets/admin-password'), 'utf8')).trim();

await mkdir(OUT, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env['DKM_CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: SIZE });
await logIn(page, `http://127.0.0.1:${values.console}`, '[autocomplete=username]');
for (const name of CONSOLE) {
  await page.goto(`http://127.0.0.1:${values.console}/dashboards/${uidOf(name)}?from=-${RANGE_FOR_PICTURES}&to=now`);
  await page.locator('.panel .stat-value, .panel canvas').first().waitFor({ timeout: DRAWN_WITHIN_MS });
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}
if (values.grafana !== undefined) {
  await logIn(page, `http://127.0.0.1:${values.grafana}`, '[name=user]');
  for (const name of GRAFANA) {
    await page.goto(`http://127.0.0.1:${values.grafana}/d/${uidOf(name)}?from=now-${RANGE_FOR_PICTURES}&to=now&kiosk`);
    await page.locator('section canvas').nth(2).waitFor({ timeout: DRAWN_WITHIN_MS });
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: join(OUT, `${name}-grafana.png`) });
  }
}
await browser.close();

function uidOf(name: string): string {
  return `dkm-${name}`;
}

async function logIn(on: Page, base: string, nameField: string): Promise<void> {
  await on.goto(`${base}/login`);
  await on.fill(`input${nameField}`, 'admin');
  await on.fill('input[type=password]', password);
  await on.click('button[type=submit]');
  await on.waitForURL((url) => !url.pathname.includes('login'), { timeout: DRAWN_WITHIN_MS });
}
