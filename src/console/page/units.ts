/*
 * Values with their units. The names are Grafana's, as its dashboards have them
 * (packages/grafana-data/src/valueFormats/categories.ts); what is not here is written after the number.
 */

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const SMALL = ['', 'm', 'µ', 'n'];

type Write = (value: number, decimals: number | undefined) => string;

const prefixed =
  (base: 1000 | 1024, prefixes: readonly string[], suffix: string): Write =>
  (value, decimals) => {
    const size = Math.abs(value);
    const step = size < base ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log(size) / Math.log(base) + 1e-9));
    const text = `${fixed(value / base ** step, decimals)} ${prefixes[step] ?? ''}${suffix}`;
    return text.trimEnd();
  };
const plain =
  (suffix: string): Write =>
  (value, decimals) =>
    `${fixed(value, decimals)}${suffix}`;
const counted: Write = (value, decimals) => prefixed(1000, SI, '')(value, decimals).replace(/ (?=\w$)/, ' ');

/** Seconds, in whatever unit of time is near. */
const time =
  (secondsPerUnit: number): Write =>
  (value, decimals) => {
    const seconds = value * secondsPerUnit;
    const size = Math.abs(seconds);
    if (size === 0) return '0 s';
    if (size < 1) {
      const step = Math.min(3, Math.ceil(-Math.log10(size) / 3 - 1e-9));
      return `${fixed(seconds * 1000 ** step, decimals)} ${SMALL[step] ?? ''}s`;
    }
    const [factor, unit] = size < 60 ? [1, 's'] : size < 3600 ? [60, 'min'] : size < 86_400 ? [3600, 'h'] : [86_400, 'd'];
    return `${fixed(seconds / factor, decimals)} ${unit}`;
  };

const UNITS: Readonly<Record<string, Write>> = {
  none: plain(''),
  short: counted,
  percent: plain(' %'),
  percentunit: (value, decimals) => `${fixed(value * 100, decimals)} %`,
  bytes: prefixed(1024, IEC, 'B'),
  decbytes: prefixed(1000, SI, 'B'),
  kbytes: (value, decimals) => prefixed(1024, IEC, 'B')(value * 1024, decimals),
  mbytes: (value, decimals) => prefixed(1024, IEC, 'B')(value * 1024 ** 2, decimals),
  bits: prefixed(1024, IEC, 'b'),
  decbits: prefixed(1000, SI, 'b'),
  Bps: prefixed(1000, SI, 'B/s'),
  binBps: prefixed(1024, IEC, 'B/s'),
  bps: prefixed(1000, SI, 'b/s'),
  ns: time(1e-9),
  µs: time(1e-6),
  ms: time(1e-3),
  s: time(1),
  m: time(60),
  h: time(3600),
  d: time(86_400),
  hertz: prefixed(1000, SI, 'Hz'),
  celsius: plain(' °C'),
  watt: prefixed(1000, SI, 'W'),
  ops: prefixed(1000, SI, 'ops/s'),
  reqps: prefixed(1000, SI, 'req/s'),
  rps: prefixed(1000, SI, 'reads/s'),
  wps: prefixed(1000, SI, 'writes/s'),
  iops: prefixed(1000, SI, 'io/s'),
  cps: prefixed(1000, SI, 'counts/s'),
  pps: prefixed(1000, SI, 'p/s'),
  opm: prefixed(1000, SI, 'ops/min'),
};

/** True for a unit whose values are written as in Grafana. */
export function isKnownUnit(unit: string): boolean {
  return Object.hasOwn(UNITS, unit) || /^(suffix|prefix):/.test(unit);
}

/** A value with its unit, short enough for a legend. `decimals` as a dashboard asks for them. */
export function writeValue(value: number | null | undefined, unit: string, decimals?: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const write = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (write !== undefined) return write(value, decimals);
  if (unit.startsWith('prefix:')) return `${unit.slice(7)}${fixed(value, decimals)}`;
  return `${fixed(value, decimals)} ${unit.replace(/^suffix:/, '')}`.trimEnd();
}

function fixed(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return value.toFixed(Math.min(10, Math.max(0, decimals)));
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

/** The unit that a metric's name speaks of; `short` when it says nothing. */
export function unitOf(names: readonly string[]): string {
  const units = new Set(names.map((name) => RULES.find(([pattern]) => pattern.test(name))?.[1] ?? 'short'));
  return units.size === 1 ? ([...units][0] ?? 'short') : 'short';
}

const RULES: readonly [RegExp, string][] = [
  [/percent|_pct\b|\bpct\b|cpu\.[^.]*\.cpu\./i, 'percent'],
  [/(if|disk)_octets|bytes_per_s|bytes\/s|Bps\b/i, 'Bps'],
  [/bytes|memory\.memory|df_complex|ps_rss|ps_vm|_mem\b|memUsage|committed/i, 'decbytes'],
  [/_ms\b|\.ms\b|millis/i, 'ms'],
  [/_seconds\b|latency|duration|uptime/i, 's'],
];
