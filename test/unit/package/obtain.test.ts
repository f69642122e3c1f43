import { describe, expect, it } from 'vitest';
import { DkmError } from '../../../src/base/errors.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { fetchContext } from '../../helpers/fetch-context.ts';
import { inParallel, missingError, obtainComponents, missingInBundle, type Missing } from '../../../src/package/obtain.ts';

function manifest(name: string, role: string, preference: number, more = ''): Manifest {
  return parseManifest(
    `name = "${name}"\ntitle = "T"\ndescription = "D"\nhomepage = "https://example.org"\nversion = "1.0"\nlicence = "MIT"\nrole = "${role}"\npreference = ${preference}\n${more}\n[[sources]]\nkind = "built-in"\n`,
    `${name}.toml`,
  );
}

const STORE = manifest('go-carbon', 'store', 1);
const OTHER_STORE = manifest('carbon-cache', 'store', 2);
const QUERY = manifest('carbonapi', 'query', 1);
const ALL = [STORE, OTHER_STORE, QUERY];

const missing = (of: Manifest, code: Missing['code'] = 'components-missing'): Missing => ({
  manifest: of,
  code,
  reasons: [
    { kind: 'http', source: 'https://example.org/x', code: 'download-failed', message: 'the host does not answer\nin detail' },
    { kind: 'go-module', source: 'Go module x', code: 'source-unavailable', message: 'go was not found', hint: 'Install Go.' },
  ],
});

describe('missingError', () => {
  const error = missingError(
    {
      missing: [missing(STORE), missing(QUERY)],
      empty: [
        { role: 'store', candidates: [STORE] },
        { role: 'query', candidates: [QUERY] },
      ],
    },
    ALL,
    false,
  );

  it('names every component, each source that was tried and why', () => {
    expect(error).toBeInstanceOf(DkmError);
    expect(error.code).toBe('components-missing');
    expect(error.message).toBe(`go-carbon 1.0 (store) cannot be had:
  - https://example.org/x
      the host does not answer
      in detail
  - Go module x
      go was not found
      → Install Go.
carbonapi 1.0 (query) cannot be had:
  - https://example.org/x
      the host does not answer
      in detail
  - Go module x
      go was not found
      → Install Go.`);
  });

  it('names the flags that would help', () => {
    expect(error.hint).toBe(`Any of these helps:
  --fallback takes carbon-cache in their place
  --provider store=carbon-cache takes it and no other
  --with go-carbon=PATH takes an archive, a folder or a program that you have
  --with carbonapi=PATH takes an archive, a folder or a program that you have
  --without go-carbon leaves it out
  --without carbonapi leaves it out`);
  });

  it('leaves out those that another took the place of', () => {
    const one = missingError({ missing: [missing(STORE), missing(QUERY)], empty: [{ role: 'query', candidates: [QUERY] }] }, ALL, true);
    expect(one.message).not.toContain('go-carbon 1.0');
  });

  it.each<[Missing['code'][], string]>([
    [['components-missing', 'verification-failed'], 'verification-failed'],
    [['verification-too-weak', 'components-missing'], 'components-missing'],
    [['verification-too-weak', 'verification-too-weak'], 'verification-too-weak'],
  ])('%j is %s', (codes, expected) => {
    const empty = [
      { role: 'store' as const, candidates: [STORE] },
      { role: 'query' as const, candidates: [QUERY] },
    ];
    expect(missingError({ missing: [missing(STORE, codes[0]), missing(QUERY, codes[1])], empty }, ALL, false).code).toBe(expected);
  });
});

describe('obtainComponents', () => {
  const elsewhere = manifest('go-carbon', 'store', 1, 'platforms = ["darwin-arm64"]');
  const choosy = manifest('carbonapi', 'query', 1, 'requires = { providers = { store = ["go-carbon"] } }');
  const web = manifest('graphite-web', 'query', 2);
  const obtain = async (candidates: Manifest[][]): ReturnType<typeof obtainComponents> =>
    obtainComponents(
      candidates.map((each) => ({ role: each[0]!.role, candidates: each })),
      await fetchContext(),
      { given: new Map(), jobs: 2 },
    );

  it('takes the next provider where the first does not go with the store that was had', async () => {
    const { obtained, missing, empty } = await obtain([
      [elsewhere, OTHER_STORE],
      [choosy, web],
    ]);
    expect(obtained.map((each) => each.manifest.name)).toEqual(['carbon-cache', 'graphite-web']);
    expect(missing.map((each) => each.reasons[0]?.message)).toEqual([
      'go-carbon does not run on linux-x64, only on darwin-arm64.',
      'T goes with go-carbon as store, not with carbon-cache.',
    ]);
    expect(empty).toEqual([]);
  });

  it('leaves the place empty, and says why, where there is no other', async () => {
    const { missing, empty } = await obtain([[OTHER_STORE], [choosy]]);
    expect(empty.map(({ role }) => role)).toEqual(['query']);
    expect(missingError({ missing, empty }, ALL, false).message).toContain('T goes with go-carbon as store, not with carbon-cache.');
  });
});

it('bundle.json keeps the first line of each reason', () => {
  expect(missingInBundle([missing(STORE)])).toEqual([{ name: 'go-carbon', role: 'store', reasons: ['the host does not answer', 'go was not found'] }]);
});

describe('inParallel', () => {
  it('keeps the order, and no more than so many at a time', async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([5, 1, 3, 2, 4], 2, async (number) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running -= 1;
      return number * 10;
    });
    expect(results).toEqual([50, 10, 30, 20, 40]);
    expect(most).toBe(2);
  });
});
