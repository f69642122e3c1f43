import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnosedInstallation, type DiagnosedInstallation } from '../../helpers/diagnosed-installation.ts';

interface Verified {
  ok: boolean;
  versions: { version: string; inUse: boolean; faults: string[] }[];
  links: string[];
  configuration: { path: string; state: string }[];
  secrets: string[];
  unread: string[];
}

const INSTALLED = 'versions/1.0.0';

async function verified(installation: DiagnosedInstallation): Promise<Verified & { code: number | null }> {
  const { code, stdout } = await installation.dkm('verify', '--json');
  return { code, ...(JSON.parse(stdout) as Verified) };
}

/** Replaces a file's content without touching the bundle that it may be linked with. */
function exchange(path: string, text: string): void {
  unlinkSync(path);
  writeFileSync(path, text);
}

const FAULTS: [string, (installation: DiagnosedInstallation) => void, Partial<Verified>][] = [
  [
    'a missing file',
    ({ layout }) => rmSync(join(layout.root, INSTALLED, 'components/web/notes.txt')),
    { versions: [{ version: '1.0.0', inUse: true, faults: ['components/web/notes.txt: is missing'] }] },
  ],
  [
    'a changed file of the same size',
    ({ layout }) => exchange(join(layout.root, INSTALLED, 'components/web/notes.txt'), 'WEB\n'),
    { versions: [{ version: '1.0.0', inUse: true, faults: [expect.stringMatching(/^components\/web\/notes\.txt: expected SHA-256/) as string] }] },
  ],
  [
    'an added file',
    ({ layout }) => writeFileSync(join(layout.root, INSTALLED, 'components/web/extra.txt'), ''),
    { versions: [{ version: '1.0.0', inUse: true, faults: ['components/web/extra.txt: was added'] }] },
  ],
  [
    'a program that is not executable any more',
    ({ layout }) => chmodSync(join(layout.root, INSTALLED, 'components/web/bin/tool'), 0o644),
    { versions: [{ version: '1.0.0', inUse: true, faults: ['components/web/bin/tool: is not executable'] }] },
  ],
  [
    'a file that others may change',
    ({ layout }) => chmodSync(join(layout.root, INSTALLED, 'components/web/notes.txt'), 0o666),
    { versions: [{ version: '1.0.0', inUse: true, faults: ['components/web/notes.txt: other users may change it (mode 666)'] }] },
  ],
  ['a missing link', ({ layout }) => rmSync(join(layout.bin, 'dkm')), { links: ['bin/dkm: is missing, expected a link to ../current/installer'] }],
  [
    'a link of a component that leads elsewhere',
    ({ layout }) => {
      rmSync(join(layout.root, 'static'));
      symlinkSync('/tmp', join(layout.root, 'static'));
    },
    { links: ['static: expected a link to current/components/web, found one to /tmp'] },
  ],
  ['a missing secret', ({ layout }) => rmSync(join(layout.secrets, 'admin-password')), { secrets: ['conf/secrets/admin-password: is missing'] }],
  [
    'a secret that others may read',
    ({ layout }) => chmodSync(join(layout.secrets, 'admin-password'), 0o644),
    { secrets: [expect.stringMatching(/admin-password may be read by other users \(mode 0644\)/) as string] },
  ],
];

describe('dkm verify', () => {
  it('finds nothing in what was just installed, with nothing running', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const result = await verified(installation);
    expect(result).toMatchObject({ code: 0, ok: true, links: [], secrets: [], unread: [], versions: [{ version: '1.0.0', inUse: true, faults: [] }] });
    expect(result.configuration.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'as-generated'));
    expect((await installation.dkm('verify')).stdout).toContain('Everything is as it was installed.');
  });

  it('tells each fault, and nothing else', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const restore = await installation.snapshot();
    for (const [what, damage, expected] of FAULTS) {
      damage(installation);
      const { code, ok, versions, links, secrets, unread } = await verified(installation);
      const nothing = { versions: [{ version: '1.0.0', inUse: true, faults: [] }], links: [], secrets: [], unread: [] };
      const found = { versions: versions.map(({ version, inUse, faults }) => ({ version, inUse, faults })), links, secrets, unread };
      expect({ what, code, ok, ...found }).toEqual({ what, code: 1, ok: false, ...nothing, ...expected });
      await restore();
    }
  });

  it('lists edits as edits, and is content with them', async () => {
    const installation = await diagnosedInstallation({ start: false });
    installation.write('conf/store/store.toml', 'mine = true\n');
    installation.write('conf/query.yaml.new', 'listen: ""\n');
    installation.write('conf/mine.conf', 'mine\n');
    const { code, configuration } = await verified(installation);
    expect(code).toBe(0);
    expect(configuration.filter(({ state }) => state !== 'as-generated')).toEqual([
      { path: 'conf/mine.conf', state: 'not-generated' },
      { path: 'conf/query.yaml.new', state: 'waiting' },
      { path: 'conf/store/store.toml', state: 'edited' },
    ]);
    rmSync(join(installation.layout.conf, 'query.yaml'));
    expect(await verified(installation)).toMatchObject({
      code: 1,
      configuration: expect.arrayContaining([{ path: 'conf/query.yaml', state: 'missing' }]) as unknown,
    });
  });

  it('looks at every version that is kept', async () => {
    const { layout, ...installation } = await diagnosedInstallation({ start: false });
    const old = join(layout.versions, '0.9.0');
    mkdirSync(old);
    linkSync(join(layout.root, INSTALLED, 'bundle.json'), join(old, 'bundle.json'));
    const { code, versions } = await verified({ layout, ...installation });
    expect(code).toBe(1);
    expect(versions.map(({ version, inUse, faults }) => [version, inUse, faults.length > 0])).toEqual([
      ['0.9.0', false, true],
      ['1.0.0', true, false],
    ]);
  });

  it('works with a dangling current, with settings that cannot be read, and without them', async () => {
    const installation = await diagnosedInstallation({ start: false });
    const { layout } = installation;
    renameSync(join(layout.root, INSTALLED), join(layout.versions, 'moved'));
    const dangling = await verified(installation);
    expect(dangling).toMatchObject({
      code: 1,
      versions: [{ version: 'moved', inUse: false, faults: [] }],
      links: ['current: leads to versions/1.0.0, which is not there'],
    });
    renameSync(join(layout.versions, 'moved'), join(layout.root, INSTALLED));

    const settings = readFileSync(layout.settings, 'utf8');
    installation.write('conf/dkm.toml', `${settings}\n]`);
    expect(await verified(installation)).toMatchObject({
      code: 1,
      versions: [{ faults: [] }],
      unread: [expect.stringContaining('dkm.toml cannot be read') as string],
    });
    rmSync(layout.settings);
    expect(await verified(installation)).toMatchObject({ code: 1, versions: [{ faults: [] }] });
  });
});
