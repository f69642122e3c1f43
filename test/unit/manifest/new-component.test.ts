import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { render, templateContext } from '../../../src/manifest/context.ts';
import { chooseComponents, portsOf } from '../../../src/manifest/installed.ts';
import { loadManifests } from '../../../src/manifest/load.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const TINY = `
name = "tiny"
title = "Tiny"
description = "Says that it is there."
homepage = "https://example.org/"
version = "0.1"
licence = "MIT"
role = "extra"
preference = 9
[[sources]]
kind = "http"
url = "https://example.org/tiny-{version}.tar.gz"
archive = "tar.gz"
[[ports]]
name = "reserved"
listen = "loopback"
title = "tiny"
[service]
command = ["{{component}}/tiny", "--port", "{{port.reserved}}"]
ready = { kind = "tcp", port = "reserved" }
`;

describe('a new component', () => {
  it('takes one TOML file: it is chosen, has its ports, and its command is filled in', async () => {
    const folder = join(temporaryDirectory(), 'vendor-manifests');
    await cp(join(import.meta.dirname, '../../../vendor-manifests'), folder, { recursive: true });
    await writeFile(join(folder, 'tiny.toml'), TINY);

    const manifests = await loadManifests(folder);
    const { components } = chooseComponents('all', manifests, new Set(manifests.map(({ name }) => name)));
    const tiny = components.find(({ name }) => name === 'tiny')!;
    const context = templateContext('tiny', fixedSettings('all'), layoutOf('/srv/dkm'));

    expect(portsOf(tiny, context)).toEqual([{ name: 'reserved', title: 'tiny', address: '127.0.0.1', port: 15009, protocols: ['tcp'] }]);
    expect(tiny.service!.command.map((part) => render(part, context, 'tiny'))).toEqual(['/srv/dkm/current/components/tiny/tiny', '--port', '15009']);
  });
});
