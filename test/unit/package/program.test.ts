import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleProgram } from '../../../src/package/program.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const SOURCES: Record<string, string> = {
  'src/main.ts': `import { shared } from './shared.ts';\nexport const answer: number = shared;\nvoid import('./rare/start.ts').then(({ rare }) => rare());\n`,
  'src/shared.ts': `export const shared = 42;\n`,
  'src/rare/start.ts': `import { shared } from '../shared.ts';\nimport god from 'pm2/lib/God.js';\nexport const rare = () => 'only now and then' + shared + god.container;\n`,
  'node_modules/pm2/package.json': '{ "name": "pm2", "version": "1.0.0" }',
  'node_modules/pm2/lib/God.js': `var path = require('path');\nexports.container = path.resolve(path.dirname(module.filename), 'Container.js');\ntry { require('fsevents'); } catch (e) { /* not there */ }\n`,
};

function projectAt(root: string, changes: Record<string, string> = {}): string {
  for (const [path, text] of Object.entries({ ...SOURCES, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const bundle = (root: string): ReturnType<typeof bundleProgram> => bundleProgram(join(root, 'src/main.ts'), root);

describe('bundleProgram', () => {
  it('keeps what is imported dynamically in chunks of its own, named after their source', async () => {
    const { main, chunks } = await bundle(projectAt(temporaryDirectory()));
    expect(Object.keys(chunks)).toEqual(['0-src-main', '1-shared', '2-rare-start']);
    expect(main).toContain('0-src-main');
    expect(chunks['0-src-main']).not.toContain('only now and then');
    expect(chunks['0-src-main']).toContain('require("./2-rare-start")');
    expect(chunks['2-rare-start']).toContain('only now and then');
  });

  it('replaces what pm2 finds its files by, and leaves out what it can do without', async () => {
    const { chunks } = await bundle(projectAt(temporaryDirectory()));
    expect(chunks['2-rare-start']).toContain('"/pm2/lib/God.js"');
    expect(chunks['2-rare-start']).not.toContain('module.filename');
    expect(chunks['2-rare-start']).toContain('fsevents');
  });

  it('gives the same text wherever the project lies, and tells what went in', async () => {
    const here = projectAt(temporaryDirectory());
    const there = projectAt(join(temporaryDirectory(), 'some', 'where', 'else'));
    const [one, other] = [await bundle(here), await bundle(there)];
    expect({ ...other, inputs: [] }).toEqual({ ...one, inputs: [] });
    expect(one.inputs).toEqual(['node_modules/pm2/lib/God.js', 'src/main.ts', 'src/rare/start.ts', 'src/shared.ts'].map((path) => join(here, path)));
  });

  it.each([
    ['a syntax error', { 'src/shared.ts': 'export const = 1;' }],
    ['a module that is not there', { 'src/shared.ts': `import './absent.ts'; export const shared = 1;` }],
    ['a top-level await, which the executable cannot run', { 'src/shared.ts': 'export const shared = await Promise.resolve(1);' }],
  ])('tells of %s', async (_title, changes) => {
    await expect(bundle(projectAt(temporaryDirectory(), changes))).rejects.toMatchObject({
      code: 'build-failed',
      message: expect.stringMatching(/shared|Top-level await/) as string,
    });
  });
});
