import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runOrThrow } from '../../src/base/exec.ts';
import { currentPlatform } from '../../src/base/platform.ts';
import { VERSION } from '../../src/base/version.ts';
import { readBundle } from '../../src/contract/bundle.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { eventually } from '../helpers/wait.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * A component is data: one TOML file and one folder of templates bring a program into the bundle, install it and have
 * it started, watched and stopped. Nothing of ours knows this one.
 */

const ROOT = join(import.meta.dirname, '..', '..');

const MANIFEST = `
name = "greeter"
title = "Greeter"
description = "Answers every request with a greeting."
homepage = "https://example.org/greeter"
version = "4.5.6"
licence = "MIT"
role = "extra"
preference = 50
default = false
directories = ["storage/greeter"]

[[sources]]
kind = "http"
url = "https://example.org/greeter-{version}.tar.gz"
archive = "tar.gz"
[sources.sha256]
${currentPlatform()} = "${'0'.repeat(64)}"

[files]
keep = ["bin/**"]
require = ["bin/greeter"]

[requires]
programs = ["python3"]

[[ports]]
name = "reserved"
listen = "loopback"
title = "greetings"

[service]
command = ["{{component}}/bin/greeter", "{{dir.conf}}/greeter/greeter.json"]
after = ["collector"]
ready = { kind = "http", url = "http://127.0.0.1:{{port.reserved}}/", contains = "greetings from" }
health = { interval_s = 0.5, timeout_s = 2, failures = 30 }
stop = { timeout_s = 5 }
`;

const TEMPLATE = `{ "port": {{port.reserved}}, "greeting": {{quote host.name}}, "pid_file": {{quote (path dir.storage "greeter/pid")}} }\n`;

const PROGRAM = `#!/usr/bin/env python3
import http.server, json, os, sys
settings = json.load(open(sys.argv[1]))
open(settings["pid_file"], "w").write(str(os.getpid()))
class Greeter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("greetings from " + settings["greeting"]).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", settings["port"]), Greeter).serve_forever()
`;

const root = workDirectory('new-component');
const work = (...names: string[]): string => join(dirname(root), ...names);
const bundle = work('dist', `dkm-${VERSION}-${currentPlatform()}`);
let target: Installation | undefined;

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

beforeAll(async () => {
  cpSync(join(ROOT, 'vendor-manifests'), work('manifests'), { recursive: true });
  cpSync(join(ROOT, 'templates'), work('templates'), { recursive: true });
  write(work('manifests', 'greeter.toml'), MANIFEST);
  write(work('templates', 'greeter', 'conf', 'greeter', 'greeter.json.hbs'), TEMPLATE);
  write(work('greeter', 'bin', 'greeter'), PROGRAM);
  write(work('greeter', 'notes.txt'), 'not kept\n');
  chmodSync(work('greeter', 'bin', 'greeter'), 0o755);
  const folders = ['--manifests', work('manifests'), '--templates', work('templates'), '--out', work('dist')];
  const without = ['go-carbon', 'carbonapi', 'grafana'].flatMap((name) => ['--without', name]);
  await runOrThrow(process.execPath, ['make-package.ts', '--skip-archive', ...folders, ...without, '--with', `greeter=${work('greeter')}`], {
    cwd: ROOT,
    timeoutMs: 300_000,
  });
});
afterAll(async () => {
  await target?.stop();
  removeTree(root);
});

it('a component of one TOML file and one template is bundled, installed, started, watched and stopped', async () => {
  const bundled = (await readBundle(bundle)).components.find(({ name }) => name === 'greeter');
  expect(bundled).toMatchObject({ version: '4.5.6', role: 'extra', source: 'local', verified: 'local', files: 1 });

  target = await install(bundle, root, '-t', 'agent', '--carbon-server', '127.0.0.1:9', '--hostname', 'new.example.org');
  expect(JSON.parse(target.read('conf/greeter/greeter.json'))).toEqual({
    port: target.port + 9,
    greeting: 'new.example.org',
    pid_file: join(root, 'storage/greeter/pid'),
  });
  await startAll(target);
  expect((await target.dkm('status', 'greeter')).stdout).toMatch(/greeter\s+extra\s+RUNNING\s+healthy/);
  expect(await (await fetch(`http://127.0.0.1:${target.port + 9}/`)).text()).toBe('greetings from new.example.org');
  const pid = Number(readFileSync(join(root, 'storage/greeter/pid'), 'utf8'));
  expect(JSON.parse((await target.dkm('status', '--json', 'greeter')).stdout)).toMatchObject({ services: [{ name: 'greeter', pid }] });

  const becomes = (health: RegExp): Promise<unknown> =>
    eventually(`it is ${health.source}`, async () => health.test((await target!.dkm('status', 'greeter')).stdout), 60_000);
  process.kill(pid, 'SIGSTOP'); // it answers no more
  await becomes(/\bunhealthy\b/);
  process.kill(pid, 'SIGCONT');
  await becomes(/RUNNING\s+healthy\b/);

  expect(await target.dkm('stop', 'greeter')).toMatchObject({ code: 0 });
  expect((await target.dkm('status', 'greeter')).stdout).toMatch(/greeter\s+extra\s+STOPPED/);
  await expect(fetch(`http://127.0.0.1:${target.port + 9}/`)).rejects.toThrow();
});
