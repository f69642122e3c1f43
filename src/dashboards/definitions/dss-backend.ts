import type { DashboardDefinition, PanelDefinition } from '../vocabulary.ts';
import { byNode, CHART, EVERY_MINUTE, FIGURE, HALF, highest, named, QUARTER, resolutionVariable } from './common.ts';
import { connect, dssPrefixVariable, instanceVariable } from './dss.ts';

const SERVER = '$instance.backend.server';
const PROCESSES = '$instance.collectd.processes';

/** The backend of a DSS instance, and the processes that it starts for jobs. */
export function dssBackend(): DashboardDefinition {
  return {
    uid: 'dkm-dss-backend',
    title: 'DSS backend',
    about: 'The backend of a Dataiku DSS instance: who uses it, what is in it, its memory, and the processes that run jobs (JEK) and everything else (FEK).',
    from: 'now-6h',
    refresh: '1m',
    variables: [dssPrefixVariable, instanceVariable('Instance', 'backend.server.jvm.memory.heap.used'), resolutionVariable('1m')],
    rows: [
      {
        title: '',
        panels: [
          connect(
            'Nothing here? **DSS does not send yet.** `bin/dkm dss` prints what to type for this installation, `bin/dkm dss check` sees whether anything arrives. ' +
              'With DSS stopped: `dssadmin install-monitoring-integration -graphiteServer HOST:PORT+1 -prefix dataiku.dss.NAME`. Other prefixes: the field above.',
          ),
          ...figures(),
        ],
      },
      { title: 'Backend', panels: backend() },
      { title: 'Processes of jobs', panels: processes() },
    ],
  };
}

const NOTHING = 'No DSS sends this yet';

function figures(): PanelDefinition[] {
  const figure = { kind: 'stat', width: QUARTER, height: FIGURE, decimals: 0, min: 0, nothing: NOTHING } as const;
  return [
    {
      ...figure,
      title: 'Active users',
      about: 'People that use the instance now.',
      todo: 'None in working hours: look whether people can log in.',
      unit: 'none',
      targets: [named('users', `sumSeries(${SERVER}.dku.collaboration.activeUsers)`)],
    },
    {
      ...figure,
      title: 'Java heap',
      about: 'Memory in use by the backend.',
      todo: 'Near backend.xmx for long: raise that in install.ini (dssadmin regenerate-config, restart), and see which project needs so much.',
      unit: 'bytes',
      decimals: 1,
      targets: [named('in use', `sumSeries(${SERVER}.jvm.memory.heap.used)`)],
    },
    {
      ...figure,
      title: 'Jobs running',
      about: 'Processes of jobs (JEK) now.',
      todo: 'As many as the limit of concurrent activities for long: jobs wait. See Administration, Running background tasks.',
      unit: 'none',
      targets: [named('JEK', `sumSeries(${PROCESSES}.dss_jek.ps_count.processes)`)],
    },
    {
      ...figure,
      title: 'Backend runs',
      about: 'Processes of the backend that collectd sees: one per instance on its host.',
      todo: '0: the backend is down. On its host: bin/dss status, run/backend.log.',
      unit: 'none',
      thresholds: [{ from: 1, colour: 'green' }],
      targets: [named('backend', `sumSeries(${PROCESSES}.dss_backend.ps_count.processes)`)],
    },
  ];
}

function backend(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE, nothing: NOTHING } as const;
  return [
    {
      ...chart,
      title: 'Active users',
      about: 'People that use the instance.',
      todo: 'Plan restarts and updates for when there are few.',
      unit: 'short',
      decimals: 0,
      targets: [named('users', `sumSeries(${SERVER}.dku.collaboration.activeUsers)`)],
    },
    {
      ...chart,
      title: 'Java heap',
      about: 'Memory that the backend uses, has, and may have.',
      todo: 'A saw is healthy. Where the lower teeth climb to the limit, it ends in "out of memory": raise backend.xmx, and restart at a quiet time.',
      unit: 'bytes',
      targets: [byNode(`${SERVER}.jvm.memory.heap.{used,committed,max}`, -1)],
    },
    {
      ...chart,
      title: 'Datasets and recipes',
      about: 'In the catalogue of the instance.',
      todo: 'A jump is a script that creates them, or a deleted project.',
      unit: 'short',
      decimals: 0,
      targets: [named('datasets', `sumSeries(${SERVER}.catalog.indexAll.datasets.count)`), named('recipes', `sumSeries(${SERVER}.catalog.indexAll.recipes)`)],
    },
    {
      ...chart,
      title: 'Backend, open files and memory maps',
      about: 'Counted by collectd where it runs as the user of DSS.',
      todo: 'A number that only climbs is a leak; DSS fails at its limit of open files (ulimit -n, 65536 recommended).',
      unit: 'short',
      targets: [
        highest(named('open files', `sumSeries(${PROCESSES}.dss_backend.file_handles)`)),
        highest(named('memory maps', `sumSeries(${PROCESSES}.dss_backend.file_handles.mapped)`)),
      ],
    },
  ];
}

function processes(): PanelDefinition[] {
  const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE, nothing: NOTHING } as const;
  return [
    {
      ...chart,
      title: 'JEK and FEK',
      about: 'Processes of jobs (JEK), and of work around them (FEK).',
      todo: 'JEKs that stay through the night are jobs that hang: abort them in DSS.',
      unit: 'short',
      decimals: 0,
      targets: [highest(byNode(`${PROCESSES}.{dss_jek,dss_fek}.ps_count.processes`, -3))],
    },
    {
      ...chart,
      title: 'Memory of processes',
      about: 'Resident, of backend, JEKs and FEKs, each kind added up.',
      todo: 'All together must fit into the machine: limit jek.xmx, or the number of activities at a time.',
      unit: 'bytes',
      isStacked: true,
      targets: [byNode(`${PROCESSES}.{dss_backend,dss_jek,dss_fek}.ps_rss`, -2)],
    },
    {
      ...chart,
      title: 'Processor time',
      about: 'Of each kind of process, user and system.',
      todo: 'A backend that computes much has large charts or exports to make; jobs belong into JEKs, containers or the database.',
      unit: 'percent',
      // Microseconds per second.
      targets: [byNode(`scale(${PROCESSES}.{dss_backend,dss_jek,dss_fek}.ps_cputime.{user,syst}, 0.0001)`, -3, -1)],
    },
    {
      ...chart,
      title: 'Threads',
      about: 'Of each kind of process.',
      todo: 'Thousands in the backend that never fall: take a diagnosis in DSS (Administration, Maintenance) for its support.',
      unit: 'short',
      decimals: 0,
      targets: [highest(byNode(`${PROCESSES}.{dss_backend,dss_jek,dss_fek}.ps_count.threads`, -3))],
    },
  ];
}
