import { hostNames } from '../expressions.ts';
import type { DashboardDefinition, PanelDefinition, Site } from '../vocabulary.ts';
import { byNode, CHART, EVERY_MINUTE, FIGURE, HALF, highest, named, QUARTER, resolutionVariable } from './common.ts';

const OWN = 'dkm.$host';

/** What the supervisor says of its services and promises, once a minute: src/supervisor/report.ts. */
export function dkmItself(site: Site): DashboardDefinition {
  return {
    uid: 'dkm-itself',
    title: 'dkm itself',
    about:
      'The services that dkm keeps running and the promises that it checks, as its supervisor says it once a minute. What is broken now, and why, is in the console.',
    from: 'now-6h',
    refresh: '1m',
    variables: [
      {
        kind: 'names',
        name: 'host',
        label: 'Host',
        about: 'An installation, by its host turned round.',
        target: hostNames('dkm', 'supervisor.memory_bytes'),
        current: site.host.reversed,
      },
      resolutionVariable('1m'),
    ],
    rows: [
      { title: '', panels: figures() },
      { title: 'Services', panels: services() },
      { title: 'Promises', panels: promises() },
    ],
  };
}

function figures(): PanelDefinition[] {
  const figure = { kind: 'stat', width: QUARTER, height: FIGURE, unit: 'none', decimals: 0, min: 0 } as const;
  return [
    {
      ...figure,
      title: 'Services that are not well',
      about: 'Wanted, and not running, not ready or unhealthy.',
      todo: 'dkm status names them and says why; dkm logs SERVICE has more.',
      thresholds: [{ from: 1, colour: 'red' }],
      targets: [named('not well', `diffSeries(${OWN}.services.wanted, ${OWN}.services.up)`)],
    },
    {
      ...figure,
      title: 'Promises not kept',
      about: 'Failed when they were checked last.',
      todo: 'dkm check, or the first page of the console, says which and why.',
      thresholds: [{ from: 1, colour: 'orange' }],
      targets: [named('failed', `${OWN}.promises.failed`)],
    },
    {
      ...figure,
      title: 'Restarts',
      about: 'How often the supervisor started services again, in this range.',
      todo: 'More than one or two: dkm status says which service, dkm logs what it said before it ended.',
      thresholds: [
        { from: 1, colour: 'orange' },
        { from: 10, colour: 'red' },
      ],
      nothing: '0',
      targets: [named('restarts', `integral(nonNegativeDerivative(summarize(sumSeries(${OWN}.service.*.restarts), '1min', 'max')))`)],
    },
    {
      ...figure,
      title: 'Supervisor runs for',
      about: 'Since it was started last.',
      todo: 'A few minutes though nobody restarted it: run/logs/supervisor.log, and the journal of the machine.',
      unit: 's',
      decimals: 1,
      targets: [named('for', `${OWN}.supervisor.uptime_seconds`)],
    },
  ];
}

function services(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE } as const;
  return [
    {
      ...chart,
      title: 'Up',
      about: '1: it runs, is ready and not unhealthy.',
      todo: 'Each gap is a time without it: dkm logs SERVICE from then.',
      unit: 'none',
      decimals: 0,
      max: 1,
      targets: [{ ...byNode(`${OWN}.service.*.up`, -2), by: 'avg' }],
    },
    {
      ...chart,
      title: 'Restarts',
      about: 'Since a service was last started by hand.',
      todo: 'Steps that come regularly are a service that dies again and again: its log says why.',
      unit: 'none',
      decimals: 0,
      targets: [highest(byNode(`${OWN}.service.*.restarts`, -2))],
    },
    {
      ...chart,
      title: 'Memory',
      about: 'Resident, of each service with what it started, and of the supervisor.',
      todo: 'A line that climbs for days is a leak; [services.NAME.limits] in conf/dkm.toml bounds it.',
      unit: 'bytes',
      isStacked: true,
      targets: [byNode(`${OWN}.service.*.memory_bytes`, -2), byNode(`${OWN}.supervisor.memory_bytes`, -2)],
    },
    {
      ...chart,
      title: 'Running for',
      about: 'Since a service was started last.',
      todo: 'A fall to nothing is a restart.',
      unit: 's',
      targets: [byNode(`${OWN}.service.*.uptime_seconds`, -2)],
    },
  ];
}

function promises(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE, unit: 'none', decimals: 0 } as const;
  return [
    {
      ...chart,
      title: 'Not kept',
      about: 'Promises that failed, and those that nobody can tell of (no data).',
      todo: 'The console shows the last 24 hours of each.',
      targets: [highest(byNode(`${OWN}.promises.{failed,no_data}`, -1))],
    },
    {
      ...chart,
      title: 'All',
      about: 'By their last outcome.',
      todo: 'Fewer than yesterday: somebody turned some off in conf/promises.toml.',
      isStacked: true,
      targets: [byNode(`${OWN}.promises.{ok,failed,no_data,pending}`, -1)],
    },
  ];
}
