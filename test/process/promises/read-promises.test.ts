import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { isPromiseSpec } from '../../../src/contract/promise.ts';
import { formatSettings } from '../../../src/contract/settings.ts';
import { render, templateContext } from '../../../src/manifest/context.ts';
import { readPromises } from '../../../src/promises/definitions/read-promises.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** What of an installation is read, with dkm's own files as they are laid down. */
function installed(): Layout {
  const layout = layoutOf(temporaryDirectory());
  const settings = fixedSettings('all');
  settings.install.providers = { store: 'carbon-cache', query: 'graphite-web', dashboards: 'console', collector: 'collectd' };
  mkdirSync(layout.promises, { recursive: true });
  cpSync(join(ROOT, 'vendor-manifests'), join(layout.current, 'vendor-manifests'), { recursive: true });
  writeFileSync(layout.settings, formatSettings(settings));
  const template = readFileSync(join(ROOT, 'templates/dkm/conf/promises.toml.hbs'), 'utf8');
  writeFileSync(layout.promiseSettings, render(template, templateContext('dkm', settings, layout), 'promises.toml.hbs'));
  cpSync(join(ROOT, 'templates/dkm/conf/promises.d/README'), join(layout.promises, 'README'));
  return layout;
}

describe('readPromises', () => {
  it('reads a fresh installation without a fault', async () => {
    const { promises, faults } = await readPromises(installed());
    expect(faults).toEqual([]);
    expect(promises.every(isPromiseSpec)).toBe(true);
    expect(promises.map(({ id }) => id)).toEqual(expect.arrayContaining(['store-answers', 'disk-storage', 'dkm-services']));
  });

  it('takes executables and links to them, and tells of everything else', async () => {
    const layout = installed();
    const put = (name: string, text: string | Buffer, mode = 0o600): void => {
      writeFileSync(join(layout.promises, name), text);
      chmodSync(join(layout.promises, name), mode);
    };
    put('run me', '#!/bin/sh\n', 0o700);
    put('run me.cfg', '[service]\ntitle = %d of 100 % & <more>\n');
    put('only others.sh', '#!/bin/sh\n', 0o600);
    put('port.toml', 'kind = "tcp"\nsettings = { host = "{{host.name}}", port = 80 }\n');
    put('executable.toml', 'kind = "tcp"\nsettings = { host = "h", port = 80 }\n', 0o700);
    put('no-utf8.toml', Buffer.from([0xff, 0xfe, 0x00]));
    put('huge.toml', Buffer.alloc(300_000, '#'));
    put('orphan.cfg', '');
    put('backup~', '#!/bin/sh\n', 0o700);
    symlinkSync('/bin/true', join(layout.promises, 'linked'));
    symlinkSync('/nowhere', join(layout.promises, 'dangling'));
    mkdirSync(join(layout.promises, 'folder'));
    expect(spawnSync('mkfifo', [join(layout.promises, 'pipe.toml')]).status).toBe(0);
    const { promises, faults } = await readPromises(layout);
    const own = promises.filter(({ origin }) => origin.startsWith('conf/promises.d/'));
    expect(own.map(({ id, title }) => [id, title])).toEqual([
      ['executable', 'executable'],
      ['linked', 'linked'],
      ['port', 'port'],
      ['run me', '%d of 100 % & <more>'],
    ]);
    expect(own.find(({ id }) => id === 'linked')?.check).toEqual({ kind: 'executable', path: join(layout.promises, 'linked') });
    expect(faults.map(({ file }) => file).sort()).toEqual(
      ['dangling', 'folder', 'huge.toml', 'no-utf8.toml', 'only others.sh', 'orphan.cfg', 'pipe.toml'].map((name) => `conf/promises.d/${name}`),
    );
  });

  it('does without the folder, the file and _promises.toml', async () => {
    const layout = installed();
    rmSync(layout.promises, { recursive: true });
    rmSync(layout.promiseSettings);
    rmSync(join(layout.current, 'vendor-manifests', '_promises.toml'));
    const { promises, faults } = await readPromises(layout);
    expect(faults).toEqual([]);
    expect(promises.map(({ id }) => id)).toContain('store-answers');
    expect(promises.map(({ id }) => id)).not.toContain('memory');
  });

  it('throws where there is no installation', async () => {
    await expect(readPromises(layoutOf(temporaryDirectory()))).rejects.toThrow('this is not an installed directory');
  });
});
