import { TYPES_WITHOUT_STORE } from '../../contract/install-type.ts';
import type { Settings } from '../../contract/settings.ts';
import { hostAndPort } from '../../base/host-and-port.ts';
import { render, templateContext } from '../../manifest/context.ts';
import { spanInWords } from '../../base/terminal.ts';
import { askHttp, canConnect, storedPoints, type Point } from '../ask.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';
import { contextOf, type Scene } from '../scene.ts';

/*
 * Whether what is measured arrives in the store, and whether the clocks agree on when. An installation with a store asks
 * its own query service, one without it its carbon server; nobody else is asked.
 */

const ANSWER_TIMEOUT_MS = 5_000;
/** Intervals without a point after which something is wrong, and not only late. */
const LATE_INTERVALS = 6;

/** What a collector of this installation sends all the time, and how often. */
interface Measured {
  title: string;
  service: string;
  metric: string;
  intervalSeconds: number;
  freeSpace?: string;
}

/** What the collectors of an installation send. */
export function measuredBy(scene: Scene): Measured[] {
  return scene.components.flatMap(({ name, title, measures }) => {
    const context = contextOf(scene, name);
    if (measures === undefined || context === undefined) return [];
    const fill = (text: string): string => render(text, context, `${name}.toml: measures`);
    return [
      {
        title,
        service: name,
        metric: fill(measures.metric),
        intervalSeconds: measures.interval_s,
        ...(measures.free_space !== undefined && { freeSpace: fill(measures.free_space) }),
      },
    ];
  });
}

/** The address of the query service that has this installation's metrics; undefined while that is ours and does not run. */
export function queryUrl(scene: Scene): string | undefined {
  const { settings } = scene;
  if (settings === undefined) return undefined;
  const isOurs = settings.install.carbon_server === undefined;
  if (isOurs && !scene.running.some(({ role }) => role === 'query')) return undefined;
  const { host, port } = templateContext('', settings, scene.layout).connect.query;
  return `http://${hostAndPort(host, port)}`;
}

export const freshness: Check = {
  name: 'data',
  timeoutMs: 15_000,
  async look(scene) {
    const url = queryUrl(scene);
    if (url === undefined || scene.settings?.install.carbon_server !== undefined) return [];
    const running = measuredBy(scene).filter(({ service }) => scene.running.some(({ name, ready }) => name === service && ready));
    const found = await Promise.all(running.map(async (measured) => freshnessOf(measured, await recentPoints(url, measured), runningSeconds(scene, measured))));
    return found.flat();
  },
};

/** Looked for into the future, too: a point there means that a clock goes wrong. */
function recentPoints(url: string, { metric }: Measured): Promise<Point[]> {
  return storedPoints(url, metric, '-30min', '+1h', ANSWER_TIMEOUT_MS);
}

function runningSeconds({ running }: Scene, { service }: Measured): number {
  const startedAtMs = running.find(({ name }) => name === service)?.startedAtMs;
  return startedAtMs === null || startedAtMs === undefined ? 0 : (Date.now() - startedAtMs) / 1000;
}

/** What the newest points of a metric tell. Pure. */
export function freshnessOf(
  { title, service, metric, intervalSeconds }: Measured,
  points: readonly Point[],
  runningForSeconds: number,
  nowSeconds = Date.now() / 1000,
): Found[] {
  const newest = points.at(-1);
  const allowed = LATE_INTERVALS * intervalSeconds;
  const see = `See why: dkm logs ${service}`;
  if (newest === undefined) {
    // Just started: nothing can have arrived yet.
    return runningForSeconds < allowed ? [] : [problem(`${title} runs, and the store has no point of ${metric} of the last half hour.`, metric, see)];
  }
  const ageSeconds = nowSeconds - newest.atSeconds;
  if (ageSeconds < -2 * intervalSeconds) {
    const what = `The store has a point of ${metric} that is ${spanInWords(-ageSeconds)} ahead of this machine's clock.`;
    return [warning(what, metric, 'Set the clock, and have it kept by NTP: timedatectl set-ntp true')];
  }
  if (ageSeconds <= allowed || runningForSeconds < allowed) return [];
  return [problem(`The newest point of ${metric} is ${spanInWords(ageSeconds)} old; ${title} sends one every ${intervalSeconds} s.`, metric, see)];
}

export const carbonReachable: Check = {
  name: 'carbon-server',
  timeoutMs: 15_000,
  async look({ settings, components }) {
    const server = settings?.install.carbon_server;
    if (server === undefined || settings === undefined || !TYPES_WITHOUT_STORE.includes(settings.install.type)) return [];
    const wanted = portsOfServer(
      server,
      components.some(({ role }) => role === 'collector'),
      components.some(({ role }) => role === 'dashboards'),
    );
    const reached = await Promise.all(wanted.map(async (each) => ({ ...each, isReached: await canConnect(server.host, each.port, ANSWER_TIMEOUT_MS) })));
    return reached
      .filter(({ isReached }) => !isReached)
      .map(({ port, what }) =>
        problem(
          `${what} ${hostAndPort(server.host, port)} cannot be reached.`,
          hostAndPort(server.host, port),
          'See whether it runs (dkm status, there), and whether a firewall is in between.',
        ),
      );
  },
};

function portsOfServer(server: NonNullable<Settings['install']['carbon_server']>, sends: boolean, asks: boolean): { port: number; what: string }[] {
  return [
    ...(sends ? [{ port: server.port, what: 'The carbon server' }] : []),
    ...(asks ? [{ port: server.query_port, what: "The carbon server's query service" }] : []),
  ];
}

/** Seconds that clocks may differ: the Date header has no parts of seconds, and the answer takes its time. */
const SKEW_WARNING_SECONDS = 5;
const SKEW_PROBLEM_SECONDS = 60;

export const serverClock: Check = {
  name: 'server-clock',
  async look({ settings }) {
    const server = settings?.install.carbon_server;
    if (server === undefined) return [];
    const address = hostAndPort(server.host, server.query_port);
    const askedMs = Date.now();
    // That it cannot be reached is another check's finding; an agent need not reach its query service at all.
    const answer = await askHttp(`http://${address}/`, ANSWER_TIMEOUT_MS).catch(() => undefined);
    if (answer?.dateMs === undefined) return [];
    return skewFindings((answer.dateMs + 500 - (askedMs + Date.now()) / 2) / 1000, address);
  },
};

/** What it means that another clock is so many seconds ahead (or, negative, behind). Pure. */
export function skewFindings(aheadSeconds: number, address: string): Found[] {
  const seconds = Math.abs(aheadSeconds);
  if (seconds <= SKEW_WARNING_SECONDS) return [];
  const what = `The clock of the carbon server is ${spanInWords(seconds)} ${aheadSeconds > 0 ? 'ahead of' : 'behind'} this machine's: points are stored at the wrong time.`;
  const level = seconds > SKEW_PROBLEM_SECONDS ? problem : warning;
  return [level(what, address, 'Have both clocks kept by NTP: timedatectl set-ntp true')];
}
