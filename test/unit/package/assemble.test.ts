import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assembleBundle } from '../../../src/package/assemble.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const write = (path: string, text: string): void => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
};

describe('a bundle', () => {
  it("has dkm's own promises, retentions and templates, whatever components it has", async () => {
    const project = temporaryDirectory();
    for (const name of ['_promises.toml', '_retention.toml', '_reference.toml', 'unasked.toml']) write(join(project, 'manifests', name), `# ${name}\n`);
    for (const path of ['dkm/conf/promises.toml.hbs', 'dkm/conf/promises.d/README', 'unasked/conf/x']) write(join(project, 'templates', path), `${path}\n`);
    write(join(project, 'dkm'), 'executable');
    const root = temporaryDirectory();
    const { files } = await assembleBundle(root, {
      version: '1.0.0',
      platform: 'linux-x64',
      executable: join(project, 'dkm'),
      components: [],
      alongside: [],
      missing: [],
      packages: [],
      manifestsFolder: join(project, 'manifests'),
      templatesFolder: join(project, 'templates'),
      manualPage: '.TH DKM 1\n',
      project,
    });
    expect(Object.keys(files)).toContain('share/man/man1/dkm.1');
    expect(Object.keys(files).filter((path) => /^(templates|vendor-manifests)\//.test(path))).toEqual([
      'templates/dkm/conf/promises.d/README',
      'templates/dkm/conf/promises.toml.hbs',
      'vendor-manifests/_promises.toml',
      'vendor-manifests/_retention.toml',
    ]);
  });
});
