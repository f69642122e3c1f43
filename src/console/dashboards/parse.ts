import { displayOf, overridesOf } from './display.ts';
import { list, number, record, text, within, type Loose } from './loose.ts';
import type { Dashboard, Panel, PanelKind, Section } from './model.ts';
import { variablesOf } from './variables.ts';

/*
 * Grafana's dashboards (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/) as
 * far as the console draws them. Nothing in a file makes it fail: what is not known is named in its place.
 */

const MOST_PANELS = 200;

const KIND_OF: ReadonlyMap<string, PanelKind> = new Map([
  ['timeseries', 'timeseries'],
  ['graph', 'timeseries'],
  ['stat', 'stat'],
  ['singlestat', 'stat'],
  ['gauge', 'gauge'],
  ['bargauge', 'bars'],
  ['table', 'table'],
  ['table-old', 'table'],
  ['text', 'text'],
]);

/** Reads a dashboard; undefined for JSON that is none. Pure. */
export function parseDashboard(value: unknown, uidOtherwise: string): Dashboard | undefined {
  // What Grafana's API and exports have around it.
  const given = record(record(value)['dashboard'] ?? value);
  const title = text(given['title']).trim();
  if (title === '' || (!Array.isArray(given['panels']) && !Array.isArray(given['rows']))) return undefined;
  const { from, until } = rangeOf(record(given['time']));
  return {
    uid: uidOf(text(given['uid']), uidOtherwise),
    title: title.slice(0, 200),
    description: text(given['description']).slice(0, 1000),
    tags: list(given['tags'], 20).map((tag) => text(tag)),
    from,
    until,
    refreshS: secondsOf(text(given['refresh'])),
    variables: variablesOf(given['templating']),
    sections: sectionsOf(given),
    notes: notesOf(given),
  };
}

/** Grafana's uids are of these characters; anything else is made of the file's name. */
function uidOf(uid: string, otherwise: string): string {
  return /^[\w-]{1,80}$/.test(uid) ? uid : otherwise.replace(/[^\w-]/g, '-').slice(0, 80);
}

function notesOf(given: Loose): string[] {
  const annotations = list(record(given['annotations'])['list']).filter((one) => record(one)['builtIn'] !== 1 && record(one)['enable'] !== false);
  return annotations.length > 0 ? ['Annotations are not shown.'] : [];
}

/** `now-6h` as Graphite's `-6h`; dates as seconds since the epoch. Rounding (`now/d`) and sums are left out. Pure. */
export function graphiteTime(given: string): string | undefined {
  if (given === 'now') return 'now';
  const [, count, unit = ''] = /^(?:now)?-(\d{1,6})(s|m|min|h|d|w|M|mon|y)$/.exec(given) ?? [];
  if (count !== undefined) return `-${count}${{ m: 'min', M: 'mon' }[unit] ?? unit}`;
  const time = /^\d{13}$/.test(given) ? Number(given) : /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  return Number.isNaN(time) ? undefined : String(Math.floor(time / 1000));
}

function rangeOf(time: Loose): { from: string; until: string } {
  const [from, until] = [graphiteTime(text(time['from'])), graphiteTime(text(time['to'], 'now'))];
  return from === undefined || from === 'now' || until === undefined || until.startsWith('-') ? { from: '-6h', until: 'now' } : { from, until };
}

function secondsOf(refresh: string): number {
  const [, count, unit = 's'] = /^(\d{1,5})(s|m|h)$/.exec(refresh) ?? [];
  return count === undefined ? 0 : Math.max(5, Number(count) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 1));
}

function sectionsOf(given: Loose): Section[] {
  const sections: Section[] = [{ title: '', isCollapsed: false, panels: [] }];
  const panels = Array.isArray(given['panels']) ? byPlace(list(given['panels'], MOST_PANELS)) : fromRows(list(given['rows'], 50));
  for (const panel of panels) {
    if (panel['type'] !== 'row') {
      sections.at(-1)?.panels.push(panelOf(panel));
      continue;
    }
    const isCollapsed = panel['collapsed'] === true;
    sections.push({ title: text(panel['title']), isCollapsed, panels: byPlace(list(panel['panels'], MOST_PANELS)).map(panelOf) });
  }
  return sections.filter(({ title, panels: own }) => title !== '' || own.length > 0).map(fromTop);
}

/** The places of a section's panels, from its own beginning. */
function fromTop(section: Section): Section {
  const top = Math.min(...section.panels.map(({ place }) => place.y));
  return { ...section, panels: section.panels.map((panel) => ({ ...panel, place: { ...panel.place, y: panel.place.y - top } })) };
}

function byPlace(panels: readonly unknown[]): Loose[] {
  const at = (panel: Loose, key: string): number => number(record(panel['gridPos'])[key]) ?? 0;
  return panels.map(record).sort((a, b) => at(a, 'y') - at(b, 'y') || at(a, 'x') - at(b, 'x'));
}

/** Rows of Grafana before version 5: spans of twelve columns beside each other, heights in pixels. */
function fromRows(rows: readonly unknown[]): Loose[] {
  let top = 0;
  return rows.flatMap((given) => {
    const row = record(given);
    const height = Math.max(3, Math.round((number(text(row['height']).replace('px', '')) ?? 250) / 36));
    let x = 0;
    const panels = list(row['panels'], 50).map((one): Loose => {
      const w = within(record(one)['span'], 1, 12, 12) * 2;
      if (x + w > 24) [x, top] = [0, top + height];
      const gridPos = { x, y: top, w, h: height };
      x += w;
      return { ...record(one), gridPos };
    });
    top += height;
    const title = row['showTitle'] === false ? '' : text(row['title']);
    const isCollapsed = row['collapse'] === true;
    if (title === '' && !isCollapsed) return panels;
    return isCollapsed ? [{ type: 'row', title: title || 'Row', collapsed: true, panels }] : [{ type: 'row', title }, ...panels];
  });
}

function panelOf(given: Loose): Panel {
  const type = text(given['type'], 'none');
  const place = record(given['gridPos']);
  const w = within(place['w'], 1, 24, 12);
  const options = record(given['options']);
  const mode = text(options['mode'] ?? given['mode'], 'markdown');
  const { display, notes } = displayOf(given);
  const { overrides, notes: moreNotes } = overridesOf(given);
  const kind = KIND_OF.get(type) ?? 'unknown';
  const repeat = text(given['repeat']);
  return {
    id: within(given['id'], 0, 1e9, 0),
    kind,
    type,
    title: text(given['title']).slice(0, 300),
    description: text(given['description']).slice(0, 2000),
    place: { x: Math.min(24 - w, within(place['x'], 0, 23, 0)), y: within(place['y'], 0, 10_000, 0), w, h: within(place['h'], 1, 100, 8) },
    targets: targetsOf(given),
    display,
    overrides,
    link: linkOf(given),
    content: kind === 'text' ? text(options['content'] ?? given['content']) : '',
    isMarkdown: mode === 'markdown',
    repeat: /^\w+$/.test(repeat) ? { variable: repeat, isVertical: given['repeatDirection'] === 'v', most: within(given['maxPerRow'], 1, 24, 4) } : undefined,
    ownFrom: graphiteTime(text(given['timeFrom']).replace(/^(?=\d)/, '-')) ?? '',
    notes: [...panelNotes(given, kind, type, mode), ...(kind === 'unknown' ? [] : [...notes, ...moreNotes])],
  };
}

/** The first link of the series; those to other places than dashboards are left out. */
function linkOf(given: Loose): Panel['link'] {
  const { title, url } = record(list(record(record(given['fieldConfig'])['defaults'])['links'])[0]);
  return /^\/d\/[\w-]+/.test(text(url)) ? { title: text(title), url: text(url) } : undefined;
}

function panelNotes(given: Loose, kind: PanelKind, type: string, mode: string): string[] {
  const source = record(given['datasource'])['type'];
  return [
    ...(given['libraryPanel'] !== undefined ? ["It is kept in Grafana's library, which is not here."] : []),
    ...(kind === 'unknown' ? [`Panels of the type "${type}" are not known here.`] : []),
    ...(typeof source === 'string' && !['graphite', 'datasource', '-- Mixed --', 'grafana'].includes(source)
      ? [`Its data source "${source}" is not Graphite.`]
      : []),
    ...(kind === 'text' && mode === 'html' ? ['HTML is shown as text.'] : []),
    ...(text(given['timeShift']) !== '' ? ['It is not shifted in time.'] : []),
  ];
}

function targetsOf(given: Loose): Panel['targets'] {
  return list(given['targets'], 40).flatMap((one, index) => {
    const target = record(one);
    const expression = text(target['targetFull']) || text(target['target']);
    if (expression.trim() === '') return [];
    return [{ refId: text(target['refId']) || String.fromCharCode(65 + index), target: expression, isHidden: target['hide'] === true }];
  });
}
