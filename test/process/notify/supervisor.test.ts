import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fakeInstallation, type FakeInstallation } from '../../helpers/fake-installation.ts';
import { eventually } from '../../helpers/wait.ts';
import { Receiver } from './receiver.ts';

const RULES = '[rules]\nfailures = 1\nof = 1\ndigest_within_s = 0\n';

/** A hook, and a command that adds to a file what it is told. */
const channels = (url: string): string => `
[[channels]]
name = "hook"
kind = "webhook"
url = "${url}"
promises = ["answers"]

[[channels]]
name = "script"
kind = "command"
command = ["sh", "-c", "echo $DKM_EVENT $DKM_PROMISE >> told"]
promises = ["answers"]
`;

function configure({ layout, port }: FakeInstallation, notify: string): void {
  mkdirSync(layout.promises, { recursive: true });
  writeFileSync(join(layout.promises, 'answers.toml'), `title = "The store answers"\nkind = "tcp"\n[settings]\nhost = "127.0.0.1"\nport = ${port + 1}\n`);
  writeFileSync(layout.notifySettings, notify);
}

it('a promise about a part of dkm reaches people while that part is down, and across supervisors', async () => {
  const receiver = await new Receiver().here();
  const target = await fakeInstallation();
  const told = (): string => (existsSync(join(target.layout.root, 'told')) ? readFileSync(join(target.layout.root, 'told'), 'utf8') : '');
  configure(target, `${RULES}${channels(receiver.url)}`);
  const started = await target.dkm('start');
  expect([started.code, started.stderr]).toEqual([0, '']);
  expect((await target.dkm('check', 'answers')).code).toBe(0);
  await target.dkm('stop', 'store');
  expect((await target.dkm('check', 'answers')).code).toBe(1);
  await eventually('both are told', () => receiver.received.length === 1 && told() === 'failed answers\n');
  // A message that a kill keeps from being ticked off is sent twice rather than never: this is about those that were.
  await eventually('both are ticked off', () =>
    readdirSync(join(target.layout.notify, 'spool'), { recursive: true }).every((name) => !String(name).endsWith('.json')),
  );
  expect(receiver.messages[0]).toMatchObject({ event: 'failed', host: 'host.example.org', promises: [{ id: 'answers', title: 'The store answers' }] });

  // A supervisor that is killed: the one after it tells nothing again, but the recovery.
  process.kill(target.status().pid, 'SIGKILL');
  expect((await target.dkm('start', 'web')).code).toBe(0);
  expect((await target.dkm('check', 'answers')).code).toBe(1);
  expect((await target.dkm('start')).code).toBe(0);
  expect((await target.dkm('check', 'answers')).code).toBe(0);
  await eventually('the recovery is told', () => receiver.received.length === 2 && told().includes('recovered'));
  expect(told()).toBe('failed answers\nrecovered answers\n');
  expect(receiver.messages.map(({ event }) => event)).toEqual(['failed', 'recovered']);
  await eventually('the status says so', async () => /^hook +webhook +\d+ s ago +0 +0 +0 +-$/m.test((await target.dkm('notify', 'status')).stdout));
});

it('a fault in conf/notify.toml keeps nothing from starting, and is told', async () => {
  const target = await fakeInstallation();
  configure(target, 'speed = 1\n');
  const started = await target.dkm('start');
  expect([started.code, started.stderr]).toEqual([0, expect.stringContaining('conf/notify.toml: speed: unknown key')]);
  expect((await target.dkm('reload')).code).toBe(1);
});
