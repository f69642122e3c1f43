import type { RenderedSeries } from '../answers.ts';
import type { Dashboard, Panel, Section } from '../dashboards/model.ts';
import { Failure, getJson } from './answer.ts';
import { drawnPanel, type DrawnPanel, type PanelSeries } from './dashboards-panel.ts';
import { loadChoices, showVariables } from './dashboards-fields.ts';
import { fillIn, valuesOf, withIntervals, withReferences, type Chosen } from './dashboards-variables.ts';
import { byId, make, showNotice } from './elements.ts';
import { REFRESHES, spanOf } from './explorer-state.ts';
import { repeat } from './repeat.ts';

/* One dashboard. Its variables and its range stand in the address, as Grafana has them: var-<name>, from and to. */

const RANGES = ['-15min', '-1h', '-6h', '-24h', '-7d', '-30d'];
const WORDS: Record<string, string> = { '-15min': '15 min', '-1h': '1 h', '-6h': '6 h', '-24h': '24 h', '-7d': '7 d', '-30d': '30 d' };
const ASKED_AT_ONCE = 4;
const POINTS = 600;

interface Shown {
  panel: Panel;
  drawn: DrawnPanel;
  chosen: Chosen;
  isInView: boolean;
}

const uid = byId('dashboard').dataset['uid'] ?? '';
let dashboard: Dashboard;
let chosen: Chosen = {};
let range = { from: '-6h', until: 'now' };
let refreshS = 0;
let shown: Shown[] = [];
let round = 0;
let refreshNow: () => void = () => {};

function readAddress(): void {
  const params = new URLSearchParams(location.search);
  for (const { name } of dashboard.variables) {
    const values = params.getAll(`var-${name}`);
    if (values.length > 0) chosen[name] = values;
  }
  const [from, until] = [params.get('from') ?? dashboard.from, params.get('to') ?? dashboard.until];
  range = /^(-\d{1,6}(s|min|h|d|w|mon|y)|\d{9,11})$/.test(from)
    ? { from, until: /^\d{9,11}$/.test(until) && /^\d/.test(from) ? until : 'now' }
    : { from: '-6h', until: 'now' };
  refreshS = Number(params.get('refresh') ?? dashboard.refreshS);
}

function writeAddress(as: 'step' | 'detail'): void {
  const params = new URLSearchParams(Object.entries(chosen).flatMap(([name, values]) => values.map((value) => [`var-${name}`, value])));
  params.set('from', range.from);
  params.set('to', range.until);
  params.set('refresh', String(refreshS));
  const depth = Number((history.state as { depth?: number } | null)?.depth ?? 0);
  const address = `${location.pathname}?${params.toString()}`;
  if (as === 'step') history.pushState({ depth: depth + 1 }, '', address);
  else history.replaceState(history.state, '', address);
  showControls();
}

/** A panel once, or once for each value of the variable that it is repeated for. */
function copiesOf(panel: Panel): { panel: Panel; chosen: Chosen }[] {
  const variable = dashboard.variables.find(({ name }) => name === panel.repeat?.variable);
  if (panel.repeat === undefined || variable === undefined) return [{ panel, chosen: {} }];
  const values = valuesOf({ ...variable, allValue: '' }, chosen[variable.name] ?? variable.current).slice(0, 50);
  const { isVertical, most } = panel.repeat;
  const perRow = isVertical ? 1 : Math.min(most, Math.max(1, values.length));
  const w = isVertical ? panel.place.w : Math.floor(24 / perRow);
  return values.map((value, index) => ({
    panel: {
      ...panel,
      place: { ...panel.place, w, x: isVertical ? panel.place.x : (index % perRow) * w, y: panel.place.y + Math.floor(index / perRow) * panel.place.h },
    },
    chosen: { [variable.name]: [value] },
  }));
}

/** Panels with their copies; what is below a panel that became several rows moves down. */
function placed(panels: readonly Panel[]): { panel: Panel; chosen: Chosen }[] {
  let down = 0;
  return panels.flatMap((panel) => {
    const copies = copiesOf(panel).map((copy) => ({ ...copy, panel: { ...copy.panel, place: { ...copy.panel.place, y: copy.panel.place.y + down } } }));
    const rows = new Set(copies.map(({ panel: { place } }) => place.y)).size;
    down += Math.max(0, rows - 1) * panel.place.h;
    return copies;
  });
}

function build(): void {
  shown = [];
  byId('dashboard').replaceChildren(...dashboard.sections.map(sectionElement));
  const observer = new IntersectionObserver(
    (entries) => {
      let isNews = false;
      for (const { target, isIntersecting } of entries) {
        const own = shown.find(({ drawn }) => drawn.element === target);
        if (own === undefined) continue;
        isNews ||= isIntersecting && !own.isInView;
        own.isInView = isIntersecting;
      }
      if (isNews) refreshNow();
    },
    { rootMargin: '300px' },
  );
  for (const { drawn } of shown) observer.observe(drawn.element);
}

function sectionElement(section: Section): HTMLElement {
  const grid = make('div', { class: 'panels' });
  for (const { panel, chosen: own } of placed(section.panels)) {
    const title = fillIn(panel.title, dashboard.variables, { ...chosen, ...own });
    const filled = { ...panel, content: fillIn(panel.content, dashboard.variables, chosen) };
    const drawn = drawnPanel(filled, title, (from, until) => {
      range = { from: String(from), until: String(until) };
      writeAddress('step');
      refreshNow();
    });
    const { x, y, w, h } = panel.place;
    drawn.element.style.setProperty('--column', `${x + 1} / span ${w}`);
    drawn.element.style.setProperty('--row', `${y + 1} / span ${h}`);
    shown.push({ panel, drawn, chosen: own, isInView: false });
    grid.append(drawn.element);
  }
  if (section.title === '') return grid;
  const details = make('details', { class: 'row-section' }, make('summary', {}, make('h2', {}, fillIn(section.title, dashboard.variables, chosen))), grid);
  details.open = !section.isCollapsed;
  return details;
}

async function refresh(): Promise<void> {
  round += 1;
  const own = round;
  // What is not in sight is not asked for: dashboards are long.
  const waiting = shown.filter(({ isInView, panel }) => isInView && panel.kind !== 'text' && panel.kind !== 'unknown');
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && own === round; next = waiting.shift()) await fill(next, () => own === round);
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, work));
}

async function fill({ panel, drawn, chosen: own }: Shown, isCurrent: () => boolean): Promise<void> {
  const span = spanOf(panel.ownFrom === '' ? range : { from: panel.ownFrom, until: 'now' }, Date.now());
  const targets = withReferences(panel.targets).map((target, index) => ({
    ...panel.targets[index],
    target: fillIn(target, dashboard.variables, withIntervals(dashboard.variables, { ...chosen, ...own }, span.until - span.from)),
  }));
  const asked = targets.filter(({ isHidden }) => isHidden !== true);
  const answers = await Promise.all(asked.map(({ target, refId }) => ask(target, refId ?? '', span)));
  if (!isCurrent()) return;
  drawn.show(
    answers.flatMap(({ series }) => series),
    answers.flatMap(({ problem }) => (problem === '' ? [] : [problem])),
    span,
  );
}

async function ask(target: string, refId: string, span: { from: number; until: number }): Promise<{ series: PanelSeries[]; problem: string }> {
  const search = new URLSearchParams({ target, from: String(span.from), until: String(span.until), maxDataPoints: String(POINTS) });
  try {
    const series = await getJson<RenderedSeries[]>(`/api/render?${search.toString()}`);
    return { series: series.map((one) => ({ ...one, refId })), problem: '' };
  } catch (error) {
    return { series: [], problem: `${refId}: ${error instanceof Failure ? error.message : 'The console could not be asked.'}` };
  }
}

function showControls(): void {
  const known = RANGES.includes(range.from) || range.until !== 'now' ? RANGES : [...RANGES, range.from];
  byId('ranges').replaceChildren(
    ...known.map((from) => {
      const button = make('button', { type: 'button', 'aria-pressed': String(range.until === 'now' && range.from === from) }, WORDS[from] ?? from.slice(1));
      button.addEventListener('click', () => {
        range = { from, until: 'now' };
        writeAddress('step');
        refreshNow();
      });
      return button;
    }),
  );
  const refreshes = REFRESHES.includes(refreshS) ? REFRESHES : [...REFRESHES, refreshS].sort((a, b) => a - b);
  byId('refresh').replaceChildren(
    ...refreshes.map((seconds) =>
      make('option', { value: String(seconds) }, seconds === 0 ? 'off' : seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    ),
  );
  byId<HTMLSelectElement>('refresh').value = String(refreshS);
  byId<HTMLButtonElement>('zoom-back').disabled = Number((history.state as { depth?: number } | null)?.depth ?? 0) === 0;
}

async function rebuild(): Promise<void> {
  const problems = await loadChoices(dashboard.variables, chosen);
  showNotice(byId('dashboard-problem'), problems.join(' '));
  showVariables(dashboard.variables, chosen, (name, values) => {
    chosen = { ...chosen, [name]: values };
    writeAddress('step');
    void rebuild();
  });
  build();
}

async function start(): Promise<void> {
  dashboard = await getJson<Dashboard>(`/api/dashboards/${encodeURIComponent(uid)}`);
  readAddress();
  showControls();
  const notes = [...dashboard.notes, ...dashboard.variables.flatMap(({ note }) => (note === '' ? [] : [note]))];
  byId('dashboard-notes').hidden = notes.length === 0;
  byId('dashboard-notes').replaceChildren(...notes.map((note) => make('li', {}, note)));
  byId('refresh').addEventListener('change', () => {
    refreshS = Number(byId<HTMLSelectElement>('refresh').value);
    writeAddress('detail');
  });
  byId('zoom-back').addEventListener('click', () => history.back());
  window.addEventListener('popstate', () => {
    chosen = {};
    readAddress();
    showControls();
    void rebuild().then(() => refreshNow());
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => void rebuild());
  refreshNow = repeat({
    work: refresh,
    everyS: () => (refreshS === 0 ? 1 : refreshS),
    isPaused: () => refreshS === 0,
    onError: (error) => showNotice(byId('dashboard-problem'), error instanceof Error ? error.message : 'The console could not be asked.'),
  });
  await rebuild();
}

start().catch((error: unknown) => showNotice(byId('dashboard-problem'), error instanceof Failure ? error.message : 'The dashboard could not be shown.'));
