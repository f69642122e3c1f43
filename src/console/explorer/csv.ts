import type { RenderedSeries } from '../answers.ts';

/*
 * Series as a table for spreadsheets: RFC 4180, a column for each series, a row for each time. A name that a spreadsheet
 * would take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
 */

/** Cells of a table; more would be some ten megabytes. */
const MOST_CELLS = 2_000_000;

/** The table, or why there is none. Pure. */
export function csvOf(series: readonly RenderedSeries[]): { ok: true; text: string } | { ok: false; message: string } {
  const rows = new Map<number, (number | null)[]>();
  for (const [column, { datapoints }] of series.entries()) {
    for (const [value, time] of datapoints) {
      const row = rows.get(time) ?? [];
      row[column] = value;
      rows.set(time, row);
      if (rows.size * series.length > MOST_CELLS)
        return { ok: false, message: `The table would have more than ${MOST_CELLS} cells. Choose a shorter time range or fewer series.` };
    }
  }
  const times = [...rows.keys()].sort((a, b) => a - b);
  const lines = times.map((time) => [timeCell(time), ...series.map((_, column) => numberCell(rows.get(time)?.[column]))].join(','));
  return { ok: true, text: [['time', ...series.map(({ target }) => textCell(target))].join(','), ...lines, ''].join('\r\n') };
}

/** A text that no spreadsheet takes for anything else, quoted where it must be. */
export function textCell(text: string): string {
  const harmless = /^[\s]*[=+\-@\t\r|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const timeCell = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

function numberCell(value: number | null | undefined): string {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '';
}
