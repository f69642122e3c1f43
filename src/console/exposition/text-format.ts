/*
 * What Prometheus reads, in both of its forms: its own text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics 1.0
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md).
 */

export type Labels = Readonly<Record<string, string>>;

/** A value with its labels; `suffix` is what a histogram's parts add to the name. */
export interface Sample {
  labels: Labels;
  value: number;
  suffix?: '_bucket' | '_sum' | '_count';
}

/** Values of one meaning. A counter's name is without `_total`; units stand at the end of the name. */
export interface Family {
  name: string;
  type: 'gauge' | 'counter' | 'histogram' | 'info';
  help: string;
  unit?: 'seconds' | 'bytes';
  samples: Sample[];
}

export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The form that a request's Accept header prefers. */
export function formatFor(accept: string | undefined): Format {
  const offers = (accept ?? '').split(',').map((offer) => {
    const [type = '', ...parameters] = offer
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return { type, weight: Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1) || 0 };
  });
  const weightOf = (wanted: string): number => Math.max(0, ...offers.filter(({ type }) => type === wanted).map(({ weight }) => weight));
  const open = weightOf('application/openmetrics-text');
  return open > 0 && open >= weightOf('text/plain') ? 'openmetrics' : 'text';
}

/** The families as text; those without samples are left out. */
export function exposition(families: readonly Family[], format: Format): string {
  const text = families.filter(({ samples }) => samples.length > 0).map((family) => familyText(family, format));
  return `${text.join('')}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}

function familyText(family: Family, format: Format): string {
  const { name, type, help, unit, samples } = family;
  const isOpen = format === 'openmetrics';
  // The older form knows no info, and a counter's family has the whole name there.
  const shown = isOpen ? name : sampleName(family, '');
  const lines = [
    `# HELP ${shown} ${escapeHelp(help, isOpen)}`,
    `# TYPE ${shown} ${type === 'info' && !isOpen ? 'gauge' : type}`,
    ...(isOpen && unit !== undefined ? [`# UNIT ${shown} ${unit}`] : []),
    ...samples.map((sample) => `${sampleName(family, sample.suffix ?? '')}${labelText(sample.labels)} ${numberText(sample.value)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function sampleName({ name, type }: Family, suffix: string): string {
  return `${name}${type === 'counter' ? '_total' : type === 'info' ? '_info' : suffix}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(text: string): string {
  return text.toWellFormed().replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function escapeHelp(text: string, isOpen: boolean): string {
  const escaped = text.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'));
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
