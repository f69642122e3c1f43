import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { tokensFile } from '../../../src/console/accounts/account-files.ts';
import { PACKAGES_WITHIN_MS, pythonPackages, type PythonPackages } from '../../helpers/python-packages.ts';
import { SERVICES, startConsole, statusOf, type ConsoleProcess } from './console-process.ts';
import { PROMISES, promiseOf } from './promises-scene.ts';

/* The API asked by schemathesis, which makes requests up from the API's own document; /metrics read by Prometheus's own readers. */

const PACKAGES = ['schemathesis==4.32.5', 'prometheus_client==0.26.0'];
const WHY = `${PACKAGES.join(' and ')} cannot be had here: python3 with pip, and a network or a pip mirror, enable it`;
const TOKEN = `dkm_${'T'.repeat(43)}`;

/** A dkm that answers as the real one does, and does nothing. */
const DKM = `#!/bin/sh
case $1 in
check) echo '{"schema":1,"ok":false,"promises":[{"id":"odd","title":"t","severity":"warning","state":"failed","message":"no","startedAtMs":1,"executionTimeMs":2}],"faults":[]}'; exit 1;;
*) echo '{"schema":1,"supervisor":true,"services":[{"service":"collectd","ok":true,"state":"RUNNING","message":"ready","logTail":""}]}';;
esac
`;

let running: ConsoleProcess;
let python: PythonPackages | undefined;
beforeAll(async () => {
  python = await pythonPackages('api-clients-1', PACKAGES);
  running = await startConsole('http://127.0.0.1:1');
  const layout = layoutOf(running.directory);
  for (const directory of [layout.bin, layout.current, layout.storage, layout.notify, dirname(tokensFile(layout))]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(layout.bin, 'dkm'), DKM, { mode: 0o755 });
  writeFileSync(
    join(layout.current, 'bundle.json'),
    JSON.stringify({ schema: 1, name: 'dkm', version: '1', platform: 'linux-x64', components: [], missing: [], files: {} }),
  );
  const digest = createHash('sha256').update(TOKEN).digest('hex');
  writeFileSync(tokensFile(layout), `[[token]]\nname = "t"\nrole = "operator"\ntoken_sha256 = "${digest}"\ncreated = "2026-01-01T00:00:00Z"\n`);
  const { pid, pidStartTime, bootId } = statusOf(SERVICES);
  const odd = promiseOf({ id: 'odd', title: '"\\\n', state: 'failed', acknowledged: { by: 'a', comment: '', sinceMs: 1, untilMs: 2 } });
  running.writePromises({ schema: 1, pid, pidStartTime, bootId, promises: [...PROMISES, odd, promiseOf({ id: '"\\ é{}', state: 'no-data', sinceMs: null })] });
  const channel = { name: 'mail', kind: 'email', lastSuccessMs: 1, lastError: null, waiting: 2, nextAttemptMs: null, dropped: 0, givenUp: 0 };
  writeFileSync(join(layout.notify, 'status.json'), JSON.stringify({ schema: 1, channels: [channel], heartbeat: null }));
}, PACKAGES_WITHIN_MS);
afterAll(async () => {
  await running.stop();
});

const authorization = `Bearer ${TOKEN}`;

it('schemathesis finds nothing that the document does not say', async ({ skip }) => {
  if (python === undefined) return skip(WHY);
  // What the query service answers is not ours: those routes have tests of their own.
  const { code, stdout } = await python.tool('schemathesis', [
    'run',
    `${running.url}/api/v1/openapi.json`,
    '--header',
    `Authorization: ${authorization}`,
    '--exclude-path-regex',
    '^/api/(find|search|render|instances)',
    ...['--max-examples', '8', '--max-time', '20', '--rate-limit', '90/s', '--generation-deterministic'],
    ...['--no-color', '--warnings', 'off', '--continue-on-failure'],
  ], running.directory); // prettier-ignore
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/Tested:\s+15/);
  expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  expect(running.log()).not.toMatch(/^\S+ error:/m);
});

describe('/metrics', () => {
  const metrics = (accept: string): Promise<Response> => fetch(`${running.url}/metrics`, { headers: { authorization, accept } });

  it('is for those who may look', async () => {
    const response = await fetch(`${running.url}/metrics`);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="metrics", charset="UTF-8"']);
    await response.text();
  });

  it.for([
    ['text/plain', 'prometheus_client.parser', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text', 'prometheus_client.openmetrics.parser', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ] as const)('is read by the reader of %s', async ([accept, module, type], { skip }) => {
    if (python === undefined) return skip(WHY);
    const response = await metrics(accept);
    expect(response.headers.get('content-type')).toBe(type);
    const file = join(running.directory, 'metrics.txt');
    writeFileSync(file, await response.text());
    const script = `
import importlib, json, sys
families = importlib.import_module(sys.argv[2]).text_string_to_metric_families(open(sys.argv[1], encoding='utf-8', newline='').read())
print(json.dumps([[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]))`;
    const samples = await python.evaluate<[string, Record<string, string>, number][]>(script, [file, module]);
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      samples.find(([known, told]) => known === name && Object.entries(labels).every(([key, text]) => told[key] === text))?.[2];
    expect(value('dkm_supervisor_up')).toBe(1);
    expect(value('dkm_service_up', { service: 'collectd' })).toBe(1);
    expect(value('dkm_service_memory_bytes', { service: 'collectd' })).toBeGreaterThan(1e6);
    expect(value('dkm_promise_state', { id: '"\\ é{}', state: 'no-data' })).toBe(1);
    expect(value('dkm_promises', { state: 'failed' })).toBe(1);
    expect(value('dkm_promise_acknowledged', { id: 'odd' })).toBe(1);
    expect(value('dkm_notifications_waiting', { channel: 'mail' })).toBe(2);
    expect(value('dkm_storage_free_bytes')).toBeGreaterThan(0);
    expect(value('dkm_console_http_requests_total', { part: 'healthz', code: '200' })).toBeGreaterThan(0);
    expect(value('dkm_console_http_request_duration_seconds_count', { part: 'healthz' })).toBeGreaterThan(0);
  });

  it('has nothing that promtool finds fault with', async ({ skip }) => {
    skip(spawnSync('promtool', ['--version']).error !== undefined, "promtool is not here: Debian's package prometheus enables it");
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await (await metrics('text/plain')).text(), encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('tells nothing of services that nobody watches', async () => {
    running.writeStatus(statusOf(SERVICES, { pid: 2 ** 22 + 1, pidStartTime: '1' }));
    const text = await (await metrics('text/plain')).text();
    expect(text).toContain('dkm_supervisor_up 0\n');
    expect(text).not.toContain('dkm_service_');
  });
});
