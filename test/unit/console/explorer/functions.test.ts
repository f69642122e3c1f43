import { describe, expect, it } from 'vitest';
import { BUILT_IN, functionsOf } from '../../../../src/console/explorer/functions.ts';
import { argumentsOf, matchingFunctions, wrap } from '../../../../src/console/page/explorer-wrap.ts';

// Shortened from /functions of carbonapi 0.18 and of graphite-web 1.1.
const ANSWER = JSON.stringify({
  movingAverage: {
    description: 'Graphs the moving average\nof a metric.\n\nExample:\n\n.. code-block:: none',
    function: "movingAverage(seriesList, windowSize, func='average', xFilesFactor=None)",
    group: 'Calculate',
    module: 'graphite.render.functions',
    name: 'movingAverage',
    params: [
      { name: 'seriesList', required: true, type: 'seriesList' },
      { name: 'windowSize', required: true, type: 'intOrInterval', suggestions: [5, '5min', null] },
      { name: 'func', type: 'aggFunc', default: 'average', options: ['average', 'max'] },
      { name: 'xFilesFactor', type: 'float' },
    ],
    proxied: false,
  },
  aliasByNode: {
    name: 'aliasByNode',
    group: 'Alias',
    params: [
      { name: 'seriesList', type: 'seriesList', required: true },
      { name: 'nodes', type: 'nodeOrTag', required: true, multiple: true },
    ],
  },
  threshold: {
    name: 'threshold',
    group: 'Special',
    params: [
      { name: 'value', type: 'float', required: true },
      { name: 'label', type: 'string' },
    ],
  },
  odd: { name: 'no name!', params: [] },
  none: null,
});
const FUNCTIONS = functionsOf(ANSWER);
const named = (name: string): (typeof FUNCTIONS)[number] => [...FUNCTIONS, ...BUILT_IN].find((one) => one.name === name)!;

describe('functions', () => {
  it('are read as the query service tells them', () => {
    expect(FUNCTIONS.map(({ name }) => name)).toEqual(['aliasByNode', 'movingAverage', 'threshold']);
    expect(named('movingAverage')).toMatchObject({
      description: 'Graphs the moving average of a metric.',
      parameters: [
        { name: 'seriesList' },
        { suggestions: ['5', '5min'], required: true },
        { options: ['average', 'max'], initial: 'average' },
        { required: false },
      ],
    });
  });

  it.each(['', '[]', 'null', '{"a":1}', '<html>'])('are none in %j', (text) => {
    expect(functionsOf(text)).toEqual([]);
  });

  it.each([
    ['movingAverage', ['5', '', ''], 'movingAverage(a.b, 5)'],
    ['movingAverage', ['5min', 'average', ''], "movingAverage(a.b, '5min')"],
    ['movingAverage', ['5min', 'max', ''], "movingAverage(a.b, '5min', 'max')"],
    ['movingAverage', ['5min', 'average', '0.5'], "movingAverage(a.b, '5min', 'average', 0.5)"],
    ['aliasByNode', ['1, -1'], 'aliasByNode(a.b, 1, -1)'],
    ['alias', ["it's"], 'alias(a.b, "it\'s")'],
    ['alias', ['5'], "alias(a.b, '5')"],
    ['scale', ['-0.5'], 'scale(a.b, -0.5)'],
    ['sumSeries', [], 'sumSeries(a.b)'],
    ['threshold', ['80', 'limit'], "threshold(80, 'limit')"],
  ])('wrap a target: %s(%j)', (name, values, expected) => {
    const chosen = named(name);
    const given = argumentsOf(chosen).map((parameter, index) => ({ parameter, value: values[index] ?? '' }));
    expect(wrap(chosen, 'a.b', given)).toBe(expected);
  });

  it('are found by their names first', () => {
    expect(matchingFunctions(BUILT_IN, 'sum').map(({ name }) => name)).toEqual(['sumSeries', 'summarize']);
    expect(matchingFunctions(BUILT_IN, 'counter growth').map(({ name }) => name)).toEqual(['nonNegativeDerivative', 'perSecond']);
  });
});
