import type { Called, DashboardDefinition, LinkDefinition, PanelDefinition, RowDefinition, Site, TargetDefinition, VariableDefinition } from './vocabulary.ts';

/*
 * A definition as Grafana's JSON model
 * (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/). Nothing of it is
 * left to defaults that differ between versions; the uid of the data source is the provisioned one.
 */

type Json = Record<string, unknown>;

const DATASOURCE = { type: 'graphite', uid: 'graphite' };
const COLUMNS = 24;
/** Of all our dashboards: Grafana's menu of them is made by it. */
const TAG = 'dkm';
/** Version of the JSON model that this is written in; Grafana brings older ones up to date by itself. */
const SCHEMA_VERSION = 39;

/** The dashboard as Grafana reads it from a file. Pure. */
export function grafanaDashboard(definition: DashboardDefinition, site: Site): Json {
  return {
    uid: definition.uid,
    title: definition.title,
    description: definition.about,
    tags: [TAG],
    editable: false,
    graphTooltip: 1,
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    refresh: definition.refresh,
    time: { from: definition.from, to: 'now' },
    timezone: '',
    annotations: { list: [] },
    links: [toOthers(), toConsole(site)],
    templating: { list: definition.variables.map(variable) },
    panels: panelsOf(definition),
  };
}

function toOthers(): Json {
  return {
    ...LINK,
    type: 'dashboards',
    title: 'Dashboards of dkm',
    icon: 'dashboard',
    tags: [TAG],
    asDropdown: true,
    keepTime: true,
    includeVars: true,
    url: '',
  };
}

function toConsole({ consoleUrl }: Site): Json {
  const tooltip = 'Services, promises and what is not as it should be';
  return { ...LINK, type: 'link', title: 'dkm console', tooltip, icon: 'external link', url: consoleUrl, targetBlank: true };
}

const LINK = { tooltip: '', targetBlank: false, keepTime: false, includeVars: false, asDropdown: false, tags: [] as string[] };

function variable(given: VariableDefinition): Json {
  const common = { name: given.name, label: given.label, description: given.about, hide: 0, skipUrlSync: false };
  switch (given.kind) {
    case 'text':
      return { ...common, type: 'textbox', query: given.current, ...chosen(given.current) };
    case 'choice': {
      const [first] = given.choices;
      const query = given.choices.map(({ text, value }) => `${text} : ${value}`).join(',');
      const options = given.choices.map(({ text, value }, index) => ({ text, value, selected: index === 0 }));
      return { ...common, type: 'custom', query, current: { text: first?.text, value: first?.value }, options, multi: false, includeAll: false };
    }
    case 'names':
      return {
        ...common,
        type: 'query',
        datasource: DATASOURCE,
        // A query whose series' names are the choices; patterns of names alone cannot tell hosts of different depth.
        query: { refId: 'names', datasource: DATASOURCE, queryType: 'Metric Name', target: given.target, textEditor: true },
        definition: given.target,
        current: { text: given.current, value: given.current },
        options: [],
        refresh: 1,
        regex: '',
        sort: 0,
        multi: false,
        includeAll: false,
      };
    case 'resolution':
      return {
        ...common,
        type: 'interval',
        query: given.choices.join(','),
        auto: true,
        auto_count: 300,
        auto_min: given.finest,
        refresh: 2,
        current: { text: 'auto', value: `$__auto_interval_${given.name}` },
        options: [
          { text: 'auto', value: `$__auto_interval_${given.name}`, selected: true },
          ...given.choices.map((value) => ({ text: value, value, selected: false })),
        ],
      };
  }
}

function chosen(value: string): Json {
  return { current: { text: value, value }, options: [{ text: value, value, selected: true }] };
}

function panelsOf({ rows }: DashboardDefinition): Json[] {
  let id = 0;
  let top = 0;
  return rows.flatMap((row) => {
    const titles = row.title === '' ? [] : [rowTitle(row, (id += 1), top)];
    top += titles.length;
    const placed = places(row.panels, top);
    const panels = row.panels.map((panel, index) => panelOf(panel, (id += 1), placed.places[index] ?? { x: 0, y: top }));
    top = placed.bottom;
    // Of a closed row, its panels are its own.
    return row.isClosed === true && titles[0] !== undefined ? [{ ...titles[0], panels }] : [...titles, ...panels];
  });
}

function rowTitle({ title, isClosed = false }: RowDefinition, id: number, y: number): Json {
  return { id, type: 'row', title, collapsed: isClosed, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] };
}

/** From left to right, and on a new line where there is no room. */
function places(panels: readonly PanelDefinition[], top: number): { places: { x: number; y: number }[]; bottom: number } {
  let [x, y, tallest] = [0, top, 0];
  const all = panels.map(({ width, height }) => {
    if (x + width > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
    const place = { x, y };
    x += width;
    tallest = Math.max(tallest, height);
    return place;
  });
  return { places: all, bottom: y + tallest };
}

function panelOf(panel: PanelDefinition, id: number, { x, y }: { x: number; y: number }): Json {
  const gridPos = { x, y, w: panel.width, h: panel.height };
  if (panel.kind === 'text')
    return { id, type: 'text', title: panel.title, gridPos, options: { mode: 'markdown', content: panel.text }, fieldConfig: { defaults: {}, overrides: [] } };
  return {
    id,
    type: TYPES[panel.kind],
    title: panel.title,
    description: `${panel.about}\n\n**What to do:** ${panel.todo}`,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: optionsOf(panel),
    ...(panel.kind === 'table' && { transformations: [{ id: 'reduce', options: { reducers: [...panel.columns], mode: 'seriesToRows' } }] }),
    targets: panel.targets.map((target, index) => targetOf(target, panel, index)),
  };
}

const TYPES = { stat: 'stat', timeseries: 'timeseries', bars: 'bargauge', table: 'table' } as const;

type Drawn = Exclude<PanelDefinition, { kind: 'text' }>;

function targetOf(target: TargetDefinition, panel: Drawn, index: number): Json {
  const isSummarised = panel.kind === 'timeseries' && panel.isRaw !== true;
  const by = target.by ?? 'avg';
  const series = isSummarised ? `summarize(${target.series}, '$resolution', '${by}')` : target.series;
  return { refId: String.fromCharCode(65 + index), datasource: DATASOURCE, target: called(series, target.called, isSummarised), textEditor: true };
}

function called(series: string, name: Called, isSummarised: boolean): string {
  if (name === 'as-they-are') return isSummarised ? `aliasSub(${series}, '^summarize\\(([^,]*),.*$', '\\1')` : series;
  return 'nodes' in name ? `aliasByNode(${series}, ${name.nodes.join(', ')})` : `alias(${series}, '${name.text}')`;
}

function defaultsOf(panel: Drawn): Json {
  return {
    unit: panel.unit,
    ...(panel.decimals !== undefined && { decimals: panel.decimals }),
    ...(panel.min !== undefined && { min: panel.min }),
    ...(panel.max !== undefined && { max: panel.max }),
    ...(panel.nothing !== undefined && { noValue: panel.nothing }),
    color: { mode: panel.kind === 'timeseries' || panel.kind === 'table' ? 'palette-classic' : 'thresholds' },
    thresholds: { mode: 'absolute', steps: stepsOf(panel) },
    ...('link' in panel && panel.link !== undefined && { links: [dataLink(panel.link)] }),
    ...(panel.kind === 'timeseries' && { custom: lines(panel) }),
  };
}

function stepsOf({ thresholds = [], kind }: Drawn): Json[] {
  const first = thresholds[0]?.colour === 'green' ? 'red' : thresholds.length > 0 || kind === 'bars' ? 'green' : 'text';
  return [{ color: first, value: null }, ...thresholds.map(({ from, colour }) => ({ color: colour, value: from }))];
}

function dataLink({ title, uid, variable: name }: LinkDefinition): Json {
  return { title, url: `/d/${uid}?var-${name}=\${__field.displayName}`, targetBlank: false };
}

function lines({ isStacked = false, bridgeS, thresholds = [] }: Extract<Drawn, { kind: 'timeseries' }>): Json {
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: isStacked ? 25 : 8,
    showPoints: 'auto',
    spanNulls: bridgeS * 1000,
    stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: thresholds.length > 0 ? 'dashed' : 'off' },
  };
}

function optionsOf(panel: Drawn): Json {
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (panel.kind) {
    case 'stat':
      return { reduceOptions, colorMode: 'value', graphMode: 'area', textMode: 'auto', justifyMode: 'auto', orientation: 'auto' };
    case 'timeseries':
      return { legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: ['lastNotNull'] }, tooltip: { mode: 'multi', sort: 'desc' } };
    case 'bars':
      return {
        reduceOptions,
        orientation: 'horizontal',
        displayMode: 'basic',
        valueMode: 'color',
        namePlacement: 'auto',
        sizing: 'auto',
        minVizWidth: 8,
        minVizHeight: 16,
        maxVizHeight: 28,
      };
    case 'table':
      return { showHeader: true, cellHeight: 'sm' };
  }
}
