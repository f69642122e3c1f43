import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dashboard, Panel } from '../../../../src/console/dashboards/model.ts';
import { graphiteTime, parseDashboard } from '../../../../src/console/dashboards/parse.ts';
import { isKnownUnit } from '../../../../src/console/page/units.ts';
import { dashboardFile, DASHBOARDS } from '../../../../src/dashboards/dashboards.ts';

const read = (value: object): Dashboard => parseDashboard({ title: 'T', panels: [], ...value }, 'file')!;
const panel = (value: object): Panel => read({ panels: [value] }).sections[0]!.panels[0]!;
const notes = (value: object): string[] => panel(value).notes;

describe('the shipped dashboards', () => {
  const site = { host: { name: 'host.example.org', reversed: 'org.example.host' }, consoleUrl: 'http://host.example.org:15005/' };
  const stores = [{ store: 'go-carbon', query: 'carbonapi' }, { store: 'carbon-cache', query: 'graphite-web' }, {}];
  it.each(Object.keys(DASHBOARDS).flatMap((name) => stores.map((providers) => ({ name, providers }))))(
    '$name is shown without anything left out, with $providers',
    ({ name, providers }) => {
      const dashboard = parseDashboard(JSON.parse(dashboardFile(name, { ...site, providers })!), 'file')!;
      expect(dashboard).toMatchObject({ notes: [], uid: expect.stringMatching(/^dkm-/) as string });
      expect(dashboard.variables.filter(({ kind, note }) => kind === 'unknown' || note !== '')).toEqual([]);
      const panels = dashboard.sections.flatMap((section) => section.panels);
      expect(panels.length).toBeGreaterThan(5);
      expect(panels.filter(({ kind }) => kind === 'unknown')).toEqual([]);
      expect(panels.flatMap((one) => one.notes)).toEqual([]);
      const units = panels.flatMap(({ kind, display }) => (kind === 'text' ? [] : [display.unit]));
      expect(units.filter((unit) => !isKnownUnit(unit))).toEqual([]);
    },
  );
});

describe('a dashboard', () => {
  it.each([null, 3, 'x', [], {}, { title: '' }, { title: 'T' }, { panels: [] }, { title: 'T', panels: {} }])('is none: %j', (value) => {
    expect(parseDashboard(value, 'file')).toBeUndefined();
  });

  it('is also one inside what the API and exports have around it', () => {
    expect(parseDashboard({ meta: {}, dashboard: { title: 'T', uid: 'u', panels: [] } }, 'file')).toMatchObject({ title: 'T', uid: 'u' });
  });

  it('gets a uid from its file when its own cannot stand in an address', () => {
    expect(parseDashboard({ title: 'T', uid: '../x', panels: [] }, 'my board')?.uid).toBe('my-board');
  });

  it.each([
    ['now-6h', '-6h'],
    ['now-5m', '-5min'],
    ['now-2M', '-2mon'],
    ['-1h', '-1h'],
    ['now', 'now'],
    ['1795000000000', '1795000000'],
    ['2026-11-21T00:00:00Z', '1795219200'],
    ['now/d', undefined],
    ['now-1h/h', undefined],
    ['', undefined],
  ])('has times: %s', (given, expected) => expect(graphiteTime(given)).toBe(expected));

  it.each([
    [{ from: 'now-6h', to: 'now' }, '-6h', 'now'],
    [{ from: 'now/d', to: 'now/d' }, '-6h', 'now'],
    [{ from: 'now-2d', to: 'now-1d' }, '-6h', 'now'],
    [{}, '-6h', 'now'],
  ])('has a range: %j', (time, from, until) => expect(read({ time })).toMatchObject({ from, until }));

  it.each([
    ['10s', 10],
    ['1m', 60],
    ['1s', 5],
    ['', 0],
    ['auto', 0],
    [false, 0],
  ])('is refreshed: %j', (refresh, refreshS) => expect(read({ refresh })).toMatchObject({ refreshS }));

  it('has sections by its rows, with places from their own beginning', () => {
    const { sections } = read({
      panels: [
        { type: 'stat', title: 'after', gridPos: { x: 0, y: 9, w: 6, h: 4 } },
        { type: 'row', title: 'R', collapsed: false, gridPos: { x: 0, y: 8, w: 24, h: 1 } },
        { type: 'stat', title: 'before', gridPos: { x: 0, y: 0, w: 6, h: 4 } },
        { type: 'row', title: 'C', collapsed: true, gridPos: { y: 20 }, panels: [{ type: 'text', title: 'inside', gridPos: { y: 21 } }] },
      ],
    });
    expect(sections.map(({ title, isCollapsed, panels }) => [title, isCollapsed, panels.map((one) => [one.title, one.place.y])])).toEqual([
      ['', false, [['before', 0]]],
      ['R', false, [['after', 0]]],
      ['C', true, [['inside', 0]]],
    ]);
  });

  it('of the old form has rows with spans', () => {
    const { sections } = read({
      panels: undefined,
      rows: [
        {
          height: '180px',
          panels: [
            { type: 'graph', span: 8 },
            { type: 'graph', span: 4 },
            { type: 'graph', span: 6 },
          ],
        },
      ],
    });
    expect(sections[0]!.panels.map(({ place }) => place)).toEqual([
      { x: 0, y: 0, w: 16, h: 5 },
      { x: 16, y: 0, w: 8, h: 5 },
      { x: 0, y: 5, w: 12, h: 5 },
    ]);
  });

  it('has bounds for places', () => {
    expect(panel({ type: 'stat', gridPos: { x: 99, y: -5, w: 1e9, h: '3' } }).place).toEqual({ x: 0, y: 0, w: 24, h: 3 });
  });
});

describe('a panel', () => {
  it.each([
    ['timeseries', 'timeseries'],
    ['graph', 'timeseries'],
    ['singlestat', 'stat'],
    ['table', 'table'],
    ['text', 'text'],
    ['heatmap', 'unknown'],
    ['constructor', 'unknown'],
    [undefined, 'unknown'],
  ])('of type %s is drawn as %s', (type, kind) => expect(panel({ type }).kind).toBe(kind));

  it.each([
    [{ type: 'heatmap' }, 'Panels of the type "heatmap" are not known here.'],
    [{ type: 'stat', datasource: { type: 'prometheus' } }, 'Its data source "prometheus" is not Graphite.'],
    [{ type: 'stat', transformations: [{ id: 'merge' }] }, 'Transformations are not done.'],
    [{ type: 'stat', timeShift: '1d' }, 'It is not shifted in time.'],
    [{ type: 'text', options: { mode: 'html', content: '<script>' } }, 'HTML is shown as text.'],
    [{ type: 'stat', libraryPanel: {} }, "It is kept in Grafana's library, which is not here."],
    [
      { type: 'timeseries', fieldConfig: { overrides: [{ matcher: { id: 'byType', options: 'number' }, properties: [] }] } },
      'What is said for series "byType" is not used.',
    ],
    [
      { type: 'timeseries', fieldConfig: { overrides: [{ matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'custom.lineStyle' }] }] } },
      '"custom.lineStyle" for single series is not used.',
    ],
    [{ type: 'stat', fieldConfig: { defaults: { mappings: [{ type: 'range' }] } } }, 'Words for values by range are not used.'],
  ])('says what it cannot do: %j', (value, note) => expect(notes(value)).toContain(note));

  it('has the targets that are whole, hidden ones as such', () => {
    const targets = [{ refId: 'A', target: 'a' }, { target: '' }, { target: '#A', targetFull: 'scale(a, 2)', hide: true }, null];
    expect(panel({ type: 'stat', targets }).targets).toEqual([
      { refId: 'A', target: 'a', isHidden: false },
      { refId: 'C', target: 'scale(a, 2)', isHidden: true },
    ]);
  });

  it("has what today's panels say of values", () => {
    const { display, overrides } = panel({
      type: 'timeseries',
      fieldConfig: {
        defaults: {
          unit: 'bytes',
          decimals: 2,
          min: 0,
          max: 10,
          thresholds: {
            mode: 'percentage',
            steps: [
              { color: 'green', value: null },
              { color: 'red', value: 80 },
            ],
          },
          custom: {
            drawStyle: 'bars',
            lineWidth: 2,
            fillOpacity: 40,
            spanNulls: 3600000,
            stacking: { mode: 'normal' },
            thresholdsStyle: { mode: 'line' },
            scaleDistribution: { type: 'log' },
          },
          mappings: [{ type: 'value', options: { '0': { text: 'down', color: 'red' } } }],
          color: { mode: 'fixed', fixedColor: 'blue' },
        },
        overrides: [
          {
            matcher: { id: 'byRegexp', options: '/x/' },
            properties: [
              { id: 'unit', value: 's' },
              { id: 'color', value: { fixedColor: 'red' } },
              { id: 'custom.transform', value: 'negative-Y' },
            ],
          },
        ],
      },
      options: { legend: { displayMode: 'table', calcs: ['mean', 'lastNotNull', 'odd'] } },
    });
    expect(display).toMatchObject({
      unit: 'bytes',
      decimals: 2,
      min: 0,
      max: 10,
      thresholdsInPercent: true,
      thresholdsDrawn: true,
      draw: 'bars',
      fill: 0.4,
      isBridged: true,
      isStacked: true,
      isLog: true,
      legend: 'table',
      calcs: ['last', 'mean'],
      colour: 'blue',
      words: [{ value: '0', text: 'down', colour: 'red' }],
    });
    expect(overrides).toEqual([{ by: 'regexp', text: '/x/', unit: 's', colour: 'red', isBelow: true }]);
  });

  it('of the old kinds has what they said', () => {
    const graph = panel({
      type: 'graph',
      stack: true,
      fill: 5,
      nullPointMode: 'connected',
      yaxes: [{ format: 'bps', logBase: 10, min: '0' }],
      legend: { show: true, values: true, max: true },
      aliasColors: { a: '#fff' },
      seriesOverrides: [{ alias: '/b/', yaxis: 2 }],
    });
    expect(graph.display).toMatchObject({ unit: 'bps', min: 0, isLog: true, isStacked: true, fill: 0.5, isBridged: true, calcs: ['max'] });
    expect(graph.overrides).toEqual([
      { by: 'regexp', text: '/b/' },
      { by: 'name', text: 'a', colour: '#fff' },
    ]);
    const stat = panel({ type: 'singlestat', format: 's', valueName: 'avg', thresholds: '10,20', colors: ['green', 'orange', 'red'], colorValue: true });
    expect(stat.display).toMatchObject({
      unit: 's',
      calcs: ['mean'],
      thresholds: [
        { from: null, colour: 'green' },
        { from: 10, colour: 'orange' },
        { from: 20, colour: 'red' },
      ],
    });
  });
});

describe('a table', () => {
  const reduce = (options: object): object => ({ type: 'table', transformations: [{ id: 'reduce', options }] });
  it('has the columns that its series are reduced to', () => {
    const table = panel(reduce({ mode: 'seriesToRows', reducers: ['lastNotNull', 'min'] }));
    expect(table).toMatchObject({ notes: [], display: { calcs: ['last', 'min'] } });
  });
  it('that is made otherwise says so', () => expect(notes(reduce({ mode: 'reduceFields', reducers: ['max'] }))).toEqual(['Transformations are not done.']));
});

describe('the link of a series', () => {
  const linked = (url: string): unknown => panel({ type: 'bargauge', fieldConfig: { defaults: { links: [{ title: 'This host', url }] } } }).link;
  it('leads to a dashboard', () => expect(linked('/d/dkm-this-host?var-host=x')).toEqual({ title: 'This host', url: '/d/dkm-this-host?var-host=x' }));
  it.each(['https://example.org/', 'javascript:alert(1)', '//example.org/d/x', ''])('and to nothing else: %j', (url) => expect(linked(url)).toBeUndefined());
});

describe('variables', () => {
  const variable = (value: object): Dashboard['variables'][number] => read({ templating: { list: [{ name: 'v', ...value }] } }).variables[0]!;
  it.each([
    [
      { type: 'query', query: 'a.*', regex: '/x/', multi: true, includeAll: true, current: { value: ['$__all'] } },
      { kind: 'query', query: 'a.*', isMulti: true, hasAll: true, current: ['$__all'] },
    ],
    [
      { type: 'query', query: { query: 'a.*', refId: 'x' } },
      { query: 'a.*', current: [], isRendered: false },
    ],
    [
      { type: 'query', query: { target: 'aliasByNode(a.*, 1)', queryType: 'Metric Name' } },
      { query: 'aliasByNode(a.*, 1)', isRendered: true },
    ],
    [
      { type: 'custom', query: 'a, Name : b,c\\,d' },
      {
        choices: [
          { text: 'a', value: 'a' },
          { text: 'Name', value: 'b' },
          { text: 'c,d', value: 'c,d' },
        ],
        current: ['a'],
      },
    ],
    [
      { type: 'interval', query: '1m,5m', auto: true, current: { value: '$__auto_interval_v' } },
      { choices: [{ value: '$__auto' }, { value: '1m' }, { value: '5m' }], current: ['$__auto'], auto: { count: 30, finest: '10s' } },
    ],
    [
      { type: 'textbox', query: 'x' },
      { kind: 'textbox', current: ['x'] },
    ],
    [
      { type: 'constant', query: 'x' },
      { isHidden: true, current: ['x'] },
    ],
    [
      { type: 'datasource', query: 'graphite', current: { value: 'g' } },
      { kind: 'unknown', note: 'The variable "v" is of the kind "datasource", which is not known here: it keeps its value.', current: ['g'] },
    ],
  ])('are read: %j', (given, expected) => expect(variable(given)).toMatchObject(expected));
});

it('whatever a file holds, nothing fails', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, '', 'row', 'graph', 'timeseries', 'x'.repeat(50)),
      fc.double(),
      tie('record'),
      fc.array(tie('any'), { maxLength: 4 }),
    ),
    record: fc.dictionary(
      fc.constantFrom(
        'type',
        'title',
        'panels',
        'rows',
        'gridPos',
        'x',
        'y',
        'w',
        'h',
        'targets',
        'target',
        'fieldConfig',
        'defaults',
        'overrides',
        'matcher',
        'id',
        'options',
        'properties',
        'templating',
        'list',
        'name',
        'current',
        'value',
        'mappings',
        'thresholds',
        'steps',
        'legend',
        'time',
        'from',
        'span',
        'height',
      ),
      tie('any'),
      { maxKeys: 8 },
    ),
  })).record;
  fc.assert(
    fc.property(value, (given) => {
      const dashboard = parseDashboard({ panels: [], ...(given as object), title: 'T' }, 'file');
      if (dashboard !== undefined) JSON.stringify(dashboard);
    }),
    { numRuns: 300 },
  );
});
