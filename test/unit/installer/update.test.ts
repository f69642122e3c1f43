import { describe, expect, it } from 'vitest';
import { versionGate } from '../../../installer/update/gate.ts';
import { providersFor } from '../../../installer/update/providers.ts';
import type { Bundle } from '../../../src/contract/bundle.ts';
import type { Settings } from '../../../src/contract/settings.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';

describe('the version gate', () => {
  it.each([
    ['1.0.0', '1.0.1', 'newer'],
    ['1.0.0-rc.1', '1.0.0', 'newer'],
    ['1.9.0', '1.10.0', 'newer'],
    ['1.0.0', '1.0.0', 'other-build'],
  ])('lets %s become %s: %s', (from, to, expected) => {
    expect(versionGate({ version: from, bundle: 'a' }, { version: to, bundle: 'b' }, false)).toBe(expected);
  });

  it('knows the same build', () => {
    expect(versionGate({ version: '1.0.0', bundle: 'a' }, { version: '1.0.0', bundle: 'a' }, false)).toBe('same');
  });

  it.each([
    ['1.0.1', '1.0.0'],
    ['1.0.0', '1.0.0-rc.1'],
    ['1.0.0', 'yesterday'],
  ])('lets %s become %s when forced only', (from, to) => {
    const [present, offered] = [
      { version: from, bundle: 'a' },
      { version: to, bundle: 'b' },
    ];
    expect(() => versionGate(present, offered, false)).toThrow(/not newer/);
    expect(versionGate(present, offered, true)).toBe('older');
  });
});

const manifest = (name: string, role: string, preference: number, more = ''): ReturnType<typeof parseManifest> =>
  parseManifest(
    `name = "${name}"\ntitle = "${name}"\ndescription = "d"\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"\nrole = "${role}"\npreference = ${preference}\n${more}\n[[sources]]\nkind = "built-in"\n`,
    `${name}.toml`,
  );
const MANIFESTS = [
  manifest('first-store', 'store', 1),
  manifest('second-store', 'store', 2),
  manifest('picky', 'query', 1, 'requires = { providers = { store = ["first-store"] } }'),
  manifest('easy', 'query', 2),
];

function providers(there: Record<string, string>, bundled: string[], given: Record<string, string> = {}): ReturnType<typeof providersFor> {
  const settings: Settings = { ...fixedSettings('all'), install: { ...fixedSettings('all').install, type: 'backend', providers: there } };
  const bundle = { components: bundled.map((name) => ({ name })) } as unknown as Bundle;
  return providersFor(settings, { bundle, manifests: MANIFESTS }, given);
}

describe('after an update', () => {
  it('each role has the provider it had, also where the bundle has a better one', () => {
    const { choice, changed, shortcomings } = providers({ store: 'second-store', query: 'easy' }, ['first-store', 'second-store', 'picky', 'easy']);
    expect(choice.providers).toEqual({ store: 'second-store', query: 'easy' });
    expect([changed, shortcomings, choice.lacking]).toEqual([[], [], []]);
  });

  it('a provider that is gone is replaced by the one that was named, and not by another', () => {
    const refused = providers({ store: 'second-store', query: 'easy' }, ['first-store', 'easy']);
    expect(refused.shortcomings).toMatchObject([
      { problem: expect.stringContaining('second-store') as string, hint: expect.stringContaining('--provider store=first-store') as string },
    ]);
    const named = providers({ store: 'second-store', query: 'easy' }, ['first-store', 'easy'], { store: 'first-store' });
    expect(named).toMatchObject({ shortcomings: [], changed: [{ role: 'store', from: 'second-store', to: 'first-store' }] });
  });

  it('a role that has no provider yet gets one; one that the type has not, cannot have one', () => {
    expect(providers({ store: 'first-store' }, ['first-store', 'easy']).changed).toEqual([{ role: 'query', from: undefined, to: 'easy' }]);
    expect(providers({ store: 'first-store', query: 'easy' }, ['first-store', 'easy'], { dashboards: 'x' }).shortcomings).toHaveLength(1);
  });

  it('providers that do not go together are refused', () => {
    const { shortcomings } = providers({ store: 'second-store', query: 'easy' }, ['second-store', 'picky', 'easy'], { query: 'picky' });
    expect(shortcomings).toMatchObject([{ problem: expect.stringContaining('picky goes with first-store') as string }]);
  });
});
