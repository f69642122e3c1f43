import { DkmError } from '../base/errors.ts';
import { ROLES_OF_TYPE, type InstallType } from '../contract/install-type.ts';
import type { Settings } from '../contract/settings.ts';
import { isLoopback } from '../diagnosis/addresses.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import { portsFrom } from '../contract/ports.ts';

/*
 * What Dataiku DSS has to be told so that its metrics come here: where to type what, for this installation.
 * The words of DSS are those of its documentation, "Monitoring DSS":
 * https://doc.dataiku.com/dss/latest/operations/monitoring.html
 */

/** Below it every instance of DSS has a name of its own. */
export const RECOMMENDED_ROOT = 'dataiku.dss';

/** What a name of this installation means on this machine. */
export type Meaning =
  | { kind: 'address' }
  | { kind: 'found'; addresses: string[] }
  /** It means this machine itself, as Debian's /etc/hosts has it: others may know it or not. */
  | { kind: 'loopback'; addresses: string[] }
  | { kind: 'unknown' };

/** What is typed, pasted or entered where. `schema` is that of `dkm dss --json`. */
export interface Connection {
  schema: 1;
  type: InstallType;
  instance: string;
  /** `host`, `port` and both as DSS takes them; `isHere`: this installation's own carbon. */
  graphiteServer: { host: string; port: number; address: string; isHere: boolean };
  prefix: string;
  /** For DSS's data directory, with DSS stopped. */
  command: string;
  /** Keys of an API node's config/server.json. */
  serverJson: { graphiteCarbonServerURL: string; graphiteCarbonPrefix: string };
  /** What the API deployer, and another Grafana, ask. `isHere`: this installation's own. */
  query: { url: string; isHere: boolean };
  dataSource: { type: 'graphite'; access: 'proxy'; url: string; jsonData: { graphiteVersion: '1.1'; graphiteType: 'default' } };
  /** What stands in the way, or is worth knowing, with what to do. */
  notes: string[];
}

export interface ConnectionOptions {
  /** How this DSS is called in the names of its metrics. */
  instance?: string | undefined;
  /** How the machine of DSS calls this one. */
  host?: string | undefined;
}

/** How the machine of DSS is to call the one that has the store: as it was said, the one address it listens on, or its name. Pure. */
export function hostFor({ install }: Settings, host?: string): string {
  if (host !== undefined) return host;
  if (install.carbon_server !== undefined) return install.carbon_server.host;
  const { carbon } = install.listen;
  return isEveryAddress(carbon) ? install.hostname : carbon;
}

/** What DSS has to be told. Throws `usage` for an instance's name that cannot be one. Pure. */
export function connectionOf(settings: Settings, options: ConnectionOptions, meaning: Meaning): Connection {
  const { install } = settings;
  const server = install.carbon_server;
  const ports = portsFrom(install.port);
  const host = hostFor(settings, options.host);
  const instance = instanceName(options.instance ?? install.hostname.split('.')[0] ?? 'dss');
  const prefix = `${RECOMMENDED_ROOT}.${instance}`;
  const port = server?.port ?? ports.carbon;
  const address = hostAndPort(host, port);
  const url = `http://${hostAndPort(host, server?.query_port ?? ports.query)}`;
  return {
    schema: 1,
    type: install.type,
    instance,
    graphiteServer: { host, port, address, isHere: server === undefined },
    prefix,
    command: `bin/dssadmin install-monitoring-integration -graphiteServer ${address} -prefix ${prefix}`,
    serverJson: { graphiteCarbonServerURL: address, graphiteCarbonPrefix: prefix },
    query: { url, isHere: server === undefined },
    dataSource: { type: 'graphite', access: 'proxy', url, jsonData: { graphiteVersion: '1.1', graphiteType: 'default' } },
    notes: [...typeNotes(settings), ...listenNotes(settings), ...nameNotes(host, meaning), ...instanceNotes(options, instance)],
  };
}

function instanceName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(name)) return name;
  throw new DkmError('usage', `--instance: expected letters, digits, "-" and "_", found "${name}": a dot would make two parts of the name.`, {
    hint: 'For example: dkm dss --instance design',
  });
}

function typeNotes({ install: { type, carbon_server: server } }: Settings): string[] {
  const roles = ROLES_OF_TYPE[type];
  if (server === undefined)
    return roles.includes('dashboards') ? [] : [`This installation (${type}) has no dashboards: what arrives is looked at in a Grafana elsewhere, as above.`];
  const where = hostAndPort(server.host, server.port);
  const what = roles.includes('collector')
    ? `an agent: it has no store, and sends what it measures to ${where}`
    : `a front end: it has no store, and shows what ${server.host} keeps`;
  const isNear = isLoopback(server.host) || server.host === 'localhost';
  return [
    `This installation is ${what}. DSS sends there, too. "dkm dss" on that machine says whether it listens to others.`,
    ...(isNear ? [`${server.host} is the carbon server as this machine calls it; from another machine it is not: --host NAME.`] : []),
  ];
}

function listenNotes({ install: { listen, port, carbon_server: server } }: Settings): string[] {
  if (server !== undefined) return [];
  const notes: string[] = [];
  const ports = portsFrom(port);
  if (isLoopback(listen.carbon))
    notes.push(
      `Carbon listens on ${listen.carbon} only: DSS on this machine reaches it, DSS on another one does not. For that: ${commandsTo('carbon')}, then "dkm dss" again.`,
    );
  if (isLoopback(listen.query))
    notes.push(
      `The query service listens on ${listen.query} only: an API deployer or a Grafana on another machine does not reach port ${ports.query}. For that: ${commandsTo('query')} (or the installer's --query-listen). Whoever reaches it reads every metric.`,
    );
  return notes;
}

function commandsTo(what: 'carbon' | 'query'): string {
  return `dkm config set install.listen.${what} 0.0.0.0 && dkm reconfigure`;
}

function nameNotes(host: string, meaning: Meaning): string[] {
  if (meaning.kind === 'unknown')
    return [`The name ${host} cannot be looked up on this machine, and perhaps nowhere: give one that the machine of DSS knows, or an address: --host NAME.`];
  if (meaning.kind === 'loopback' && host !== 'localhost')
    return [
      `On this machine ${host} means ${meaning.addresses.join(', ')}, which is this machine itself: what it means elsewhere is not seen from here. On the machine of DSS: getent hosts ${host}. If that says nothing: dkm dss --host ADDRESS.`,
    ];
  return [];
}

function instanceNotes(options: ConnectionOptions, instance: string): string[] {
  return options.instance === undefined ? [`"${instance}" is this machine's name. Every DSS needs a name of its own: --instance NAME.`] : [];
}

function isEveryAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
