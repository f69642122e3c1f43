import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { acquireLock } from '../../../src/base/lock.ts';
import { readBundle, formatBundle, type Bundle } from '../../../src/contract/bundle.ts';
import { readChange } from '../../../src/contract/change-journal.ts';
import { readGenerated } from '../../../src/contract/generated.ts';
import { journalState, readJournal } from '../../../src/contract/journal.ts';
import { isServiceSpec } from '../../../src/contract/service.ts';
import { formatSettings, readSettings } from '../../../src/contract/settings.ts';
import { readSnapshot, SNAPSHOT_FILE } from '../../../src/contract/snapshot.ts';
import { parseStatus } from '../../../src/contract/status.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import { loadRetention, RETENTION_FILE } from '../../../src/manifest/retention.ts';
import { installedComponents } from '../../../src/manifest/installed.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { parseRequest } from '../../../src/supervisor/control.ts';
import { servicesOf } from '../../../src/supervisor/services.ts';
import { exitCodeOf } from '../../../src/supervisor/commands/status.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { damagedJson, FUZZ, FUZZ_TIMEOUT_MS, hostileText, readsOrRefuses, runsMade } from './hostile.ts';

/*
 * Every file that dkm reads and that somebody else may have written, damaged or forged.
 */

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CORPUS = join(ROOT, 'test', 'fixtures', 'corpus');
const AT = '2026-01-01T00:00:00.000Z';
const place = temporaryFolder();
const file = (name: string): string => join(place(), name);

/** A reader of one kind of file: what a valid one holds, and what refusing one looks like. */
interface Reader {
  name: string;
  valid: string;
  codes: ErrorCode[];
  /** Part of every refusal. */
  named: string;
  read: (text: string) => unknown;
}

function reading(path: string, read: (path: string) => unknown): (text: string) => unknown {
  return (text) => {
    mkdirSync(dirname(file(path)), { recursive: true });
    writeFileSync(file(path), text);
    return read(file(path));
  };
}

const DIGEST = 'a'.repeat(64);
const BUNDLE: Bundle = {
  schema: 1,
  name: 'dkm',
  version: '1.0.0',
  platform: 'linux-x64',
  components: [
    {
      name: 'store',
      title: 'Store',
      version: '1',
      role: 'store',
      preference: 1,
      licence: 'MIT',
      source: 'built-in',
      verified: 'local',
      artifacts: [{ file: 'a', sha256: DIGEST, size: 1, origin: 'a', verified: 'local' }],
      size: 1,
      files: 1,
    },
  ],
  missing: [{ name: 'query', role: 'query', reasons: ['none'] }],
  files: { 'components/store/bin/serve': { sha256: DIGEST, size: 1, executable: true }, 'licenses/link': { link: 'LICENSE' } },
};
const BEGIN = {
  record: 'begin',
  schema: 1,
  at: AT,
  version: '1.0.0',
  bundle: DIGEST,
  madeAbove: ['/tmp/a'],
  settings: fixedSettings('all'),
  steps: [{ kind: 'write-generated', path: 'conf/a' }],
};
const PLACE = { version: '1.0.0', folder: '1.0.0' };
const CHANGE = {
  record: 'begin',
  schema: 1,
  at: AT,
  kind: 'update',
  from: PLACE,
  to: { ...PLACE, folder: '2.0.0' },
  places: true,
  makes: ['conf/x'],
  ran: ['store'],
  keep: 2,
};
const SNAPSHOT = {
  schema: 1,
  at: AT,
  kind: 'update',
  from: PLACE,
  to: PLACE,
  ran: ['store'],
  links: { current: 'versions/1', 'bin/dkm': null },
  databases: { 'storage/a.db': true },
};
const SPEC = {
  name: 'store',
  title: 'Store',
  version: '1',
  role: 'store',
  command: ['/bin/true'],
  beforeStart: [['/bin/true']],
  check: [],
  environment: { A: 'b' },
  directory: '/',
  after: [],
  ready: { kind: 'tcp', host: '127.0.0.1', port: 1 },
  health: { probe: { kind: 'http', url: 'http://127.0.0.1:1/', status: 200 }, intervalMs: 1000, timeoutMs: 1000, failures: 3 },
  startTimeoutMs: 1000,
  stop: { signal: 'SIGTERM', timeoutMs: 1000 },
  reopen: 'self',
  restart: 'always',
  ports: [{ name: 'carbon', title: 'a', address: '127.0.0.1', port: 1, protocols: ['tcp'] }],
  outputFile: '/tmp/a.log',
  logFiles: ['/tmp/a.log'],
  autostart: true,
  storesIn: [],
  limits: { nice: 1 },
};
const STATUS = {
  schema: 1,
  version: '1',
  pid: 1,
  pidStartTime: '1',
  bootId: 'a',
  startedAtMs: 1,
  services: [
    {
      name: 'store',
      title: 'Store',
      version: '1',
      role: 'store',
      state: 'RUNNING',
      pid: 1,
      pidStartTime: '1',
      startedAtMs: 1,
      restarts: 0,
      ready: true,
      health: 'healthy',
      reason: '',
      lastExit: null,
      ports: [{ name: 'carbon', title: 'a', address: '127.0.0.1', port: 1, protocols: ['tcp'] }],
      logFiles: ['/tmp/a.log'],
    },
  ],
};

/** A manifest that is read must also be usable: services are made of it, or refused. The file is called as the component, as it must be. */
function useManifest(text: string): unknown {
  const manifest = parseManifest(text, 'example.toml');
  const settings = fixedSettings('all');
  return [installedComponents([manifest], settings), servicesOf([manifest], { ...settings, services: {} }, layoutOf('/tmp/none'))];
}

/** Whatever it says, it can be shown, as `dkm status` does. */
function useStatus(text: string): unknown {
  const status = parseStatus(text);
  return (
    status && [
      exitCodeOf(status.services),
      status.services.map(({ ports, reason }) => [ports.map(({ protocols }) => protocols.includes('udp')), reason.trim()]),
    ]
  );
}

async function useLock(path: string): Promise<unknown> {
  const lock = await acquireLock(path, 'fuzz');
  lock.restore();
  lock.release();
  return (await acquireLock(path, 'fuzz')).release();
}

const manifest = readFileSync(join(ROOT, 'vendor-manifests', '_reference.toml'), 'utf8');
const retention = readFileSync(join(ROOT, 'vendor-manifests', RETENTION_FILE), 'utf8');
const settings = formatSettings({ ...fixedSettings('agent'), services: { store: { autostart: false, environment: { A: 'b' } } } });
const lines = (...records: unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

const READERS: Reader[] = [
  { name: 'manifest', valid: manifest, codes: ['manifest-invalid'], named: 'example.toml', read: useManifest },
  {
    name: 'retention',
    valid: retention,
    codes: ['manifest-invalid'],
    named: RETENTION_FILE,
    read: reading(RETENTION_FILE, (path) => loadRetention(dirname(path))),
  },
  {
    name: 'bundle',
    valid: formatBundle(BUNDLE),
    codes: ['bundle-damaged'],
    named: 'bundle.json',
    read: reading('bundle.json', (path) => readBundle(dirname(path))),
  },
  { name: 'settings', valid: settings, codes: ['file-invalid'], named: 'dkm.toml', read: reading('dkm.toml', readSettings) },
  {
    name: 'generated',
    valid: JSON.stringify({ schema: 1, files: { 'conf/a': { sha256: DIGEST } } }),
    codes: ['file-invalid'],
    named: 'generated.json',
    read: reading('generated.json', readGenerated),
  },
  {
    name: 'install-journal',
    valid: lines(BEGIN, { record: 'step', at: AT, step: 0 }, { record: 'done', at: AT }),
    codes: ['file-invalid'],
    named: 'install.journal',
    read: reading('install.journal', (path) => journalState(readJournal(path) ?? [])),
  },
  {
    name: 'change-journal',
    valid: lines(CHANGE, { record: 'step', at: AT, step: 'stop' }, { record: 'end', at: AT, result: 'done' }),
    codes: ['file-invalid'],
    named: 'change.journal',
    read: reading('change.journal', readChange),
  },
  {
    name: 'snapshot',
    valid: JSON.stringify(SNAPSHOT),
    codes: ['file-invalid'],
    named: SNAPSHOT_FILE,
    read: reading(SNAPSHOT_FILE, (path) => readSnapshot(dirname(path))),
  },
  { name: 'status', valid: JSON.stringify(STATUS), codes: [], named: '', read: useStatus },
  {
    name: 'request',
    valid: JSON.stringify({ operation: 'start', services: ['store'], specs: [SPEC], logs: { maxBytes: 1, maxAgeMs: 1, keep: 1, totalBytes: 1 }, disk: {} }),
    codes: ['usage'],
    named: 'not one of this supervisor',
    read: parseRequest,
  },
  { name: 'lock', valid: '1', codes: ['locked'], named: '', read: reading('a.lock', useLock) },
  {
    name: 'lock-generation',
    valid: JSON.stringify({ pid: 1, startTime: '1', boot: 'a', what: 'a', released: false }),
    codes: ['locked'],
    named: '',
    read: (text) => {
      mkdirSync(file('generation'), { recursive: true });
      for (const name of readdirSync(file('generation'))) writeFileSync(join(file('generation'), name), text);
      writeFileSync(join(file('generation'), 'a.lock.3'), text);
      return useLock(join(file('generation'), 'a.lock'));
    },
  },
];

let total = 0;
beforeAll(() => void runsMade());
afterAll(() => console.log(`hostile files: ${total} read`));

describe.each(READERS)('$name', { timeout: FUZZ_TIMEOUT_MS }, ({ name, valid, codes, named, read }) => {
  // Each try at a lock writes a dozen files.
  const settings = name.startsWith('lock') ? { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 10) } : FUZZ;
  const attempt = (text: string): Promise<unknown> => readsOrRefuses(() => read(text), codes, named);

  it('a valid one is read', async () => {
    if ((await attempt(valid)) === undefined && name !== 'lock' && name !== 'lock-generation') throw new Error('it was refused');
  });

  it('anything else is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(hostileText(valid), (text) => attempt(text).then(() => undefined)),
      settings,
    );
    total += runsMade();
  });

  const json = asJson(valid);
  it('one value of it forged is read or refused', async ({ skip }) => {
    skip(json === undefined, 'not a file of JSON');
    await fc.assert(
      fc.asyncProperty(damagedJson(json), (text) => attempt(name.includes('journal') ? `${text}\n` : text).then(() => undefined)),
      settings,
    );
    total += runsMade();
  });

  it.each(corpusOf(name))('corpus: %s', async (nasty) => {
    await attempt(readFileSync(join(CORPUS, nasty), 'utf8'));
    total += runsMade();
  });
});

function corpusOf(kind: string): string[] {
  return [kind, 'any'].flatMap((folder) => {
    const path = join(CORPUS, folder);
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${folder}/${entry.name}`);
  });
}

/** The first value of a file of JSON; undefined for what is none. */
function asJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.split('\n{')[0] ?? '');
    return typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

describe('a service as a request hands it over', () => {
  it.each(Object.keys(SPEC))('is refused without %s', (key) => {
    const { [key]: _removed, ...rest } = SPEC as Record<string, unknown>;
    if (isServiceSpec(rest)) throw new Error(`it was taken without ${key}`);
  });
});
