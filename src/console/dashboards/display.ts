import { list, number, oneOf, record, text, type Loose } from './loose.ts';
import { CALCS, type Calc, type Display, type Override } from './model.ts';

/*
 * How a panel shows its values. Of today's panels (fieldConfig and options; packages/grafana-schema/src/common/*.cue in
 * Grafana) and of the old graph and singlestat.
 */

const CALC_NAMES: ReadonlyMap<string, Calc> = new Map([
  ['lastNotNull', 'last'],
  ['last', 'last'],
  ['current', 'last'],
  ['firstNotNull', 'first'],
  ['first', 'first'],
  ['min', 'min'],
  ['max', 'max'],
  ['mean', 'mean'],
  ['avg', 'mean'],
  ['sum', 'sum'],
  ['total', 'sum'],
  ['count', 'count'],
  ['range', 'range'],
  ['delta', 'delta'],
  ['diff', 'delta'],
]);

export interface ReadDisplay {
  display: Display;
  notes: string[];
}

/** Reads how a panel shows values; what it asks for and is not known is named. Pure. */
export function displayOf(panel: Loose): ReadDisplay {
  const { defaults: given } = record(panel['fieldConfig']);
  const [defaults, options] = [record(given), record(panel['options'])];
  const custom = record(defaults['custom']);
  const notes: string[] = [];
  const isOld = panel['type'] === 'graph' || panel['type'] === 'singlestat';
  const display: Display = {
    unit: text(defaults['unit'], 'short') || 'short',
    ...bounds(defaults),
    ...thresholdsOf(defaults, custom),
    colour: oneColour(record(defaults['color'])),
    colourByThreshold: record(defaults['color'])['mode'] === 'thresholds',
    draw: oneOf(custom['drawStyle'], ['line', 'bars', 'points'], 'line'),
    lineWidth: number(custom['lineWidth']) ?? 1.5,
    fill: Math.min(1, Math.max(0, (number(custom['fillOpacity']) ?? 0) / 100)),
    isBridged: custom['spanNulls'] === true || (number(custom['spanNulls']) ?? 0) > 0,
    isStacked: ['normal', 'percent'].includes(text(record(custom['stacking'])['mode'])),
    isLog: record(custom['scaleDistribution'])['type'] === 'log',
    ...legendOf(options),
    hasSparkline: options['graphMode'] !== 'none',
    noValue: text(defaults['noValue']),
    words: wordsOf(list(defaults['mappings']), notes),
  };
  if (record(custom['stacking'])['mode'] === 'percent') notes.push('Stacked to 100 %: stacked as they are instead.');
  const reducers = reducersOf(panel);
  if (reducers === undefined && list(panel['transformations']).length > 0) notes.push('Transformations are not done.');
  if (reducers !== undefined) display.calcs = calcsOf(reducers);
  return { display: isOld ? { ...display, ...oldDisplay(panel) } : display, notes };
}

/** What a table shows of each series, where that is all that it is transformed for. */
function reducersOf(panel: Loose): unknown[] | undefined {
  const [first, ...more] = list(panel['transformations']).map(record);
  const options = record(first?.['options']);
  const isTable = panel['type'] === 'table' && first?.['id'] === 'reduce' && more.length === 0;
  return isTable && text(options['mode'], 'seriesToRows') === 'seriesToRows' ? list(options['reducers']) : undefined;
}

function bounds(defaults: Loose): Pick<Display, 'decimals' | 'min' | 'max'> {
  const [decimals, min, max] = [number(defaults['decimals']), number(defaults['min']), number(defaults['max'])];
  return { ...(decimals !== undefined && { decimals }), ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

function thresholdsOf(defaults: Loose, custom: Loose): Pick<Display, 'thresholds' | 'thresholdsInPercent' | 'thresholdsDrawn'> {
  const given = record(defaults['thresholds']);
  const thresholds = list(given['steps'], 50).map((step) => ({ from: number(record(step)['value']) ?? null, colour: text(record(step)['color']) }));
  const style = text(record(custom['thresholdsStyle'])['mode'], 'off');
  return { thresholds, thresholdsInPercent: given['mode'] === 'percentage', thresholdsDrawn: style !== 'off' };
}

function oneColour(colour: Loose): string {
  return colour['mode'] === 'fixed' || colour['mode'] === 'shades' ? text(colour['fixedColor']) : '';
}

function legendOf(options: Loose): Pick<Display, 'legend' | 'calcs'> {
  const legend = record(options['legend']);
  const isHidden = legend['showLegend'] === false || legend['displayMode'] === 'hidden';
  const reduced = list(record(options['reduceOptions'])['calcs']);
  return {
    legend: isHidden ? 'none' : oneOf(legend['displayMode'], ['list', 'table'], 'list'),
    calcs: calcsOf(reduced.length > 0 ? reduced : list(legend['calcs'])),
  };
}

function calcsOf(names: readonly unknown[]): Calc[] {
  const known = names.map((name) => CALC_NAMES.get(text(name))).filter((calc) => calc !== undefined);
  return CALCS.filter((calc) => known.includes(calc));
}

/** Words for single values; ranges and patterns are named as not known. */
function wordsOf(mappings: readonly unknown[], notes: string[]): Display['words'] {
  const words = mappings.flatMap((mapping) => {
    const { type, options, value, text: oldText } = record(mapping);
    if (type === 'value') {
      return Object.entries(record(options)).map(([from, to]) => ({ value: from, text: text(record(to)['text']), colour: text(record(to)['color']) }));
    }
    if (type === 1 && value !== undefined) return [{ value: text(value), text: text(oldText), colour: '' }];
    notes.push(`Words for values by ${text(type, 'another rule')} are not used.`);
    return [];
  });
  return words.slice(0, 200);
}

/** The settings of the graph and singlestat panels that Grafana had before version 8. */
function oldDisplay(panel: Loose): Partial<Display> {
  const axis = record(list(panel['yaxes'])[0]);
  const legend = record(panel['legend']);
  const [min, max, decimals] = [number(axis['min']), number(axis['max']), number(panel['decimals'])];
  const common = { unit: text(axis['format'] ?? panel['format'], 'short'), ...(decimals !== undefined && { decimals }) };
  if (panel['type'] === 'singlestat') {
    const colours = list(panel['colors']).map((colour) => text(colour));
    const steps = text(panel['thresholds'])
      .split(',')
      .map(number)
      .filter((value) => value !== undefined);
    const thresholds = [null, ...steps].map((from, index) => ({ from, colour: colours[index] ?? '' }));
    const calc = CALC_NAMES.get(text(panel['valueName'], 'mean')) ?? 'mean';
    return { ...common, calcs: [calc], thresholds, colourByThreshold: panel['colorValue'] === true, hasSparkline: record(panel['sparkline'])['show'] === true };
  }
  return {
    ...common,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    draw: panel['bars'] === true ? 'bars' : panel['lines'] === false && panel['points'] === true ? 'points' : 'line',
    lineWidth: number(panel['linewidth']) ?? 1,
    fill: Math.min(1, (number(panel['fill']) ?? 1) / 10),
    isBridged: panel['nullPointMode'] === 'connected',
    isStacked: panel['stack'] === true,
    isLog: (number(axis['logBase']) ?? 1) > 1,
    legend: legend['show'] === false ? 'none' : legend['alignAsTable'] === true ? 'table' : 'list',
    calcs: calcsOf(legend['values'] === true ? Object.keys(legend).filter((name) => legend[name] === true) : []),
  };
}

const MATCHERS: ReadonlyMap<string, Override['by']> = new Map([
  ['byName', 'name'],
  ['byRegexp', 'regexp'],
  ['byFrameRefID', 'refId'],
]);

/** What is different for some series; matchers and properties that are not known are named. Pure. */
export function overridesOf(panel: Loose): { overrides: Override[]; notes: string[] } {
  const notes = new Set<string>();
  const read = list(record(panel['fieldConfig'])['overrides'], 200).flatMap((given): Override[] => {
    const { matcher, properties } = record(given);
    const [id, options] = [text(record(matcher)['id']), record(matcher)['options']];
    const by = MATCHERS.get(id);
    if (by === undefined || typeof options !== 'string') {
      notes.add(`What is said for series "${id}" is not used.`);
      return [];
    }
    const override: Override = { by, text: options };
    for (const property of list(properties, 100)) takeProperty(override, record(property), notes);
    return [override];
  });
  return { overrides: [...read, ...oldOverrides(panel)], notes: [...notes] };
}

function takeProperty(override: Override, { id, value }: Loose, notes: Set<string>): void {
  switch (id) {
    case 'unit':
      override.unit = text(value);
      return;
    case 'displayName':
      override.label = text(value);
      return;
    case 'decimals':
      override.decimals = number(value) ?? 0;
      return;
    case 'color':
      override.colour = text(record(value)['fixedColor']);
      return;
    case 'custom.axisPlacement':
      if (value === 'right') notes.add('There is one axis: what belongs on the right one is drawn on it, too.');
      return;
    case 'custom.transform':
      override.isBelow = value === 'negative-Y';
      return;
    case 'custom.hideFrom':
      override.isHidden = record(value)['viz'] === true;
      return;
    default:
      notes.add(`"${text(id)}" for single series is not used.`);
  }
}

/** seriesOverrides and aliasColors of old graphs. */
function oldOverrides(panel: Loose): Override[] {
  const series = list(panel['seriesOverrides'], 200).map((given): Override => {
    const { alias, color, transform } = record(given);
    const name = text(alias);
    const [, pattern] = /^\/(.*)\/$/.exec(name) ?? [];
    return {
      by: pattern === undefined ? 'name' : 'regexp',
      text: name,
      ...(typeof color === 'string' && { colour: color }),
      ...(transform === 'negative-Y' && { isBelow: true }),
    };
  });
  const colours = Object.entries(record(panel['aliasColors'])).map(([name, colour]): Override => ({ by: 'name', text: name, colour: text(colour) }));
  return [...series, ...colours];
}
