import { isIP } from 'node:net';
import { DkmError } from '../src/base/errors.ts';
import type { InstallType } from '../src/contract/install-type.ts';
import { PORT_OFFSETS, PORTS_PER_INSTALLATION } from '../src/contract/ports.ts';
import type { Settings } from '../src/contract/settings.ts';
import type { Options } from './options.ts';

/** The answers of an installation; all but `hostname` have a value once defaults are filled in. */
export interface Answers {
  type: InstallType;
  port: number;
  listen: { dashboards: string; carbon: string; query: string };
  carbonServer?: { host: string; port: number; query_port: number };
  /** Undefined: the machine's own name. */
  hostname?: string;
  systemCollectd: boolean;
}

/** First port when none is given. */
export const DEFAULT_PORT = 15000;
const DEFAULT_LISTEN = { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '127.0.0.1' };

/** What was typed, then what an existing installation has, then the defaults. Throws `usage` for what cannot be meant. */
export function answersOf(options: Options, existing: Settings | undefined): Answers {
  const install = existing?.install;
  const port = options.port === undefined ? (install?.port ?? DEFAULT_PORT) : portNumber(options.port);
  const address = (flag: string, typed: string | undefined, role: keyof typeof DEFAULT_LISTEN): string =>
    typed === undefined ? (install?.listen[role] ?? DEFAULT_LISTEN[role]) : listenAddress(flag, typed);
  const carbonServer = options.carbonServer === undefined ? install?.carbon_server : serverAddress(options.carbonServer, port);
  const hostname = options.hostname ?? install?.hostname;
  return {
    type: options.type ?? install?.type ?? 'all',
    port,
    listen: {
      dashboards: address('--listen', options.listen, 'dashboards'),
      carbon: address('--carbon-listen', options.carbonListen, 'carbon'),
      query: address('--query-listen', options.queryListen, 'query'),
    },
    ...(carbonServer && { carbonServer }),
    ...(hostname !== undefined && { hostname }),
    systemCollectd: options.systemCollectd || install?.system_collectd !== undefined,
  };
}

/** In words, every answer that is not what an installation was made with. Empty: the same installation is meant. */
export function differences(answers: Answers, settings: Settings): string[] {
  const { install } = settings;
  const server = (value: { host: string; port: number } | undefined): string => (value ? `${value.host}:${value.port}` : 'none');
  const pairs: [string, string | number, string | number][] = [
    ['type', install.type, answers.type],
    ['port', install.port, answers.port],
    ['host name', install.hostname, answers.hostname ?? install.hostname],
    ['dashboards listen on', install.listen.dashboards, answers.listen.dashboards],
    ['carbon listens on', install.listen.carbon, answers.listen.carbon],
    ['query API listens on', install.listen.query, answers.listen.query],
    ['carbon server', server(install.carbon_server), server(answers.carbonServer)],
    ["system's collectd", install.system_collectd === undefined ? 'no' : 'yes', answers.systemCollectd ? 'yes' : 'no'],
  ];
  return pairs.filter(([, is, asked]) => is !== asked).map(([what, is, asked]) => `${what}: ${is} there, ${asked} asked for`);
}

function portNumber(text: string): number {
  const port = Number(text);
  const highest = 65536 - PORTS_PER_INSTALLATION;
  if (/^\d+$/.test(text) && port >= 1 && port <= highest) return port;
  throw usage(`--port: expected a number from 1 to ${highest} (ten ports are taken from it on), found "${text}".`);
}

function listenAddress(flag: string, text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) !== 0) return text;
  throw usage(`${flag}: expected an IP address of this machine, such as 0.0.0.0 or 127.0.0.1, found "${text}".`);
}

/** HOST, HOST:PORT, an IPv6 address bare or in brackets. The port left out is the one carbon has when the server's ports begin where ours do. */
function serverAddress(text: string, basePort: number): NonNullable<Answers['carbonServer']> {
  const match = /^(?:\[(?<bracketed>[0-9A-Fa-f:.]+)\]|(?<name>[^:[\]\s/]+))(?::(?<port>\d+))?$/.exec(text);
  const host = isIP(text) === 6 ? text : (match?.groups?.bracketed ?? match?.groups?.name);
  const port = match?.groups?.port === undefined ? basePort + PORT_OFFSETS.carbon : Number(match.groups.port);
  const queryPort = port + PORT_OFFSETS.query - PORT_OFFSETS.carbon;
  if (host !== undefined && port >= 1 && queryPort <= 65535) return { host, port, query_port: queryPort };
  throw usage(`--carbon-server: expected HOST or HOST:PORT, found "${text}".`);
}

function usage(message: string): DkmError {
  return new DkmError('usage', message, { hint: 'installer --help lists the options.' });
}
