import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../src/manifest/load.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { selectComponents, type SelectionRequest } from '../../../src/package/select.ts';

function manifest(name: string, role: string, preference: number, more = ''): Manifest {
  return parseManifest(
    `name = "${name}"\ntitle = "T"\ndescription = "D"\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"\nrole = "${role}"\npreference = ${preference}\n${more}\n[[sources]]\nkind = "built-in"\n`,
    `${name}.toml`,
  );
}

const MANIFESTS = [
  manifest('node', 'runtime', 1),
  manifest('go-carbon', 'store', 1),
  manifest('carbon-cache', 'store', 2),
  manifest('grafana', 'dashboards', 1),
  manifest('console', 'dashboards', 2),
  manifest('experimental', 'store', 3, 'default = false'),
  manifest('telegraf', 'extra', 1, 'default = false'),
  manifest('rotator', 'extra', 2),
];

const PLAIN: SelectionRequest = { platform: 'linux-x64', providers: [], given: [], without: [], fallback: false };

function chosen(request: Partial<SelectionRequest>): string[] {
  return selectComponents(MANIFESTS, { ...PLAIN, ...request }).map(({ role, candidates }) => `${role}: ${candidates.map(({ name }) => name).join(' | ')}`);
}

describe('selectComponents', () => {
  it('takes what runs beside the provider of its role, whoever that is, unless it is left out', () => {
    const manifests = MANIFESTS.map((each) => (each.name === 'console' ? { ...each, beside: true } : each));
    const names = (without: string[]): string[] =>
      selectComponents(manifests, { ...PLAIN, without }).map(({ role, candidates }) => `${role}: ${candidates.map(({ name }) => name).join(' | ')}`);
    expect(names([]).slice(-3)).toEqual(['dashboards: grafana', 'extra: rotator', 'extra: console']);
    expect(names(['grafana'])).toContain('extra: console');
    expect(names(['console'])).not.toContain('extra: console');
  });

  it.each<[title: string, request: Partial<SelectionRequest>, expected: string[]]>([
    ['takes the first provider of each role', {}, ['runtime: node', 'store: go-carbon', 'dashboards: grafana', 'extra: rotator']],
    [
      'lets later providers stand in with --fallback',
      { fallback: true },
      ['runtime: node', 'store: go-carbon | carbon-cache', 'dashboards: grafana | console', 'extra: rotator'],
    ],
    [
      '--provider decides, whatever --fallback says',
      { fallback: true, providers: [{ role: 'store', name: 'carbon-cache' }] },
      ['runtime: node', 'store: carbon-cache', 'dashboards: grafana | console', 'extra: rotator'],
    ],
    ['--with is a choice too', { given: ['console'] }, ['runtime: node', 'store: go-carbon', 'dashboards: console', 'extra: rotator']],
    [
      '--with and --provider may agree',
      { given: ['console'], providers: [{ role: 'dashboards', name: 'console' }] },
      ['runtime: node', 'store: go-carbon', 'dashboards: console', 'extra: rotator'],
    ],
    ['--without leaves the place empty', { without: ['grafana', 'rotator'] }, ['runtime: node', 'store: go-carbon']],
    [
      '--without and --fallback leave it to the others',
      { without: ['grafana'], fallback: true },
      ['runtime: node', 'store: go-carbon | carbon-cache', 'dashboards: console', 'extra: rotator'],
    ],
    [
      'an extra that is off by default comes with --with',
      { given: ['telegraf'] },
      ['runtime: node', 'store: go-carbon', 'dashboards: grafana', 'extra: telegraf', 'extra: rotator'],
    ],
    [
      'or with --provider extra=NAME',
      { providers: [{ role: 'extra', name: 'telegraf' }] },
      ['runtime: node', 'store: go-carbon', 'dashboards: grafana', 'extra: telegraf', 'extra: rotator'],
    ],
    ['and so does a provider', { given: ['experimental'] }, ['runtime: node', 'store: experimental', 'dashboards: grafana', 'extra: rotator']],
  ])('%s', (_title, request, expected) => {
    expect(chosen(request)).toEqual(expected);
  });

  it.each<[request: Partial<SelectionRequest>, message: RegExp]>([
    [{ given: ['graphana'] }, /--with: there is no component graphana/],
    [{ without: ['graphana'] }, /--without: there is no component graphana/],
    [{ providers: [{ role: 'store', name: 'nothing' }] }, /--provider: there is no component nothing/],
    [{ providers: [{ role: 'stores', name: 'go-carbon' }] }, /there is no role stores/],
    [{ providers: [{ role: 'store', name: 'grafana' }] }, /grafana is a provider of dashboards, not of store/],
    [{ given: ['go-carbon', 'carbon-cache'] }, /The role store is asked to be filled by go-carbon and carbon-cache/],
    [{ given: ['go-carbon'], providers: [{ role: 'store', name: 'carbon-cache' }] }, /filled by carbon-cache and go-carbon/],
    [{ given: ['grafana'], without: ['grafana'] }, /grafana is asked for and left out/],
    [{ without: ['node'] }, /--without node: dkm's own executable is made of it/],
  ])('refuses %j', (request, message) => {
    expect(() => chosen(request)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) as string, hint: expect.any(String) as string }),
    );
  });
});
