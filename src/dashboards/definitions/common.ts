import { hostNames } from '../expressions.ts';
import type { Site, TargetDefinition, VariableDefinition } from '../vocabulary.ts';

/* What several dashboards have: the variables, and short ways to say what series are called. */

/** Where collectd's metrics of a host begin; with another prefix, another sender's. */
export const COLLECTD_PREFIX = 'collectd';

export const prefixVariable: VariableDefinition = {
  kind: 'text',
  name: 'prefix',
  label: 'Prefix',
  about: 'What the names of metrics begin with, before the host: collectd as it is shipped sends below "collectd".',
  current: COLLECTD_PREFIX,
};

/** A host that collectd runs on; this one at first. */
export function hostVariable({ host }: Site, label = 'Host'): VariableDefinition {
  return {
    kind: 'names',
    name: 'host',
    label,
    about: 'The name of the host turned round, as its metrics are stored: org.example.host',
    target: hostNames('$prefix', 'load.load.shortterm'),
    current: host.reversed,
  };
}

/** How far apart points are, for what comes every ten seconds, or every minute. */
export function resolutionVariable(finest: '10s' | '1m'): VariableDefinition {
  return {
    kind: 'resolution',
    name: 'resolution',
    label: 'Resolution',
    about: 'How far apart points are: averages over this time (of what must not be missed: the highest).',
    finest,
    choices: finest === '10s' ? ['10s', '1m', '10m', '1h', '1d'] : ['1m', '10m', '1h', '1d'],
  };
}

/** Called by nodes of its name. */
export function byNode(series: string, ...nodes: number[]): TargetDefinition {
  return { series, called: { nodes } };
}

/** Called as said. */
export function named(text: string, series: string): TargetDefinition {
  return { series, called: { text } };
}

/** Where fewer points are wanted, the highest is what counts. */
export function highest(target: TargetDefinition): TargetDefinition {
  return { ...target, by: 'max' };
}

/** Gaps up to this long, in seconds, are no gaps: of what comes every 10 s, and of what comes every minute. */
export const EVERY_10_S = 60;
export const EVERY_MINUTE = 180;

export const QUARTER = 6;
export const THIRD = 8;
export const HALF = 12;
export const WHOLE = 24;
/** Heights: of a figure, of a chart. */
export const FIGURE = 5;
export const CHART = 9;

/** Per cent of what there is: bad from 80, worse from 95. */
export const FULL = [
  { from: 80, colour: 'orange' },
  { from: 95, colour: 'red' },
] as const;

/** Anything at all is too much. */
export const ANY = [{ from: 0.001, colour: 'red' }] as const;

/** A figure that is a share of what there is, in per cent. */
export const shareFigure = { kind: 'stat', width: QUARTER, height: FIGURE, unit: 'percent', decimals: 0, min: 0, max: 100, thresholds: FULL } as const;

/** Said where a machine has no disk to measure. */
export const NO_DISK = 'No disk of its own, as in a container';
