import type { Settings } from '../contract/settings.ts';
import { canConnect } from '../diagnosis/ask.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import type { Endpoint } from '../manifest/context.ts';
import { adviceOn } from './advice.ts';
import { ageOf, isDssSending, type InstanceAge } from './ages.ts';
import { hostFor, RECOMMENDED_ROOT } from './connection.ts';
import { graphiteAt, type Graphite } from './graphite.ts';
import { findInstances } from './instances.ts';
import { findProcesses, type HostProcesses } from './processes.ts';

/** What `dkm dss check` found. `schema` is that of its --json. */
export interface Checked {
  schema: 1;
  /** At least one DSS sends, no instance is silent, and there is something at every prefix that was asked for. */
  ok: boolean;
  queryUrl: string;
  /** Prefixes that were looked at and below. */
  looked: string[];
  instances: InstanceAge[];
  processes: HostProcesses[];
  /** What to look at; empty where all is well. */
  advice: string[];
}

/** Below these DSS sends: the recommended prefix, and the one that DSS takes by itself. */
const ROOTS: readonly string[] = [RECOMMENDED_ROOT, 'dss'];
const CONNECT_TIMEOUT_MS = 5_000;

export interface CheckScene {
  settings: Settings;
  /** Where this machine reaches carbon and the query service. */
  carbon: Endpoint;
  query: Endpoint;
  /** Prefixes that administrators of DSS set. */
  prefixes: readonly string[];
  dkm: string;
  now: () => number;
}

/** Sees whether data of DSS arrives, and how old it is. Throws `service-failed` when nobody can be asked. */
export async function checkDss({ settings, carbon, query, prefixes, dkm, now }: CheckScene): Promise<Checked> {
  const graphite = graphiteAt(`http://${hostAndPort(query.host, query.port)}`);
  const found = await findInstances(graphite, { roots: ROOTS, given: prefixes });
  const instances: InstanceAge[] = [];
  for (const instance of found) instances.push(await ageOf(graphite, instance, now));
  const processes = await findProcesses(
    graphite,
    found.map(({ prefix }) => prefix),
    now,
  );
  const missing = prefixes.filter((prefix) => !found.some((instance) => `${instance.prefix}.`.startsWith(`${prefix}.`)));
  const ok = instances.some(isDssSending) && instances.every(({ state }) => state !== 'silent') && missing.length === 0;
  const host = hostFor(settings);
  const looked = [...ROOTS, ...prefixes];
  const advice = ok
    ? []
    : adviceOn({
        instances,
        missing,
        processes,
        carbon: { host, port: carbon.port, address: hostAndPort(host, carbon.port) },
        isReached: await canConnect(carbon.host, carbon.port, CONNECT_TIMEOUT_MS),
        looked,
        uppermost: instances.length === 0 ? await uppermostNames(graphite) : [],
        dkm,
      });
  return { schema: 1, ok, queryUrl: graphite.url, looked, instances, processes, advice };
}

async function uppermostNames(graphite: Graphite): Promise<string[]> {
  return (await graphite.find('*')).map(({ path }) => path).slice(0, 20);
}
