import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readBundle } from '../../src/contract/bundle.ts';
import type { Series } from '../helpers/graphite.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

const bundle = inject('firstChoiceBundle');
const hasGrafana = bundle !== '' && (await readBundle(bundle)).components.some(({ name }) => name === 'grafana');
if (!hasGrafana) {
  console.log(
    'Skipped: Grafana: its download site cannot be reached here; set DKM_TEST_ARTIFACTS to a folder with go-carbon, carbonapi and grafana to run it.',
  );
}

describe.skipIf(!hasGrafana)('Grafana', () => {
  const root = workDirectory('grafana');
  let target: Installation;
  const ask = (path: string, password?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${target.port}${path}`, {
      ...init,
      headers: { 'Content-Type': 'application/json', ...(password !== undefined && { Authorization: `Basic ${btoa(`admin:${password}`)}` }) },
    });
  const password = (): string => target.read('conf/secrets/admin-password').trim();

  beforeAll(async () => {
    target = await install(bundle, root, '--hostname', 'probe.example.org', '--listen', '127.0.0.1', '--carbon-listen', '127.0.0.1');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  it('lets in with the generated password and with nothing else', async () => {
    expect((await ask('/api/org')).status).toBe(401);
    expect((await ask('/api/org', 'admin')).status).toBe(401);
    expect((await ask('/api/org', password())).status).toBe(200);
    const signUp = await ask('/api/user/signup', undefined, { method: 'POST', body: '{"email":"x@example.org"}' });
    expect(signUp.status).toBeGreaterThanOrEqual(400);
  });

  it('has its Graphite source, by proxy, and answers through it', async () => {
    const sources = (await (await ask('/api/datasources', password())).json()) as { uid: string; type: string; access: string; isDefault: boolean }[];
    expect(sources).toMatchObject([{ type: 'graphite', access: 'proxy', isDefault: true }]);
    const path = `/api/datasources/proxy/uid/${sources[0]!.uid}/render?format=json&from=-10min&target=collectd.org.example.probe.load.load.shortterm`;
    await eventually(
      "this host's load, through Grafana",
      async () => {
        const series = (await (await ask(path, password())).json()) as Series[];
        return series.some(({ datapoints }) => datapoints.some(([value]) => value !== null));
      },
      60_000,
    );
  });

  it('opens with the dashboard of this host', async () => {
    const home = (await (await ask('/api/dashboards/home', password())).json()) as { dashboard: { panels: unknown[]; title: string } };
    expect(home.dashboard.panels.length).toBeGreaterThan(4);
  });
});
