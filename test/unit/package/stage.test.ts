import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { listTree } from '../../../src/base/files.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { openBuildPlace } from '../../../src/package/build-place.ts';
import { programPath, stageComponent, stageKey, type StagedComponent, type StageInput } from '../../../src/package/stage.ts';
import type { Artifact, FetchContext } from '../../../src/sources/api.ts';
import { openVendorStore } from '../../../src/sources/vendor-store.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { tarGzOf, type RawEntry } from './archives.ts';

function manifest(files: string, more = ''): Manifest {
  return parseManifest(
    `name = "thing"\ntitle = "T"\ndescription = "D"\nhomepage = "https://example.org"\nversion = "1.0"\nlicence = "MIT"\nrole = "store"\npreference = 1\n${more}\n[files]\n${files}\n[[sources]]\nkind = "http"\nurl = "https://example.org/thing.tar.gz"\narchive = "tar.gz"\n`,
    'thing.toml',
  );
}

const ENTRIES: RawEntry[] = [
  { path: 'thing-1.0/bin/thing', content: 'program', mode: 0o755 },
  { path: 'thing-1.0/share/doc/manual', content: 'manual' },
  { path: 'thing-1.0/LICENSE', content: 'The licence.' },
  { path: 'thing-1.0/extra', content: 'x' },
];

async function inputOf(home: string, of: Manifest, entries = ENTRIES, change: Partial<Artifact> = {}): Promise<StageInput> {
  const bytes = tarGzOf(entries);
  const path = join(home, 'thing.tar.gz');
  writeFileSync(path, bytes);
  const artifact: Artifact = {
    file: 'thing.tar.gz',
    path,
    sha256: sha256(bytes),
    size: bytes.length,
    archive: 'tar.gz',
    into: '',
    origin: 'https://example.org/thing.tar.gz',
    verified: 'pinned',
    ...change,
  };
  return Promise.resolve({ manifest: of, spec: of.sources[0]!, artifacts: [artifact] });
}

async function contextOf(home: string): Promise<Omit<FetchContext, 'component'>> {
  const vendor = await openVendorStore(join(home, 'vendor'));
  return { platform: 'linux-x64', vendor, offline: true, onProgress: () => undefined, onOutput: () => undefined, signal: new AbortController().signal };
}

async function stage(home: string, input: StageInput): Promise<StagedComponent> {
  return stageComponent(input, await openBuildPlace(join(home, 'build')), await contextOf(home));
}

describe('stageComponent', () => {
  it('unpacks, renames, keeps, prunes and finds licences, pruned ones too', async () => {
    const home = temporaryDirectory();
    const of = manifest('rename = { "bin/thing" = "sbin/thing" }\nkeep = ["sbin/**", "share/**"]\nprune = ["share/doc/**"]\nrequire = ["sbin/thing"]');
    const staged = await stage(home, await inputOf(home, of));
    expect(await listTree(staged.files)).toEqual(['sbin/thing']);
    expect(readFileSync(join(staged.licences, 'LICENSE'), 'utf8')).toBe('The licence.');
  });

  it('takes the same from the cache the next time', async () => {
    const home = temporaryDirectory();
    const input = await inputOf(home, manifest(''));
    const first = await stage(home, input);
    const before = statSync(join(first.files, 'bin/thing')).ino;
    const second = await stage(home, input);
    expect(statSync(join(second.files, 'bin/thing')).ino).toBe(before);
    expect(stageKey({ ...input, manifest: manifest('prune = ["extra"]') }, 'linux-x64')).not.toBe(stageKey(input, 'linux-x64'));
    expect(stageKey(input, 'darwin-x64')).not.toBe(stageKey(input, 'linux-x64'));
  });

  it.each<[title: string, manifest: Manifest, entries: RawEntry[], code: string]>([
    ['a required file is not there', manifest('require = ["bin/other"]'), ENTRIES, 'build-failed'],
    ['the archive is hostile', manifest(''), [...ENTRIES, { path: '../x' }], 'archive-refused'],
    ['there is no licence text', manifest('', 'licence_files = ["docs/*"]'), ENTRIES, 'licence-unknown'],
  ])('leaves nothing behind when %s', async (_title, of, entries, code) => {
    const home = temporaryDirectory();
    await expect(stage(home, await inputOf(home, of, entries))).rejects.toMatchObject({ code, message: expect.stringContaining('thing') as string });
    expect(readdirSync(join(home, 'build/cache/components'))).toEqual([]);
    expect(readdirSync(join(home, 'build/under-way'))).toEqual([]);
  });

  it('needs no licence text in what the user gives', async () => {
    const home = temporaryDirectory();
    const staged = await stage(home, await inputOf(home, manifest(''), [{ path: 'bin/thing' }, { path: 'x' }], { verified: 'local' }));
    expect(await listTree(staged.licences)).toEqual([]);
  });

  it('puts a single program where the component wants it', async () => {
    const home = temporaryDirectory();
    const program = join(home, 'thing-linux');
    writeFileSync(program, '\x7fELF');
    const of = manifest('require = ["sbin/thing"]');
    const artifact: Artifact = {
      file: 'thing-linux',
      path: program,
      sha256: sha256('x'),
      size: 4,
      archive: 'binary',
      into: '',
      origin: 'thing-linux',
      verified: 'local',
    };
    const staged = await stage(home, { manifest: of, spec: { kind: 'local', path: program }, artifacts: [artifact] });
    expect(await listTree(staged.files)).toEqual(['sbin/thing']);
    expect(programPath(manifest('require = ["*.so"]'))).toBe('bin/thing');
  });

  it('starts over where a killed run left half a component', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'build/under-way/scratch.gone.1.1.1'), { recursive: true });
    const staged = await stage(home, await inputOf(home, manifest('')));
    expect(await listTree(staged.files)).toContain('bin/thing');
  });
});
