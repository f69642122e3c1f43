import type { DashboardDefinition, PanelDefinition, VariableDefinition } from '../vocabulary.ts';
import { CHART, EVERY_MINUTE, FIGURE, HALF, highest, named, resolutionVariable, THIRD, WHOLE } from './common.ts';
import { connect, dssPrefixVariable, prefixesWith } from './dss.ts';

/*
 * What an API node sends is not written down anywhere, and differs between versions. Its reporter is that of Dropwizard
 * metrics (https://metrics.dropwizard.io/4.2.0/manual/graphite.html), whose meters and timers end in m1_rate (calls per
 * second, over a minute), and timers in p50, p95 and p99 (milliseconds): whatever ends so is shown.
 */

const NODE = '$instance';
const DEPTHS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const SHOWN = 12;
const NOTHING = 'No API node sends this yet';

/** Whatever below the node ends so, called by what is between. */
function ending(leaf: string): string {
  const all = DEPTHS.map((depth) => [NODE, ...Array.from({ length: depth }, () => '*'), leaf].join('.'));
  return `group(${all.join(', ')})`;
}

/** A node, by its prefix: what has a Java of its own and is no backend. */
const nodeVariable: VariableDefinition = {
  kind: 'names',
  name: 'instance',
  label: 'API node',
  about: 'The prefix that the node sends with, as it was set in its server.json.',
  target: `exclude(${prefixesWith('jvm.memory.heap.used')}, '\\.backend\\.server$')`,
  current: '',
};

/** The API nodes of DSS: how much they are asked, how fast they answer, their memory. */
export function apiNodes(): DashboardDefinition {
  return {
    uid: 'dkm-api-nodes',
    title: 'API nodes',
    about: 'API nodes of Dataiku DSS: how often their endpoints are called, how long answers take, what their Java uses.',
    from: 'now-6h',
    refresh: '1m',
    variables: [dssPrefixVariable, nodeVariable, resolutionVariable('1m')],
    rows: [
      {
        title: '',
        panels: [
          connect(
            'Nothing here? **No API node sends yet.** In `config/server.json` of each: `"graphiteCarbonServerURL": "HOST:PORT+1"` and ' +
              '`"graphiteCarbonPrefix": "dataiku.dss.NAME"`, then restart it; `bin/dkm dss` prints both for this installation. Names differ between versions of DSS: every meter (`m1_rate`) and timer (`p95`) below the prefix is shown.',
          ),
          ...figures(),
        ],
      },
      { title: 'Endpoints', panels: endpoints() },
      { title: 'Java', panels: java() },
    ],
  };
}

function figures(): PanelDefinition[] {
  const figure = { kind: 'stat', width: THIRD, height: FIGURE, min: 0, nothing: NOTHING } as const;
  return [
    {
      ...figure,
      title: 'Calls per second',
      about: 'Of all meters together, over a minute.',
      todo: '0 where there should be some: ask an endpoint yourself; look into run/apimain.log of the node.',
      unit: 'reqps',
      decimals: 2,
      targets: [named('calls', `sumSeries(${ending('m1_rate')})`)],
    },
    {
      ...figure,
      title: 'Slowest answers',
      about: '95 of 100 answers are quicker, at the slowest endpoint.',
      todo: 'See below which it is: more replicas, a smaller model, or fewer features looked up.',
      unit: 'ms',
      decimals: 0,
      targets: [named('p95', `maxSeries(${ending('p95')})`)],
    },
    {
      ...figure,
      title: 'Java heap',
      about: 'In use.',
      todo: 'Near the limit (apimain.xmx) for long: raise it, or serve fewer models on this node.',
      unit: 'bytes',
      decimals: 1,
      targets: [named('in use', `maxSeries(${heap('used')})`)],
    },
  ];
}

/** Of the node, or of its main program. */
function heap(kinds: string): string {
  return `group(${NODE}.jvm.memory.heap.${kinds}, ${NODE}.*.jvm.memory.heap.${kinds})`;
}

function endpoints(): PanelDefinition[] {
  const chart = { kind: 'timeseries', height: CHART, min: 0, bridgeS: EVERY_MINUTE, nothing: NOTHING } as const;
  // What every name ends in tells nothing, nor does the node's prefix.
  const short = (series: string, leaf: string): string => `aliasSub(aliasSub(${series}, '^.*?$instance\\.', ''), '\\.${leaf}$', '')`;
  const busiest = (leaf: string): string => short(`highestAverage(${ending(leaf)}, ${SHOWN})`, leaf);
  return [
    {
      ...chart,
      width: HALF,
      title: 'Calls per second',
      about: `The ${SHOWN} busiest.`,
      todo: 'Compare it with what the callers send: what is missing was refused, or went to another node.',
      unit: 'reqps',
      targets: [{ series: busiest('m1_rate'), called: 'as-they-are' }],
    },
    {
      ...chart,
      width: HALF,
      title: 'Time of an answer, p95',
      about: `95 of 100 are quicker; the ${SHOWN} slowest.`,
      todo: 'Slow alone: its model or its look-ups. All at once: the machine, see Host.',
      unit: 'ms',
      targets: [highest({ series: busiest('p95'), called: 'as-they-are' })],
    },
    {
      ...chart,
      width: WHOLE,
      title: 'Time of an answer, p50',
      about: `Half of them are quicker; the ${SHOWN} slowest.`,
      todo: 'Where p95 grows and this does not, few calls are slow: large ones, or a pause of Java.',
      unit: 'ms',
      targets: [{ series: busiest('p50'), called: 'as-they-are' }],
    },
  ];
}

function java(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: WHOLE, height: CHART, min: 0, bridgeS: EVERY_MINUTE, nothing: NOTHING } as const;
  return [
    {
      ...chart,
      title: 'Java heap',
      about: 'Memory that the node uses, has, and may have.',
      todo: 'A saw is healthy; lower teeth that climb to the limit end in "out of memory".',
      unit: 'bytes',
      targets: [{ series: `groupByNode(${heap('{used,committed,max}')}, -1, 'max')`, called: { nodes: [0] } }],
    },
  ];
}
