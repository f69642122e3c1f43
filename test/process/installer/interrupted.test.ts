import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAKE_COMPONENTS, makeFakeBundle } from '../../helpers/fake-bundle.ts';
import { freePorts } from '../../helpers/ports.ts';
import { runInstaller, spawnInstaller, treeOf } from '../../helpers/run-installer.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';
import { removeTree, workDirectory } from '../../helpers/work-directory.ts';

let bundle: string;
let port: string;
/** What an installation that nothing interrupted looks like. */
let reference: string[];
let stepCount: number;
const MOST_ATTEMPTS = 5;

beforeAll(async () => {
  bundle = workDirectory('bundle');
  await makeFakeBundle(bundle);
  port = String(await freePorts());
  const root = join(dirname(bundle), 'reference');
  await runInstaller(bundle, ['-d', root, '-p', port]);
  reference = treeOf(root);
  stepCount = journalOf(root).filter((line) => line.includes('"step"')).length - 1;
  expect(stepCount).toBeGreaterThan(30);
});
afterAll(() => removeTree(bundle));

function journalOf(root: string): string[] {
  const path = join(root, 'run/install.journal');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

/** Kills an installer as soon as its journal is as it is waited for; looks without a pause, as a step takes milliseconds only. True when it had not ended by itself. */
async function killWhen(reached: (journal: string[]) => boolean, child: ChildProcess, root: string): Promise<boolean> {
  const closed = once(child, 'close');
  for (let looks = 1; child.exitCode === null && !reached(journalOf(root)); looks += 1) {
    if (looks % 50 === 0) await new Promise(setImmediate); // lets the end of the process be noticed
  }
  child.kill('SIGKILL');
  await closed;
  return child.signalCode === 'SIGKILL' && journalOf(root).at(-1)?.includes('"done"') !== true;
}

/** Installs into a new directory and kills the installer after so many records. An installer that ended first is no case of it: then once more. */
async function killedAfter(lines: number): Promise<string> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const root = join(temporaryDirectory(), 'dkm');
    if (await killWhen((journal) => journal.length >= lines, spawnInstaller(bundle, ['-d', root, '-p', port]), root)) return root;
  }
  throw new Error(`${MOST_ATTEMPTS} installers ended before they could be killed after ${lines} records`);
}

describe('an installer that is killed', () => {
  it.each([1, 8, 20, 28, 32, 36])('after record %i is completed by the next one', async (lines) => {
    const root = await killedAfter(lines);
    const killedAt = journalOf(root).length;
    const again = await runInstaller(bundle, ['-d', root, '-p', port]);
    expect(again, `killed after ${killedAt} records: ${again.stderr}`).toMatchObject({ code: 0 });
    expect(treeOf(root)).toEqual(reference);
    expect(journalOf(root).at(-1)).toContain('done');
  });

  it('after each of its steps, one after the other in one directory, ends in the same installation', { timeout: 600_000 }, async () => {
    let root = join(temporaryDirectory(), 'dkm');
    let kills = 0;
    for (let step = 0; step <= stepCount; step += 1) {
      // Each goes through the steps from the first on and adds its records to those of the one before.
      const before = Math.max(journalOf(root).length, 1);
      const killed = await killWhen((journal) => journal.length > before + step, spawnInstaller(bundle, ['-d', root, '-p', port]), root);
      expect(journalOf(root)[0]).toContain('"begin"');
      if (killed) {
        kills += 1;
        continue;
      }
      expect(treeOf(root)).toEqual(reference);
      root = join(temporaryDirectory(), 'dkm'); // nothing is left to interrupt in the one that is complete
    }
    expect(kills, `real kills, of ${stepCount + 1}`).toBeGreaterThan(stepCount / 2);
    const again = await runInstaller(bundle, ['-d', root, '-p', port]);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(treeOf(root)).toEqual(reference);
  });

  it.each([1, 12, 25])('after record %i makes room for an installation with other answers', async (lines) => {
    const root = await killedAfter(lines);
    const other = await runInstaller(bundle, ['-d', root, '-p', port, '-t', 'agent', '--carbon-server', 'monitor']);
    expect(other, other.stderr).toMatchObject({ code: 0 });
    expect(treeOf(root).filter((entry) => /store\/|dashboards|whisper/.test(entry) && !entry.startsWith('versions/'))).toEqual([]);
  });

  it('while it writes a record, a secret or a link leaves nothing behind that the next one minds', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    await runInstaller(bundle, ['-d', root, '-p', port]);
    const journal = join(root, 'run/install.journal');
    writeFileSync(journal, `${journalOf(root).slice(0, 20).join('\n')}\n{"record":"st`);
    writeFileSync(join(root, 'conf/secrets/session-key.0badcafe.tmp'), 'part');
    writeFileSync(join(root, 'run/generated.json.0badcafe.tmp'), 'part');
    writeFileSync(join(root, 'bin/dkm.new'), '');
    mkdirSync(join(root, '.dkm-removed-12345678'));
    const again = await runInstaller(bundle, ['-d', root, '-p', port]);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(treeOf(root)).toEqual(reference);
    expect(journalOf(root).at(-1)).toContain('done');
  });
});

describe('an installer that fails', () => {
  const conflict = FAKE_COMPONENTS.map((component, index) =>
    index === 0 ? { ...component, manifest: `links = { "storage/whisper" = "current/components/store/share" }\n${component.manifest}` } : component,
  );

  it('takes everything away that it made, with the directories above', async () => {
    const folder = temporaryDirectory();
    await makeFakeBundle(join(folder, 'bundle'), { components: conflict });
    const finished = await runInstaller(join(folder, 'bundle'), ['-d', join(folder, 'a/b/dkm'), '-p', port]);
    expect(finished).toMatchObject({ code: 1, stderr: expect.stringContaining('storage/whisper') as string });
    expect(readdirSync(folder)).toEqual(['bundle']);
  });

  it('leaves a directory that was there, and what others put into it', async () => {
    const folder = temporaryDirectory();
    await makeFakeBundle(join(folder, 'bundle'), { components: conflict });
    const root = join(folder, 'dkm');
    mkdirSync(join(root, 'lost+found'), { recursive: true });
    expect(await runInstaller(join(folder, 'bundle'), ['-d', root, '-p', port])).toMatchObject({ code: 1 });
    expect(readdirSync(root)).toEqual(['lost+found']);
    const good = await runInstaller(bundle, ['-d', root, '-p', port]);
    expect(good, good.stderr).toMatchObject({ code: 0 });
  });
});

describe('an installer that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s takes itself away', async (signal) => {
    const folder = temporaryDirectory();
    const files = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`many/${index % 60}/${index}`, 'x']));
    const [store, ...others] = FAKE_COMPONENTS;
    await makeFakeBundle(join(folder, 'bundle'), { components: [{ ...store!, files: { ...store!.files, ...files } }, ...others] });
    const root = join(folder, 'dkm');
    const child = spawnInstaller(join(folder, 'bundle'), ['-d', root, '-p', port]);
    let stderr = '';
    child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
    const closed = once(child, 'close');
    await eventually('the first of many files', () => existsSync(join(root, 'versions/1.0.0/components/store/many')));
    child.kill(signal);
    expect(await closed).toEqual([1, null]);
    expect(stderr).toContain('interrupted');
    expect(readdirSync(folder)).toEqual(['bundle']);
  });
});

describe('two installers at once', () => {
  it('make one installation; the other waits for nothing and says so', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    const all = await Promise.all(Array.from({ length: 3 }, () => runInstaller(bundle, ['-d', root, '-p', port])));
    expect(all.some(({ code, stdout }) => code === 0 && stdout.includes('is installed in'))).toBe(true);
    for (const { code, stderr } of all) if (code !== 0) expect(stderr).toMatch(/Another process is at work here: an installer \(process \d+\)/);
    expect(treeOf(root)).toEqual(reference);
  });

  it('with different answers make one of the two installations, not a mixture', async () => {
    const root = join(temporaryDirectory(), 'dkm');
    const answers = [
      ['-t', 'all'],
      ['-t', 'agent', '--carbon-server', 'monitor'],
    ];
    const [all, agent] = await Promise.all(answers.map((more) => runInstaller(bundle, ['-d', root, '-p', port, ...more])));
    expect([all!.code, agent!.code].filter((code) => code === 0)).toHaveLength(1);
    expect(readFileSync(join(root, 'conf/dkm.toml'), 'utf8')).toContain(`type = "${all!.code === 0 ? 'all' : 'agent'}"`);
    expect(readFileSync(join(root, 'conf/collectd.conf'), 'utf8')).toContain(`Server "${all!.code === 0 ? '127.0.0.1' : 'monitor'}"`);
    expect(existsSync(join(root, 'conf/store'))).toBe(all!.code === 0);
  });
});
