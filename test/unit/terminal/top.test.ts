import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { afterKey } from '../../../src/supervisor/commands/top.ts';
import type { QueryService } from '../../../src/terminal/query.ts';
import type { Series } from '../../../src/terminal/series.ts';
import { widthOf } from '../../../src/terminal/text.ts';
import { scrollOf, topFrame, type TopPicture, type TopView } from '../../../src/terminal/top/frame.ts';
import { figuresOfHosts, HostMemory, lookAtHosts, sortHosts, targetsOf, type HostFigures } from '../../../src/terminal/top/hosts.ts';
import { TOP_SORTS } from '../../../src/terminal/top/sorts.ts';
import { withoutColours } from './shapes.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', 'golden', 'terminal');
const NOW_MS = Date.UTC(2026, 10, 21, 16, 5, 9);
const NOW_S = NOW_MS / 1000;

const host = (name: string, more: Partial<HostFigures> = {}): HostFigures => ({
  name,
  ageSeconds: 4,
  load: 0.5,
  cores: 4,
  cpu: 12.4,
  memory: 40,
  disk: 61,
  received: 12_345,
  sent: 2_345_678,
  ...more,
});
const HOSTS = [
  host('web-1.example.org'),
  host('web-2.example.org', { cpu: 97, load: 9.25 }),
  host('db.example.org', { disk: 96.2, received: null, sent: null }),
  host('gone.example.org', { ageSeconds: 90_000, load: null, cores: null, cpu: null, memory: null, disk: null, received: null, sent: null }),
];
const service = (name: string, more: object = {}): TopPicture['services'][number] => ({
  name,
  role: 'store',
  state: 'RUNNING',
  health: 'healthy',
  reason: '',
  restarts: 0,
  uptimeSeconds: 4000,
  memoryBytes: 30 * 2 ** 20,
  ...more,
});
const PICTURE: TopPicture = {
  host: 'web-1.example.org',
  nowMs: NOW_MS,
  isWatched: true,
  services: [
    service('go-carbon'),
    service('carbonapi'),
    service('console', { health: 'unhealthy', reason: 'it does not answer' }),
    service('collectd', { state: 'STOPPED', health: 'unknown', uptimeSeconds: null, memoryBytes: null }),
  ],
  warnings: ['The disk of storage/ is nearly full.'],
  broken: [{ id: 'disk-space', severity: 'critical', message: 'storage: 1 GiB is free,\nless than 2 GiB.', sinceMs: NOW_MS - 3_700_000 }],
  hosts: HOSTS,
};
const VIEW: TopView = { width: 80, height: 24, colour: false, glyphs: 'braille', sort: 'worst', isReversed: false, scrolled: 0, isHelp: false, everyS: 5 };
const many = (count: number): HostFigures[] => Array.from({ length: count }, (_, index) => host(`host${index}.example.org`, { cpu: index % 101 }));

describe('a frame of dkm top', () => {
  const zone = process.env['TZ'];
  beforeAll(() => void (process.env['TZ'] = 'UTC'));
  afterAll(() => void (zone === undefined ? delete process.env['TZ'] : (process.env['TZ'] = zone)));

  it.each([
    ['top-80x24', PICTURE, VIEW],
    ['top-40x12', PICTURE, { ...VIEW, width: 40, height: 12 }],
    ['top-120x40', PICTURE, { ...VIEW, width: 120, height: 40 }],
    ['top-once', PICTURE, { ...VIEW, height: undefined, everyS: undefined }],
    ['top-hundreds', { ...PICTURE, hosts: many(300) }, { ...VIEW, scrolled: 100, sort: 'cpu' as const }],
    ['top-help', PICTURE, { ...VIEW, isHelp: true }],
    ['top-unreachable', { ...PICTURE, hosts: [], fault: 'The query service at http://store:15002 does not answer (connect ECONNREFUSED).' }, VIEW],
    [
      'top-nothing-runs',
      { ...PICTURE, isWatched: false, services: PICTURE.services.map((each) => ({ ...each, state: 'STOPPED', reason: '' })), broken: [], warnings: [] },
      VIEW,
    ],
    ['top-ascii', PICTURE, { ...VIEW, glyphs: 'ascii' as const, width: 60 }],
  ])('%s', async (name, picture, view) => {
    await expect(`${topFrame(picture, view).join('\n')}\n`).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
  });

  it('fits the terminal, whatever there is to show', () => {
    const text = fc.string({ maxLength: 100 });
    const anyPicture = fc.record({
      hosts: fc.array(
        fc.record({
          name: text,
          ageSeconds: fc.option(fc.nat()),
          load: fc.option(fc.double({ noNaN: true })),
          cores: fc.option(fc.nat()),
          cpu: fc.option(fc.nat(100)),
          memory: fc.option(fc.nat(100)),
          disk: fc.option(fc.nat(100)),
          received: fc.option(fc.double({ min: 0, noNaN: true })),
          sent: fc.option(fc.nat()),
        }),
        { maxLength: 40 },
      ),
      services: fc.array(
        text.map((reason) => service('a', { reason })),
        { maxLength: 12 },
      ),
      broken: fc.array(
        text.map((message) => ({ id: message.slice(0, 50), severity: 'warning', message, sinceMs: null })),
        { maxLength: 12 },
      ),
      warnings: fc.array(text, { maxLength: 3 }),
      fault: fc.option(text, { nil: undefined }),
    });
    const anyView = fc.record({
      width: fc.integer({ min: 1, max: 200 }),
      height: fc.integer({ min: 1, max: 60 }),
      colour: fc.boolean(),
      isHelp: fc.boolean(),
      scrolled: fc.nat(50),
      sort: fc.constantFrom(...TOP_SORTS),
    });
    fc.assert(
      fc.property(anyPicture, anyView, (picture, view) => {
        const lines = topFrame({ ...PICTURE, ...picture }, { ...VIEW, ...view });
        expect(lines.length).toBe(view.height);
        expect(Math.max(...lines.map((line) => widthOf(withoutColours(line))))).toBeLessThanOrEqual(view.width);
        expect(lines.map(withoutColours).join('')).not.toMatch(/[\u0000-\u001f]/);
      }),
      { numRuns: 300 },
    );
  });

  it('shows every one of hundreds of hosts to who scrolls', () => {
    const picture = { ...PICTURE, hosts: many(300) };
    const { page } = scrollOf(picture, VIEW);
    const seen = new Set<string>();
    let view: TopView = { ...VIEW, sort: 'name' };
    for (let pages = 0; pages <= 300 / page; pages += 1) {
      for (const line of topFrame(picture, view)) seen.add(/^host\d+\.example\.org/.exec(line)?.[0] ?? '');
      view = afterKey('page-down', view, picture);
    }
    seen.delete('');
    expect(seen.size).toBe(300);
    expect(afterKey('down', view, picture).scrolled).toBe(view.scrolled);
    expect(afterKey('home', view, picture).scrolled).toBe(0);
    expect(afterKey('up', { ...view, scrolled: 0 }, picture).scrolled).toBe(0);
  });

  it('sorts, turns round, looks more or less often, and helps, by keys', () => {
    const after = (...keys: string[]): TopView => keys.reduce((view, key) => afterKey(key, view, PICTURE), VIEW);
    expect(after('s').sort).toBe('name');
    expect(after('left').sort).toBe('age');
    expect(after(...TOP_SORTS.map(() => 's')).sort).toBe('worst');
    expect(after('r').isReversed).toBe(true);
    expect([after('+').everyS, after('-').everyS, after('+', '+', '+', '+').everyS]).toEqual([2, 10, 1]);
    expect([after('h').isHelp, after('?', 'escape').isHelp]).toEqual([true, false]);
    expect(after('x')).toBe(VIEW);
  });
});

describe('hosts', () => {
  const at = (name: string, value: number | null, age = 5): Series => ({ name, points: [[NOW_S - age, value]] });

  it('are put together from what collectd sends, by their names as people write them', () => {
    const web = 'collectd.org.example.web';
    const found = figuresOfHosts(
      'collectd',
      [
        at(`${web}.load.load.shortterm`, 1.5),
        at(`${web}.cpu.0.cpu.idle`, 80),
        at(`${web}.cpu.1.cpu.idle`, 40),
        at(`${web}.memory.percent.used`, 55),
        at(`${web}.df.root.percent_bytes.used`, 20),
        at(`${web}.df.srv.percent_bytes.used`, 70),
        at(`${web}.interface.eth0.if_octets.rx`, 100),
        at(`${web}.interface.eth1.if_octets.rx`, 50),
        at(`${web}.interface.lo.if_octets.rx`, 1e9),
        at(`${web}.interface.eth0.if_octets.tx`, 7),
        at('collectd.short.load.load.shortterm', 2, 40),
        at('collectd.silent.load.load.shortterm', null),
        at('other.web.load.load.shortterm', 2),
      ],
      NOW_S,
    );
    expect(found).toEqual([
      { name: 'web.example.org', ageSeconds: 5, load: 1.5, cores: 2, cpu: 40, memory: 55, disk: 70, received: 150, sent: 7 },
      { name: 'short', ageSeconds: 40, load: 2, cores: null, cpu: null, memory: null, disk: null, received: null, sent: null },
    ]);
  });

  it('come with the worst first', () => {
    expect(sortHosts(HOSTS, 'worst').map(({ name }) => name.split('.')[0])).toEqual(['gone', 'web-2', 'db', 'web-1']);
    expect(sortHosts(HOSTS, 'name').map(({ name }) => name.split('.')[0])).toEqual(['db', 'gone', 'web-1', 'web-2']);
    expect(sortHosts(HOSTS, 'disk', true).at(-1)?.name).toBe('db.example.org');
    expect(sortHosts(HOSTS, 'age')[0]?.name).toBe('gone.example.org');
  });

  it('that fell silent stay, with the age of their last point', async () => {
    let isSilent = false;
    const asked: string[][] = [];
    const query: QueryService = {
      url: '',
      find: () => Promise.resolve([]),
      render: (targets, fromS) => {
        asked.push([...targets]);
        const isLong = NOW_S - fromS > 100_000;
        const old = at('collectd.old.load.load.shortterm', 1, 10_000);
        const ancient = at('collectd.ancient.load.load.shortterm', null);
        return Promise.resolve([...(isSilent ? [] : [at('collectd.web.load.load.shortterm', 1)]), ...(isLong ? [old, ancient] : [])]);
      },
    };
    const memory = new HostMemory();
    const ages = async (later: number): Promise<Record<string, number | null>> =>
      Object.fromEntries((await lookAtHosts(query, 'collectd', NOW_MS + later * 1000, memory)).map(({ name, ageSeconds }) => [name, ageSeconds]));
    expect(await ages(0)).toEqual({ web: 5, old: 10_000, ancient: null });
    isSilent = true;
    expect(await ages(10)).toEqual({ web: 15, old: 10_010, ancient: null });
    expect(asked.length).toBe(3); // the long look is not repeated that soon
    expect(targetsOf('collectd')).toContain('collectd.*.*.*.load.load.shortterm');
  });
});
