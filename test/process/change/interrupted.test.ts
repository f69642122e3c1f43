import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { carryOut, type Change } from '../../../src/change/transaction.ts';
import { CHANGE_STEPS, RETURN_STEPS } from '../../../src/contract/change-journal.ts';
import { AS_WHO_I_AM } from '../../helpers/installation.ts';
import { runInstaller } from '../../helpers/run-installer.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { imageOf, lines, statesOf, updatable, type Updatable } from '../../helpers/update-bundles.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'src', 'main.ts');

function begin(...words: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...words], { stdio: 'ignore' });
}

const updating = (target: Updatable): ChildProcess =>
  begin('installer', '--bundle', target.v2, '-d', target.layout.root, '-u', '--watch', '60', ...AS_WHO_I_AM);

const journalOf = ({ layout }: Updatable): string => (existsSync(layout.changeJournal) ? readFileSync(layout.changeJournal, 'utf8') : '');

/** Kills a process as soon as the journal is as it is waited for; looks without a pause, as steps take milliseconds only. True when it had not ended by itself. */
async function killWhen(child: ChildProcess, reached: () => boolean): Promise<boolean> {
  const closed = once(child, 'close');
  for (let looks = 1; child.exitCode === null && !reached(); looks += 1) {
    if (looks % 50 === 0) await new Promise(setImmediate); // lets the end of the process be noticed
  }
  child.kill('SIGKILL');
  await closed;
  return child.signalCode === 'SIGKILL';
}

/** What an installation is, but for the lines that a version adds to its database whenever it starts. */
function stateOf(target: Updatable): Record<string, string> {
  return { ...imageOf(target.layout.root), 'storage/page/page.db': target.read('storage/page/page.db').replaceAll('opened by 1.0.0\n', '') };
}

const V1_RUNS = { store: 'RUNNING 1.0.0', page: 'RUNNING 1.0.0' };

describe('an update that is killed', () => {
  it('at any of its steps is taken back by the next dkm command or installer', { timeout: 600_000 }, async () => {
    const target = await updatable();
    target.write('conf/store/store.conf', lines({ 2: 'key2 = mine' }));
    const before = stateOf(target);
    for (const [index, step] of CHANGE_STEPS.entries()) {
      expect(await killWhen(updating(target), () => journalOf(target).includes(`"step":"${step}"`)), step).toBe(true);
      const told = await target.dkm('status');
      expect(told.stdout, step).toContain('An update from dkm 1.0.0 to 2.0.0 was interrupted');
      const recovery = index % 2 === 0 ? await target.dkm('start') : await target.update(target.v1);
      expect(recovery, `${step}: ${recovery.stdout}${recovery.stderr}`).toMatchObject({ code: 0 });
      expect(recovery.stderr, step).toContain('It was taken back');
      expect(stateOf(target), step).toEqual(before);
      expect(await statesOf(target), step).toEqual(V1_RUNS);
      expect(existsSync(target.layout.changeJournal)).toBe(false);
    }
  });

  it('and whose taking back is killed at any of its steps, time and again, is taken back in the end', { timeout: 600_000 }, async () => {
    const target = await updatable();
    const before = stateOf(target);
    expect(await killWhen(updating(target), () => journalOf(target).includes('"step":"watch"'))).toBe(true);
    for (const step of RETURN_STEPS) {
      const seen = count(journalOf(target), step);
      const child = begin('dkm', '-d', target.layout.root, 'start');
      expect(await killWhen(child, () => count(journalOf(target), step) > seen), step).toBe(true);
    }
    const recovery = await target.dkm('start');
    expect(recovery, recovery.stdout + recovery.stderr).toMatchObject({ code: 0 });
    expect(stateOf(target)).toEqual(before);
    expect(await statesOf(target)).toEqual(V1_RUNS);
  });

  it('once it is done has only to be tidied up after', async () => {
    const target = await updatable({ start: false });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
    const record = { record: 'begin', schema: 1, at: '', kind: 'update', from: place('1.0.0'), to: place('2.0.0'), places: true, makes: [], ran: [], keep: 1 };
    writeFileSync(target.layout.changeJournal, `${JSON.stringify(record)}\n{"record":"end","at":"","result":"done"}\n{"rec`);
    expect(await target.update(target.v2)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to update') as string });
    expect(readdirSync(target.layout.versions)).toEqual(['2.0.0']);
    expect(existsSync(target.layout.changeJournal)).toBe(false);
  });
});

describe('taking back that fails', () => {
  it('says so, keeps what it needs, and succeeds once what is in the way is gone', async () => {
    const target = await updatable();
    const before = stateOf(target);
    expect(await killWhen(updating(target), () => journalOf(target).includes('"step":"watch"'))).toBe(true);
    const path = join(target.layout.versions, 'change.snapshot', 'snapshot.json');
    const snapshot = readFileSync(path, 'utf8');
    writeFileSync(path, '{}');
    const stuck = await target.dkm('start');
    expect(stuck).toMatchObject({ code: 1 });
    expect(stuck.stderr).toContain('It could not be taken back');
    expect(stuck.stderr).toContain('change.snapshot');
    expect(existsSync(target.layout.changeJournal)).toBe(true);
    writeFileSync(path, snapshot);
    expect(await target.dkm('start')).toMatchObject({ code: 0 });
    expect(stateOf(target)).toEqual(before);
  });

  it('meets a journal that names something outside', async () => {
    const target = await updatable({ start: false });
    mkdirSync(join(target.folder, 'precious'));
    const record = {
      record: 'begin',
      schema: 1,
      at: '',
      kind: 'update',
      from: place('1.0.0'),
      to: place('2.0.0'),
      places: true,
      makes: ['../precious'],
      ran: [],
      keep: 2,
    };
    for (const wrong of [record, { ...record, makes: [], to: { version: '2.0.0', folder: '..' } }]) {
      writeFileSync(target.layout.changeJournal, `${JSON.stringify(wrong)}\n`);
      expect(await target.dkm('start')).toMatchObject({ code: 1, stderr: expect.stringContaining('change.journal line 1') as string });
      expect(existsSync(join(target.folder, 'precious'))).toBe(true);
    }
  });
});

describe('an interrupted update', () => {
  const begun = { record: 'begin', schema: 1, at: '', kind: 'update', from: place('1.0.0'), to: place('2.0.0'), places: true, makes: [], ran: [], keep: 2 };

  it('is taken back before a command changes anything', async () => {
    const target = await updatable({ start: false });
    for (const words of [
      ['config', 'set', 'services.page.autostart', 'false'],
      ['retention', 'apply'],
    ]) {
      writeFileSync(target.layout.changeJournal, `${JSON.stringify(begun)}\n`);
      expect((await target.dkm(...words)).stderr, words.join(' ')).toContain('It was taken back');
      expect(existsSync(target.layout.changeJournal), words.join(' ')).toBe(false);
    }
    expect(target.read('conf/dkm.toml')).toContain('autostart = false');
  });

  it('is not called taken back without what it would be taken back by', async () => {
    const target = await updatable({ start: false });
    const journal = `${JSON.stringify(begun)}\n${JSON.stringify({ record: 'step', at: '', step: 'stop' })}\n`;
    writeFileSync(target.layout.changeJournal, journal);
    expect(await target.dkm('stop')).toMatchObject({ code: 1, stderr: expect.stringContaining('snapshot.json') as string });
    expect(target.read('run/change.journal')).toContain('"step":"stop"');
  });

  it('of somebody else is not touched by root', async ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only root can give a directory to somebody else; run as root');
    const target = await updatable({ start: false });
    writeFileSync(target.layout.changeJournal, `${JSON.stringify(begun)}\n`);
    chownSync(target.layout.root, 65_534, 65_534);
    const refused = await target.update(target.v2);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('belongs to another user') as string });
    expect(existsSync(target.layout.changeJournal)).toBe(true);
    rmSync(target.layout.changeJournal);
    expect(await target.update(target.v2)).toMatchObject({ code: 4, stderr: expect.stringContaining('belongs to another user') as string });
    expect(readdirSync(target.layout.run).filter((name) => name.startsWith('install.lock.'))).toHaveLength(1);
  });

  it('that another one was begun after is not written over', async () => {
    const layout = layoutOf(temporaryDirectory());
    mkdirSync(layout.run);
    writeFileSync(layout.changeJournal, `${JSON.stringify(begun)}\n`);
    await expect(carryOut({ layout } as Change)).rejects.toThrow('was begun meanwhile');
    expect(readFileSync(layout.changeJournal, 'utf8')).toBe(`${JSON.stringify(begun)}\n`);
  });
});

describe('an interrupted restore', () => {
  it('is left to dkm by the installer, which changes nothing', async () => {
    const target = await updatable({ start: false });
    const begun = { record: 'begin', schema: 1, at: '', file: 'backup.tar.gz', staging: 'restore-staging', kept: 'restore-kept-20260101T000000Z', ran: [] };
    writeFileSync(target.layout.restoreJournal, `${JSON.stringify(begun)}\n`);
    const before = imageOf(target.layout.root);
    for (const words of [['-u'], [], ['--uninstall', '--yes']]) {
      const refused = await runInstaller(target.v2, ['-d', target.layout.root, ...words]);
      expect(refused, words.join(' ')).toMatchObject({ code: 4, stderr: expect.stringContaining('A restore of backup.tar.gz') as string });
    }
    expect(imageOf(target.layout.root)).toEqual(before);
    expect(await target.dkm('stop')).toMatchObject({ code: 0 });
    expect(await target.update(target.v2)).toMatchObject({ code: 0 });
  });
});

describe('a dkm command while an update is under way', () => {
  it('is refused, and says who is at work', async () => {
    const target = await updatable();
    const child = updating(target);
    const closed = once(child, 'close');
    while (!journalOf(target).includes('"step":"watch"')) await new Promise(setImmediate);
    const stop = await target.dkm('stop');
    expect(stop).toMatchObject({ code: 1, stderr: expect.stringContaining('Another process is at work here: an installer') as string });
    expect((await target.dkm('status')).stdout).toContain('An update from dkm 1.0.0 to 2.0.0 is under way');
    child.kill('SIGHUP');
    expect(await closed).toEqual([1, null]);
    expect(await statesOf(target)).toEqual(V1_RUNS);
  });
});

function place(version: string): { version: string; folder: string } {
  return { version, folder: version };
}

function count(journal: string, step: string): number {
  return journal.split(`{"record":"return"`).filter((record) => record.includes(`"step":"${step}"`)).length;
}
