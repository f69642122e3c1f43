import type { DashboardDefinition, RowDefinition, Site } from '../vocabulary.ts';
import { ANY, byNode, CHART, EVERY_MINUTE, FIGURE, HALF, highest, named, QUARTER, resolutionVariable, THIRD } from './common.ts';

/*
 * What the store and the query service say of themselves, once a minute. go-carbon below carbon.agents.<host turned
 * round>, carbonapi below carbon.api.<host turned round>, carbon-cache below carbon.agents.<host>-a (dots as
 * underscores); graphite-web says nothing. An installation has one store: what another would say is not asked for.
 */

/** Figures of a minute, per second. */
const perSecond = (series: string): string => `scale(${series}, ${1 / 60})`;

/** The store and the query service, from the inside. */
export function storage(site: Site): DashboardDefinition {
  const { store, query } = site.providers;
  const rows = [...(store === 'carbon-cache' ? carbonCache() : goCarbon()), ...(query === 'graphite-web' ? [] : [carbonapi()])];
  return {
    uid: 'dkm-storage',
    title: 'Storage engine',
    about: 'What the store receives, keeps in memory, writes and loses, and how fast queries are answered; once a minute, as the programs say it themselves.',
    from: 'now-6h',
    refresh: '1m',
    variables: [
      {
        kind: 'text',
        name: 'store',
        label: 'Store',
        about: 'What the store calls itself in the names of its metrics: of another installation, its host turned round.',
        current: store === 'carbon-cache' ? '*-a' : site.host.reversed,
      },
      resolutionVariable('1m'),
    ],
    rows,
  };
}

const stat = { kind: 'stat', width: QUARTER, height: FIGURE, min: 0 } as const;
const chart = { kind: 'timeseries', width: HALF, height: CHART, min: 0, bridgeS: EVERY_MINUTE } as const;

const RECEIVED = {
  title: 'Points received',
  about: 'Per second.',
  todo: 'None: nobody reaches port+1 or port+4 (dkm doctor). Twice as many as yesterday: see in "New metrics" whether somebody sends new names.',
} as const;
const LOST = {
  title: 'Points lost',
  about: 'In a minute, because the cache was full: the disk is too slow for what is sent.',
  todo: 'Any is too many. Look at "Disks, busy" of the host; move storage/ to a faster disk, or raise max-size of [cache].',
} as const;
const WAITING = {
  title: 'Points waiting in memory',
  about: 'They are found by queries all the same, and are written as fast as the disk takes them.',
  todo: 'A line that climbs for hours ends in lost points: the disk is too slow. After a restart or a burst it falls again by itself.',
} as const;
const UPDATES = {
  title: 'Updates of files',
  about: 'Per second. The more points an update writes, the less the disk has to do.',
  todo: 'This is what the disk has to keep up with; see "Disks, operations" of the host.',
} as const;
const PER_UPDATE = {
  title: 'Points per update',
  about: 'How many points are written at a time.',
  todo: '1 is a disk that keeps up at once; more is a cache that saves it work, which is fine while points do not wait for long.',
} as const;
const CREATED = {
  title: 'New metrics',
  about: 'Files made in a minute.',
  todo: 'A steady stream of new names is somebody who puts a number or a time into names: find them with dkm metrics find, and have it changed.',
} as const;
const MEMORY = {
  title: 'Memory',
  about: 'In use by the store.',
  todo: 'It follows the number of metrics and of points that wait. Where it climbs alone, restart the store: dkm restart.',
} as const;

function goCarbon(): RowDefinition[] {
  const store = 'carbon.agents.$store';
  const ways = '{tcp,udp,pickle}';
  return [
    {
      title: '',
      panels: [
        { ...stat, ...RECEIVED, unit: 'short', decimals: 1, targets: [named('per second', perSecond(`sumSeries(${store}.${ways}.metricsReceived)`))] },
        { ...stat, ...LOST, unit: 'short', decimals: 0, thresholds: ANY, targets: [named('lost', `${store}.cache.overflow`)] },
        { ...stat, ...WAITING, unit: 'short', decimals: 0, targets: [named('waiting', `${store}.cache.size`)] },
        {
          ...stat,
          title: 'Metrics known',
          about: 'In the index of the store.',
          todo: 'Each takes room on disk: dkm retention show says how much.',
          unit: 'short',
          decimals: 0,
          targets: [named('metrics', `${store}.carbonserver.metrics_known`)],
        },
      ],
    },
    {
      title: 'Receiving',
      panels: [
        {
          ...chart,
          ...RECEIVED,
          about: 'Per second, by the way they came.',
          unit: 'short',
          isStacked: true,
          targets: [byNode(perSecond(`${store}.${ways}.metricsReceived`), -2)],
        },
        {
          ...chart,
          title: 'Not understood',
          about: 'Lines and messages in a minute that are no metrics.',
          todo: 'A few from each host without swap are usual: collectd sends shares of nothing. Many more: somebody sends something else to carbon; run/logs/go-carbon.log says what.',
          unit: 'short',
          targets: [highest(byNode(`${store}.${ways}.errors`, -2))],
        },
        {
          ...chart,
          title: 'Connections',
          about: 'Open ones, of senders.',
          todo: 'One per sender. A number that climbs is senders that do not close theirs.',
          unit: 'short',
          decimals: 0,
          targets: [highest(byNode(`${store}.{tcp,pickle}.active`, -2))],
        },
        { ...chart, ...CREATED, unit: 'short', targets: [highest(named('created', `${store}.persister.created`))] },
      ],
    },
    {
      title: 'Cache',
      panels: [
        {
          ...chart,
          ...WAITING,
          unit: 'short',
          targets: [highest(named('points', `${store}.cache.size`)), highest(named('lost above', `${store}.cache.maxSize`))],
        },
        { ...chart, ...LOST, unit: 'short', thresholds: ANY, targets: [highest(named('lost', `${store}.cache.overflow`))] },
        {
          ...chart,
          title: 'Queue of writes, one pass',
          about: 'How long it takes until every metric that waits was written once.',
          todo: 'Minutes are a disk that cannot keep up; points wait at most about this long.',
          unit: 'ms',
          targets: [highest(named('one pass', `${store}.cache.queueWriteoutTime`))],
        },
        {
          ...chart,
          title: 'Metrics in the cache',
          about: 'With points that are not on disk yet.',
          todo: 'About as many as are sent in a pass of the queue.',
          unit: 'short',
          decimals: 0,
          targets: [highest(named('metrics', `${store}.cache.metrics`))],
        },
      ],
    },
    {
      title: 'Writing',
      panels: [
        { ...chart, width: THIRD, ...UPDATES, unit: 'ops', targets: [named('updates', perSecond(`${store}.persister.updateOperations`))] },
        {
          ...chart,
          width: THIRD,
          title: 'Points written',
          about: 'Per second.',
          todo: 'Over a while as many as are received; fewer is a queue that grows.',
          unit: 'short',
          targets: [named('points', perSecond(`${store}.persister.committedPoints`))],
        },
        { ...chart, width: THIRD, ...PER_UPDATE, unit: 'none', targets: [named('points', `${store}.persister.pointsPerUpdate`)] },
      ],
    },
    {
      title: 'Queries, as the store sees them',
      panels: [
        {
          ...chart,
          title: 'Requests',
          about: 'Per minute: for values, and for names.',
          todo: 'Many for names is a dashboard with wide patterns, or a short refresh on many screens.',
          unit: 'short',
          targets: [named('values', `${store}.carbonserver.render_requests`), named('names', `${store}.carbonserver.find_requests`)],
        },
        {
          ...chart,
          title: 'Time of a request',
          about: 'Of a request to the store: half, 95 and 99 of 100 are quicker.',
          todo: 'Hundreds of ms are wide patterns or long ranges; ask for fewer series, or for a coarser resolution.',
          unit: 'ns',
          targets: [
            highest(named('50 %', `${store}.carbonserver.request_time_50th_percentile_ns`)),
            highest(named('95 %', `${store}.carbonserver.request_time_95th_percentile_ns`)),
            highest(named('99 %', `${store}.carbonserver.request_time_99th_percentile_ns`)),
          ],
        },
        {
          ...chart,
          title: 'Answers that are failures',
          about: 'Per minute: 4xx, as for names that are not there, and 5xx.',
          todo: '5xx: run/logs/go-carbon.log. 4xx: dashboards that ask for what nobody sends.',
          unit: 'short',
          targets: [highest(byNode(`${store}.carbonserver.request_codes.combined.{4xx,5xx}`, -1))],
        },
        { ...chart, ...MEMORY, unit: 'bytes', targets: [named('in use', `${store}.carbonserver.alloc`)] },
      ],
    },
  ];
}

function carbonapi(): RowDefinition {
  const query = 'carbon.api.$store';
  // What carbonapi sends are counters since its start.
  const perMinute = (series: string): string => `nonNegativeDerivative(${series})`;
  return {
    title: 'Query service',
    panels: [
      {
        ...chart,
        title: 'Requests of people and programs',
        about: 'Per minute: for values, and for names.',
        todo: 'Who asks so much: dashboards left open with a short refresh, or a program in a loop.',
        unit: 'short',
        targets: [named('values', perMinute(`${query}.render_requests`)), named('names', perMinute(`${query}.find_requests`))],
      },
      {
        ...chart,
        title: 'Time of an answer',
        about: 'Answers per minute, by how long they took.',
        todo: 'What is above 1 s is felt: see which dashboard asks for so many series, or for so long a range.',
        unit: 'short',
        isStacked: true,
        targets: [
          named('below 0.1 s', perMinute(`${query}.requests_in_0ms_to_100ms`)),
          named('below 1 s', perMinute(`sumSeries(${query}.requests_in_[1-9]00ms_to_*)`)),
          highest(named('longer', perMinute(`${query}.requests_in_1000ms_to_1100ms`))),
        ],
      },
      {
        ...chart,
        title: 'Failures',
        about: 'Per minute: requests to the store that failed or took too long.',
        todo: 'run/logs/carbonapi.log says why; is the store well (dkm status)?',
        unit: 'short',
        thresholds: ANY,
        targets: [
          highest(named('values', perMinute(`${query}.zipper.render_errors`))),
          highest(named('names', perMinute(`${query}.zipper.find_errors`))),
          highest(named('took too long', perMinute(`${query}.zipper.timeouts`))),
        ],
      },
      {
        ...chart,
        title: 'Memory of the query service',
        about: 'In use by its program, and kept by it.',
        todo: 'It follows the size of answers. Where it climbs alone: dkm restart carbonapi.',
        unit: 'bytes',
        targets: [named('in use', `${query}.runtime.mem_stats.heap_inuse_bytes`), named('kept', `${query}.runtime.mem_stats.sys`)],
      },
    ],
  };
}

function carbonCache(): RowDefinition[] {
  const store = 'carbon.agents.$store';
  return [
    {
      title: '',
      panels: [
        { ...stat, ...RECEIVED, unit: 'short', decimals: 1, targets: [named('per second', perSecond(`sumSeries(${store}.metricsReceived)`))] },
        {
          ...stat,
          ...LOST,
          unit: 'short',
          decimals: 0,
          thresholds: ANY,
          targets: [named('lost', `sumSeries(${store}.cache.overflow, ${store}.droppedCreates)`)],
        },
        { ...stat, ...WAITING, unit: 'short', decimals: 0, targets: [named('waiting', `sumSeries(${store}.cache.size)`)] },
        {
          ...stat,
          title: 'Processor',
          about: 'Time of one processor that the store takes.',
          todo: 'Near 100 % it cannot keep up: carbon-cache uses one processor only; go-carbon uses all.',
          unit: 'percent',
          decimals: 0,
          thresholds: [
            { from: 80, colour: 'orange' },
            { from: 95, colour: 'red' },
          ],
          targets: [named('in use', `sumSeries(${store}.cpuUsage)`)],
        },
      ],
    },
    {
      title: 'Receiving',
      panels: [
        { ...chart, ...RECEIVED, unit: 'short', targets: [byNode(perSecond(`${store}.metricsReceived`), -2)] },
        {
          ...chart,
          ...CREATED,
          unit: 'short',
          targets: [highest(named('created', `sumSeries(${store}.creates)`)), highest(named('not created', `sumSeries(${store}.droppedCreates)`))],
        },
        {
          ...chart,
          title: 'Connections',
          about: 'Open ones, of senders.',
          todo: 'One per sender. A number that climbs is senders that do not close theirs.',
          unit: 'short',
          decimals: 0,
          targets: [highest(named('connections', `sumSeries(${store}.activeConnections)`))],
        },
        {
          ...chart,
          title: 'Errors',
          about: 'In a minute, while writing to the disk.',
          todo: 'run/logs/carbon-cache.log says what: rights, a full disk, a damaged file.',
          unit: 'short',
          thresholds: ANY,
          targets: [highest(named('errors', `sumSeries(${store}.errors)`))],
        },
      ],
    },
    {
      title: 'Cache',
      panels: [
        {
          ...chart,
          ...WAITING,
          unit: 'short',
          targets: [highest(named('points', `sumSeries(${store}.cache.size)`)), highest(named('metrics', `sumSeries(${store}.cache.queues)`))],
        },
        { ...chart, ...LOST, unit: 'short', thresholds: ANY, targets: [highest(named('lost', `sumSeries(${store}.cache.overflow)`))] },
        {
          ...chart,
          title: 'Questions to the cache',
          about: 'In a minute, of the query service, for what is not on disk yet.',
          todo: 'It follows what dashboards ask.',
          unit: 'short',
          targets: [named('single', `sumSeries(${store}.cache.queries)`), named('several at once', `sumSeries(${store}.cache.bulk_queries)`)],
        },
      ],
    },
    {
      title: 'Writing',
      panels: [
        { ...chart, ...UPDATES, unit: 'ops', targets: [named('updates', perSecond(`sumSeries(${store}.updateOperations)`))] },
        {
          ...chart,
          title: 'Points written',
          about: 'Per second.',
          todo: 'Over a while as many as are received; fewer is a queue that grows.',
          unit: 'short',
          targets: [named('points', perSecond(`sumSeries(${store}.committedPoints)`))],
        },
        { ...chart, ...PER_UPDATE, unit: 'none', targets: [named('points', `sumSeries(${store}.pointsPerUpdate)`)] },
        {
          ...chart,
          title: 'Time of an update',
          about: 'How long it takes to write a file.',
          todo: 'Some ms on SSDs. More: the disk is slow or busy, see the host.',
          unit: 's',
          targets: [highest(named('average', `sumSeries(${store}.avgUpdateTime)`))],
        },
      ],
    },
    {
      title: 'Program',
      panels: [
        { ...chart, ...MEMORY, unit: 'bytes', targets: [named('in use', `sumSeries(${store}.memUsage)`)] },
        {
          ...chart,
          title: 'Processor',
          about: 'Time of one processor that the store takes.',
          todo: 'Near 100 % it cannot keep up: it uses one processor only.',
          unit: 'percent',
          targets: [named('in use', `sumSeries(${store}.cpuUsage)`)],
        },
      ],
    },
  ];
}
