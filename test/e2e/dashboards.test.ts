import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBundle } from '../../src/contract/bundle.ts';
import { portsFrom } from '../../src/contract/ports.ts';
import { DASHBOARDS } from '../../src/dashboards/dashboards.ts';
import { askedOf, installedDashboards, namesAsked, type Asked } from '../helpers/dashboard-targets.ts';
import { documentedMetrics, storedMetrics, type DocumentedMetric } from '../helpers/documented-metrics.ts';
import { lines, now, sendTcp, type Series } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { apiNodeSeries, dssSeries, hostSeries } from '../helpers/simulated-series.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';
import { launchChromium, withoutChromium } from './chromium.ts';

/*
 * Every panel of every dashboard that comes with dkm, as installed: what it asks is asked of the real query service, of
 * a store that a real collectd fills, and we, for instances of DSS and other hosts. Then the pages, in the console and in
 * Grafana, in a real browser.
 */

const BUNDLES = [
  { name: 'carbon-cache, graphite-web and the console', bundle: inject('fallbackBundle'), skip: '' },
  { name: 'go-carbon, carbonapi and what shows them', bundle: inject('firstChoiceBundle'), skip: inject('withoutFirstChoice') },
];

const OTHER_HOST = 'org.example.rack.other';
const INSTANCE = 'dataiku.dss.design';
const OLD_INSTANCE = 'dss.org.example.dss0.11200';
const API_NODE = 'dataiku.dss.api0';
/** What the store says of itself comes once a minute, and a rate takes two of them. */
const WITHIN_MS = 300_000;
/** What this installation says of itself and its host, and not what we send. */
const OWN_METRICS = /^(carbon|dkm)\.|^collectd\.org\.example\.probe\./;

describe.each(BUNDLES)('$name', ({ name, bundle, skip }) => {
  if (skip !== '') console.log(`Skipped: dashboards with ${name}: ${skip}.`);

  describe.skipIf(skip !== '')('', () => {
    const root = workDirectory('dashboards');
    let target: Installation;
    let feeding: NodeJS.Timeout;
    let hasGrafana = false;

    beforeAll(async () => {
      hasGrafana = (await readBundle(bundle)).components.some((component) => component.name === 'grafana');
      target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
      await startAll(target);
      await feed();
      feeding = setInterval(() => void feed(), 10_000);
    });
    afterAll(async () => {
      clearInterval(feeding);
      await target?.stop();
      removeTree(root);
    });

    async function feed(): Promise<void> {
      const time = now();
      const points = [
        ...hostSeries(`collectd.${OTHER_HOST}`, time),
        ...hostSeries('collectd.single', time),
        ...dssSeries(INSTANCE, time),
        ...dssSeries(OLD_INSTANCE, time, { isOld: true }),
        ...apiNodeSeries(API_NODE, time),
      ];
      await sendTcp(target.port + 1, lines(points)).catch(() => undefined); // while it is being stopped
    }

    const chosenFor = (uid: string): Record<string, string[]> => ({ instance: [uid === 'dkm-api-nodes' ? API_NODE : INSTANCE] });

    it('every dashboard is there', () => {
      expect(installedDashboards(target.layout.conf)).toHaveLength(Object.keys(DASHBOARDS).length);
    });

    it('every panel has points', async () => {
      const dashboards = installedDashboards(target.layout.conf);
      const asked = dashboards.flatMap((dashboard) => askedOf(dashboard, chosenFor(dashboard.uid)));
      expect(asked.length).toBeGreaterThan(100);
      // A machine may have neither disks nor interfaces; then the panel says so, and shows those of another host.
      const mayBeEmpty = asked.filter(({ panel, nothing }) => nothing !== '' && /^(Disks|Network)/.test(panel));
      await eventually(
        'every panel has points',
        async () =>
          (
            await without(
              target.port + 2,
              asked.filter((one) => !mayBeEmpty.includes(one)),
            )
          ).length === 0,
        WITHIN_MS,
      ).catch(async () =>
        expect(
          await without(
            target.port + 2,
            asked.filter((one) => !mayBeEmpty.includes(one)),
          ),
        ).toEqual([]),
      );
      const elsewhere = dashboards.flatMap((dashboard) => askedOf(dashboard, { ...chosenFor(dashboard.uid), host: [OTHER_HOST] }));
      const ofDisks = elsewhere.filter(({ panel, nothing }) => nothing !== '' && /^(Disks|Network)/.test(panel));
      expect(await without(target.port + 2, ofDisks)).toEqual([]);
    });

    it('every metric that is stored stands in docs/metrics.md, and the other way round', { timeout: 200_000 }, async () => {
      const providers = (await readBundle(bundle)).components.map((component) => component.name);
      const rows = documentedMetrics(readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8'), ['org.example.probe']);
      const stored = (): string[] => storedMetrics(target.layout.storage).filter((metric) => OWN_METRICS.test(metric));
      const isHere = ({ section }: DocumentedMetric): boolean =>
        ['go-carbon', 'carbonapi', 'carbon-cache'].every((name) => !section.includes(name) || providers.includes(name));
      const always = rows.filter((row) => row.only === '' && isHere(row));
      expect(always.length).toBeGreaterThan(20);
      const missing = (): string[] => {
        const present = stored();
        return always.filter(({ pattern }) => !present.some((metric) => pattern.test(metric))).map(({ name }) => name);
      };
      // What is sent once a minute, or is a difference of two, comes later; what never does is shown below.
      await eventually('all of them are there', () => missing().length === 0, 150_000).catch(() => undefined);
      expect(missing()).toEqual([]);
      expect(stored().filter((metric) => !rows.some(({ pattern }) => pattern.test(metric)))).toEqual([]);
    });

    it('an instance with the names of an old collectd has them, too', async () => {
      const system = installedDashboards(target.layout.conf).find(({ uid }) => uid === 'dkm-dss-system')!;
      expect(await without(target.port + 2, askedOf(system, { instance: [OLD_INSTANCE] }))).toEqual([]);
    });

    it('the choices are the hosts and instances there are', async () => {
      const choices = async (uid: string): Promise<string[]> => {
        const [variable] = namesAsked(installedDashboards(target.layout.conf).find((dashboard) => dashboard.uid === uid)!);
        return (await ask(target.port + 2, variable!.target)).map((series) => series.target);
      };
      expect(await choices('dkm-this-host')).toEqual(expect.arrayContaining(['org.example.probe', OTHER_HOST, 'single']));
      expect(await choices('dkm-dss-backend')).toEqual([INSTANCE, OLD_INSTANCE, 'none']);
      expect(new Set(await choices('dkm-dss-system'))).toEqual(new Set([INSTANCE, OLD_INSTANCE, 'none']));
      expect(await choices('dkm-api-nodes')).toEqual([API_NODE, 'none']);
      expect(await choices('dkm-itself')).toEqual(['org.example.probe']);
    });

    it('a file system is as full as df says, without what is kept for root', async () => {
      const dashboard = installedDashboards(target.layout.conf).find(({ uid }) => uid === 'dkm-this-host')!;
      const fullest = askedOf(dashboard, { host: [OTHER_HOST] }).find(({ panel }) => panel === 'Fullest file system')!;
      const [series] = await ask(target.port + 2, fullest.target);
      // 60 GB used, 20 free, 20 reserved
      expect(series!.datapoints.flatMap(([value]) => value ?? []).at(-1)).toBeCloseTo(75, 6);
    });

    describe.skipIf(withoutChromium !== '')('in a browser', () => {
      if (withoutChromium !== '') console.log(`Skipped: dashboards in a browser: ${withoutChromium}.`);
      let browser: Browser;
      beforeAll(async () => {
        browser = await launchChromium();
      });
      afterAll(() => browser?.close());
      const password = (): string => target.read('conf/secrets/admin-password').trim();

      it('the console draws all of them, and says of nothing that it cannot', async () => {
        const ports = portsFrom(target.port);
        const page = await browser.newPage({ viewport: { width: 1280, height: 6000 } });
        const base = `http://127.0.0.1:${hasGrafana ? ports.console : ports.dashboards}`;
        await page.goto(`${base}/login`);
        await page.fill('input[autocomplete=username]', 'admin');
        await page.fill('input[type=password]', password());
        await page.click('button[type=submit]');
        await page.waitForURL((url) => !url.pathname.includes('login'));
        for (const { uid, title, sections } of installedDashboards(target.layout.conf)) {
          await page.goto(`${base}/dashboards/${uid}?var-host=${uid === 'dkm-itself' ? 'org.example.probe' : OTHER_HOST}`);
          await eventually(`${title} is drawn`, async () => (await page.locator('.panel').count()) === sections.flatMap(({ panels }) => panels).length, 60_000);
          await eventually(`${title} asked for everything`, async () => (await page.locator('.panel-body:empty').count()) === 0, 60_000);
          expect(await page.locator('.panel-notes:visible').allTextContents(), title).toEqual([]);
          expect(await page.locator('.panel .problem:visible').allTextContents(), title).toEqual([]);
          expect(await page.locator('#dashboard-problem:visible').allTextContents(), title).toEqual([]);
        }
        await page.close();
      });

      it('Grafana draws all of them, with data of its own source', async (context) => {
        if (!hasGrafana) context.skip('Grafana: set DKM_TEST_ARTIFACTS to a folder that holds it, besides go-carbon and carbonapi');
        const page = await browser.newPage({ viewport: { width: 1280, height: 4000 } });
        const base = `http://127.0.0.1:${target.port}`;
        await page.goto(`${base}/login`);
        await page.fill('input[name=user]', 'admin');
        await page.fill('input[name=password]', password());
        await page.click('button[type=submit]');
        await page.waitForURL((url) => !url.pathname.includes('login'), { timeout: 120_000 });
        for (const dashboard of installedDashboards(target.layout.conf)) await looksRight(page, base, dashboard.uid);
        await page.close();
      });

      it('every panel has points through the proxy of Grafana', async (context) => {
        if (!hasGrafana) context.skip('Grafana: set DKM_TEST_ARTIFACTS to a folder that holds it, besides go-carbon and carbonapi');
        const page = await browser.newPage();
        const base = `http://127.0.0.1:${target.port}`;
        expect((await page.request.post(`${base}/login`, { data: { user: 'admin', password: password() } })).status()).toBe(200);
        const asked = installedDashboards(target.layout.conf).flatMap((dashboard) =>
          askedOf(dashboard, { ...chosenFor(dashboard.uid), ...(dashboard.uid !== 'dkm-itself' && { host: [OTHER_HOST] }) }),
        );
        // Of the other host there is less than of this one: what it does not send is asked of this one above.
        const answered = await Promise.all(
          asked.map(async ({ target: expression }) => {
            const form = { target: expression, from: '-1h', until: 'now', format: 'json' };
            const response = await page.request.post(`${base}/api/datasources/proxy/uid/graphite/render`, { form });
            return { expression, status: response.status(), series: response.ok() ? ((await response.json()) as Series[]).length : 0 };
          }),
        );
        expect(answered.filter(({ status }) => status !== 200)).toEqual([]);
        expect(answered.filter(({ series }) => series > 0).length).toBeGreaterThan(100);
        await page.close();
      });
    });
  });
});

/** Opens a dashboard in Grafana; whatever its panels asked was answered, and no panel is without data. */
async function looksRight(page: Page, base: string, uid: string): Promise<void> {
  const refused: string[] = [];
  let answered = 0;
  const note = (response: { url: () => string; status: () => number }): void => {
    if (!response.url().includes('/render')) return;
    answered += 1;
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  };
  page.on('response', note);
  await page.goto(`${base}/d/${uid}`);
  const panels = page.locator('section[data-testid*="Panel header"]');
  await panels.first().waitFor({ timeout: 120_000 });
  await eventually(`${uid} has data`, async () => answered > 0 && (await panels.filter({ hasText: /No data/ }).count()) === 0, 120_000);
  expect(refused, uid).toEqual([]);
  expect(await page.locator('[data-testid*="Panel status error"]').count(), uid).toBe(0);
  await page.screenshot({ path: join(import.meta.dirname, '../../build/screenshots', `grafana-${uid}.png`) });
  page.off('response', note);
}

/** Those of the targets that have no point in the last hour. */
async function without(port: number, asked: readonly Asked[]): Promise<Asked[]> {
  const missing: Asked[] = [];
  for (const one of asked) {
    const series = await ask(port, one.target);
    if (!series.some(({ datapoints }) => datapoints.some(([value]) => value !== null))) missing.push(one);
  }
  return missing;
}

async function ask(port: number, target: string): Promise<Series[]> {
  const body = new URLSearchParams({ target, from: '-1h', until: 'now', format: 'json', maxDataPoints: '600' });
  const response = await fetch(`http://127.0.0.1:${port}/render`, { method: 'POST', body });
  if (!response.ok) throw new Error(`${response.status} for ${target}`);
  return (await response.json()) as Series[];
}
