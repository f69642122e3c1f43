import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run } from '../../src/base/exec.ts';
import { bundleProgram } from '../../src/package/program.ts';
import { install, startAll, type Installation } from '../helpers/installation.ts';
import { removeTree, workDirectory } from '../helpers/work-directory.ts';

/*
 * What `dkm status` costs, seen from outside: V8 tells which chunks of the executable were compiled (chunk-loader.ts
 * names them dkm:<chunk>), and the sources tell which library lies in which chunk.
 */

const ROOT = join(import.meta.dirname, '..', '..');

/** Texts that outlive minifying, one for each library. */
const MARKS = { zod: 'ZodError', handlebars: 'Handlebars', toml: 'TomlError', pm2: '/pm2/lib/', hono: 'HonoRequest' };
type Library = keyof typeof MARKS;

/** Room for what status itself, commander and our own basics are; zod alone has three times that. */

interface Coverage {
  result: { url: string; functions: { ranges: { endOffset: number }[] }[] }[];
}

describe('dkm status while services run', () => {
  const root = workDirectory('light');
  let target: Installation;
  let chunks: Record<string, string>;

  beforeAll(async () => {
    chunks = (await bundleProgram(join(ROOT, 'src', 'main.ts'), ROOT)).chunks;
    target = await install(inject('fallbackBundle'), root, '-t', 'agent', '--carbon-server', '127.0.0.1:9');
    await startAll(target);
  });
  afterAll(async () => {
    await target?.stop();
    removeTree(root);
  });

  /** The chunks that a dkm command loaded, with their lengths. */
  async function loadedBy(...args: string[]): Promise<Map<string, number>> {
    const folder = mkdtempSync(join(tmpdir(), 'dkm-coverage-'));
    try {
      const finished = await run(join(target.layout.bin, 'dkm'), args, { env: { ...process.env, NODE_V8_COVERAGE: folder }, timeoutMs: 60_000 });
      expect(finished, finished.stderr).toMatchObject({ code: 0 });
      const [report = ''] = readdirSync(folder);
      const { result } = JSON.parse(readFileSync(join(folder, report), 'utf8')) as Coverage;
      const ours = result.filter(({ url }) => url.startsWith('dkm:'));
      return new Map(ours.map(({ url, functions }) => [url.slice('dkm:'.length), functions[0]?.ranges[0]?.endOffset ?? 0]));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  const librariesIn = (loaded: Map<string, number>): Library[] =>
    (Object.keys(MARKS) as Library[]).filter((library) => [...loaded.keys()].some((name) => chunks[name]?.includes(MARKS[library])));

  it('is a look at which every library would be seen', async () => {
    expect(librariesIn(new Map(Object.keys(chunks).map((name) => [name, 0])))).toEqual(Object.keys(MARKS));
    expect(librariesIn(await loadedBy('version'))).toContain('zod');
  });

  it('loads neither zod, handlebars, TOML nor pm2, and little of our own', async () => {
    const loaded = await loadedBy('status');
    expect([...loaded.keys()].filter((name) => chunks[name] === undefined)).toEqual([]);
    expect([...loaded.keys()]).toContainEqual(expect.stringMatching(/commands-status$/));
    expect(librariesIn(loaded)).toEqual([]);
  });
});
