import { byId, make, setText } from './elements.ts';
import { figuresOf, type Plotted } from './series-plot.ts';
import { writeValue } from './units.ts';

/** Rows of the table of values; the whole of it is in the CSV. */
const MOST_ROWS = 300;
const MOST_COLUMNS = 12;
const COLUMNS = ['last', 'min', 'mean', 'max'] as const;
const WORDS = { last: 'Last', min: 'Min', mean: 'Avg', max: 'Max' } as const;

let legendOf: Plotted | undefined;
let legendUnit = '';

/** The legend: every series with its figures, and its value at the pointer in place of the last one. */
export function showLegend(plotted: Plotted, unit: string, index: number | undefined): void {
  if (legendOf !== plotted || legendUnit !== unit) byId('legend').replaceChildren(...(plotted.lines.length === 0 ? [] : [legendTable(plotted, unit)]));
  [legendOf, legendUnit] = [plotted, unit];
  const time = index === undefined ? undefined : plotted.times[index];
  const head = document.getElementById('legend-last');
  if (head !== null) setText(head, time === undefined ? WORDS.last : new Date(time * 1000).toLocaleTimeString());
  for (const [row, line] of plotted.lines.entries()) {
    const cell = document.getElementById(`legend-${row}`);
    if (cell === null) continue;
    setText(cell, writeValue(time === undefined ? figuresOf(line.values).last : line.values[index ?? 0], unit));
  }
}

function legendTable({ lines }: Plotted, unit: string): HTMLElement {
  const head = COLUMNS.map((column) => make('th', { scope: 'col', class: 'figure', ...(column === 'last' && { id: 'legend-last' }) }, WORDS[column]));
  const rows = lines.map(({ label, colour, values }, row) => {
    const figures = figuresOf(values);
    const cells = COLUMNS.map((column) =>
      make('td', { class: 'figure', ...(column === 'last' && { id: `legend-${row}` }) }, writeValue(figures[column], unit)),
    );
    return make('tr', {}, make('th', { scope: 'row' }, colourMark(colour), make('span', {}, label)), ...cells);
  });
  return make(
    'table',
    { class: 'legend-table' },
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Series'), ...head)),
    make('tbody', {}, ...rows),
  );
}

/** A dot in a line's colour. */
export function colourMark(colour: string): HTMLElement {
  const mark = make('span', { class: 'colour-mark', 'aria-hidden': 'true' });
  mark.style.setProperty('background', colour);
  return mark;
}

/** The values themselves, newest first, for whoever cannot see the chart. */
export function showValues({ times, lines }: Plotted, unit: string): void {
  const shown = lines.slice(0, MOST_COLUMNS);
  const head = [make('th', { scope: 'col' }, 'Time'), ...shown.map(({ label }) => make('th', { scope: 'col', class: 'figure' }, label))];
  const rows: HTMLElement[] = [];
  for (let index = times.length - 1; index >= 0 && rows.length < MOST_ROWS; index -= 1) {
    if (!shown.some(({ values }) => typeof values[index] === 'number')) continue;
    const cells = shown.map(({ values }) => make('td', { class: 'figure' }, writeValue(values[index], unit)));
    rows.push(make('tr', {}, make('th', { scope: 'row' }, new Date((times[index] ?? 0) * 1000).toLocaleString()), ...cells));
  }
  const left = times.length > rows.length || lines.length > shown.length;
  const note = make(
    'p',
    { class: 'quiet' },
    left ? `The newest ${rows.length} rows of ${Math.min(lines.length, MOST_COLUMNS)} series; CSV has all of them.` : '',
  );
  const table = make('table', { class: 'legend-table' }, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...rows));
  byId('values-table').replaceChildren(...(rows.length === 0 ? [make('p', { class: 'quiet' }, 'No values.')] : [note, table]));
}
