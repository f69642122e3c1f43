import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outputOf } from '../../../src/base/exec.ts';
import type { MonitorParameter } from '../../../src/contract/monitor.ts';
import { applyEdit, writeParameters } from '../../../src/monitor/parameters.ts';
import { monitorTree, type MonitorTree } from '../../../src/monitor/tree.ts';
import { makeTree } from '../../../src/monitor/bootstrap.ts';
import { monitoredDirectory } from '../../helpers/monitored.ts';
import { monitorSpecOf } from '../../helpers/monitored-specs.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/* The configuration that can be edited through SlapOS's interface. */

interface Edited {
  tree: MonitorTree;
  folder: string;
  log: string[];
  /** Puts a list where a client puts it, and has it applied. */
  put: (list: unknown) => Promise<boolean>;
  entries: () => { key: string; title: string; value: string }[];
}

async function edited(parameters: (folder: string) => MonitorParameter[], corsDomains: string[] = []): Promise<Edited> {
  const tree = monitorTree(monitoredDirectory());
  await makeTree(tree);
  const folder = temporaryDirectory();
  const spec = monitorSpecOf({ parameters: parameters(folder), corsDomains });
  const log: string[] = [];
  await writeParameters(spec, tree, (line) => log.push(line));
  return {
    tree,
    folder,
    log,
    put: (list) => {
      writeFileSync(tree.configEdit, typeof list === 'string' ? list : JSON.stringify(list));
      return applyEdit(spec, tree);
    },
    entries: () => JSON.parse(readFileSync(tree.config, 'utf8')) as { key: string; title: string; value: string }[],
  };
}

const room: MonitorParameter = { type: 'raw', key: 'room', value: '12 %' };
const motd = (folder: string): MonitorParameter => ({ type: 'file', key: 'motd', path: join(folder, 'motd') });

/** The same list with another value. */
const changed = ({ entries }: Edited, key: string, value: unknown): unknown => entries().map((entry) => (entry.key === key ? { ...entry, value } : entry));

describe('an edit', () => {
  it('of a file is written there, and shown from then on', async () => {
    const edit = await edited((folder) => [room, motd(folder)]);
    expect(edit.entries()).toEqual([
      { key: '', title: 'room', value: '12 %' },
      { key: 'motd', title: 'motd', value: '' },
    ]);
    expect(await edit.put(changed(edit, 'motd', ' hello\nyou \u4e2d\n'))).toBe(true);
    const path = join(edit.folder, 'motd');
    expect(readFileSync(path, 'utf8')).toBe('hello\nyou \u4e2d');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(edit.entries()[1]?.value).toBe(' hello\nyou \u4e2d\n');
    expect(readFileSync(edit.tree.parameterFile, 'utf8')).toBe('[public]\nmotd = hello\n  you \u4e2d\n');
    expect(existsSync(edit.tree.configEdit)).toBe(false);
  });

  it('keeps the mode of a file, and what a link leads to is what is written', async () => {
    const edit = await edited((folder) => {
      writeFileSync(join(folder, 'target'), 'before', { mode: 0o640 });
      symlinkSync('target', join(folder, 'motd'));
      return [motd(folder)];
    });
    await edit.put(changed(edit, 'motd', 'after'));
    expect(readFileSync(join(edit.folder, 'target'), 'utf8')).toBe('after');
    expect(statSync(join(edit.folder, 'target')).mode & 0o777).toBe(0o640);
  });

  it.for<[string, (edit: Edited) => unknown, RegExp]>([
    ['no JSON', () => '{', /no JSON/],
    ['no list', () => ({}), /no list/],
    ['further keys', (edit) => edit.entries().map((entry) => ({ ...entry, file: '/etc/passwd' })), /no list of/],
    ['another type', (edit) => changed(edit, 'motd', 7), /no list of/],
    ['a value that is too long', (edit) => changed(edit, 'motd', 'x'.repeat(70_000)), /no list of/],
    ['half a character', (edit) => JSON.stringify(changed(edit, 'motd', 'HALF')).replace('HALF', '\\ud800'), /no list of/],
    ['an unknown key', (edit) => [...edit.entries(), { key: 'passwd', title: 'passwd', value: 'x' }], /other parameters/],
    ['a key twice', (edit) => [...edit.entries(), edit.entries()[1]], /other parameters/],
    ['a missing one', (edit) => edit.entries().slice(0, 1), /other parameters/],
    ['another title', (edit) => edit.entries().map((entry) => ({ ...entry, title: 'x' })), /other parameters/],
    ['what cannot be changed', (edit) => edit.entries().map((entry) => (entry.key === '' ? { ...entry, value: '13' } : entry)), /other parameters/],
    ['too much', () => ' '.repeat(1_100_000), /no file of at most/],
  ])('with %s changes nothing', async ([, list, why]) => {
    const edit = await edited((folder) => [room, motd(folder)]);
    const before = edit.entries();
    await expect(edit.put(list(edit))).rejects.toThrow(why);
    expect(edit.entries()).toEqual(before);
    expect(existsSync(join(edit.folder, 'motd'))).toBe(false);
    expect(existsSync(edit.tree.configEdit), 'it stays for the client to see').toBe(true);
  });

  it.for([
    ['a link', (path: string) => symlinkSync('/etc/hostname', path)],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a pipe', (path: string) => outputOf('mkfifo', [path])],
  ] as const)('that is %s is refused', async ([, make]) => {
    const { tree } = await edited(() => []);
    make(tree.configEdit);
    await expect(applyEdit(monitorSpecOf(), tree)).rejects.toThrow(/link|no file/);
  });

  it('that fails for one stays where it is', async () => {
    const edit = await edited((folder) => {
      mkdirSync(join(folder, 'taken'));
      return [motd(folder), { type: 'httpdcors', key: 'cors', file: join(folder, 'cors'), gracefulBin: '/bin/false' }];
    });
    const list = edit.entries().map((entry) => ({ ...entry, value: 'example.org' }));
    await expect(edit.put(list)).rejects.toThrow(/cors: \/bin\/false/);
    expect(edit.entries().map(({ value }) => value)).toEqual(['', '']);
    expect(existsSync(edit.tree.configEdit)).toBe(true);
  });

  it('that is not there is none', async () => {
    const { tree } = await edited(() => []);
    expect(await applyEdit(monitorSpecOf(), tree)).toBe(false);
  });
});

describe('a password', () => {
  const parameters = (folder: string): MonitorParameter[] => {
    writeFileSync(join(folder, 'htpasswd'), 'other:$apr1$x$y\nadmin:old\n', { mode: 0o600 });
    return [{ type: 'htpasswd', key: 'password', textFile: join(folder, 'text'), user: 'admin', htpasswdFile: join(folder, 'htpasswd') }];
  };

  it.for(['simple', 'p\u00e4ss w\u00f6rd $ : \u4e2d', 'x'.repeat(100)])('%j is one that OpenSSL makes, too', async (password, { skip }) => {
    const edit = await edited(parameters);
    await edit.put(changed(edit, 'password', password));
    const lines = readFileSync(join(edit.folder, 'htpasswd'), 'utf8').split('\n');
    expect(lines).toEqual(['other:$apr1$x$y', expect.stringMatching(/^admin:\$apr1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}$/), '']);
    expect(readFileSync(join(edit.folder, 'text'), 'utf8')).toBe(password);
    const hash = lines[1]!.slice('admin:'.length);
    const peer = outputOf('openssl', ['passwd', '-apr1', '-salt', hash.split('$')[2]!, password])?.trim();
    skip(peer === undefined, 'openssl is not here: install it to have the hash compared');
    expect(hash).toBe(peer);
  });

  it.each(['', 'two\nlines'])('%j is refused', async (password) => {
    const edit = await edited(parameters);
    writeFileSync(join(edit.folder, 'text'), 'before');
    await expect(edit.put(changed(edit, 'password', password || '\n'))).rejects.toThrow(/one line/);
    expect(readFileSync(join(edit.folder, 'htpasswd'), 'utf8')).toContain('admin:old');
  });
});

describe('domains', () => {
  const cors = (folder: string, gracefulBin = ''): MonitorParameter => ({ type: 'httpdcors', key: 'cors-domain', file: join(folder, 'cors'), gracefulBin });

  it('are written one a line, and the program is run', async () => {
    const edit = await edited((folder) => {
      writeFileSync(join(folder, 'reload'), `#!/bin/sh\necho reloaded >> "${folder}/said"\n`, { mode: 0o755 });
      return [cors(folder, join(folder, 'reload'))];
    });
    await edit.put(changed(edit, 'cors-domain', ' Example.org\n\tother.example.org:8443 '));
    expect(readFileSync(join(edit.folder, 'cors'), 'utf8')).toBe('example.org\nother.example.org:8443\n');
    expect(readFileSync(join(edit.folder, 'prev_cors'), 'utf8')).toBe(' Example.org\n\tother.example.org:8443 ');
    expect(readFileSync(join(edit.folder, 'said'), 'utf8')).toBe('reloaded\n');
  });

  it.each(['*', 'a_b', 'http://example.org', '"x"', '-a.org', '.org'])('%j is none', async (value) => {
    const edit = await edited((folder) => [cors(folder)]);
    await expect(edit.put(changed(edit, 'cors-domain', `example.org ${value}`))).rejects.toThrow(/is no domain/);
    expect(readFileSync(join(edit.folder, 'cors'), 'utf8').trim()).toBe('');
  });

  it('of our own console are those of conf/dkm.toml and those given, whatever comes first', async () => {
    const tree = monitorTree(monitoredDirectory());
    await makeTree(tree);
    const parameters: MonitorParameter[] = [{ type: 'httpdcors', key: 'cors-domain', file: tree.corsDomains, gracefulBin: '' }];
    const spec = monitorSpecOf({ parameters, corsDomains: ['conf.example.org'] });
    await writeParameters(spec, tree, () => undefined);
    writeFileSync(tree.configEdit, JSON.stringify([{ key: 'cors-domain', title: 'cors-domain', value: 'given.example.org' }]));
    await applyEdit(spec, tree);
    expect(readFileSync(tree.corsDomains, 'utf8')).toBe('conf.example.org\ngiven.example.org\n');
    await writeParameters({ ...spec, corsDomains: [] }, tree, () => undefined);
    expect(readFileSync(tree.corsDomains, 'utf8')).toBe('given.example.org\n');
  });
});

describe('a parameter that cannot be read', () => {
  it('is left out and told', async () => {
    const { log, entries } = await edited((folder) => {
      writeFileSync(join(folder, 'large'), 'x'.repeat(70_000));
      return [room, { type: 'file', key: 'large', path: join(folder, 'large') }, { type: 'file', key: 'lost', path: '/nowhere/at/all' }];
    });
    expect(entries()).toHaveLength(1);
    expect(log).toEqual([expect.stringContaining('parameter large'), expect.stringContaining('parameter lost')]);
  });
});
