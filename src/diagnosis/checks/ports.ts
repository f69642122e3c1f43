import { networkInterfaces } from 'node:os';
import type { ServicePort } from '../../contract/service.ts';
import { portProblemInWords } from '../../host/checks.ts';
import { holderOf } from '../../host/port-holders.ts';
import { portProblems } from '../../host/ports.ts';
import { LOOPBACK } from '../../manifest/context.ts';
import { listeningSockets, socketsOf, type ListeningSocket } from '../../host/sockets.ts';
import { isLoopback, isPublic } from '../addresses.ts';
import { note, problem, warning, type Check, type Found } from '../finding.ts';
import type { Scene } from '../scene.ts';

/*
 * Who listens where: our ports are ours, and nothing is open that the settings do not open.
 */

export const ports: Check = {
  name: 'ports',
  async look(scene) {
    const sockets = listeningSockets();
    const own = socketsOf(scene.pids);
    const isRunning = (name: string): boolean => scene.running.some((service) => service.name === name);
    const isWaiting = (name: string): boolean => scene.supervisorRuns && scene.account?.services.find((each) => each.name === name)?.state !== 'STOPPED';
    const found = await Promise.all(
      scene.services.map(async ({ name, ports: wanted }) => {
        // One that may be started at any moment must not find its port taken by our own try.
        if (isRunning(name) || isWaiting(name)) return taken(wanted, sockets, own);
        return refused(wanted, own, sockets);
      }),
    );
    return found.flat();
  },
};

const OTHER_PORTS = 'End that program, or take other ports: dkm config set install.port PORT, then dkm reconfigure';

/** Ports that somebody else listens on, from the system's table. */
function taken(wanted: readonly ServicePort[], sockets: readonly ListeningSocket[], own: ReadonlySet<string>): Found[] {
  return wanted.flatMap((port) =>
    port.protocols.flatMap((protocol) => {
      const there = sockets.filter((socket) => socket.protocol === protocol && socket.port === port.port && overlaps(socket.address, port.address));
      if (there.length === 0 || there.some(({ inode }) => own.has(inode))) return [];
      const holder = holderOf(port.port, protocol);
      const what = portProblemInWords({ ...port, protocol, reason: 'in-use', ...(holder !== undefined && { holder }) });
      return [problem(what, `${port.address} port ${port.port}`, OTHER_PORTS)];
    }),
  );
}

function overlaps(a: string, b: string): boolean {
  const everything = ['0.0.0.0', '::'];
  return a === b || everything.includes(a) || everything.includes(b);
}

/** Ports that cannot be listened on, by trying; those of a process of ours that stayed are its own. */
async function refused(wanted: readonly ServicePort[], own: ReadonlySet<string>, sockets: readonly ListeningSocket[]): Promise<Found[]> {
  const found = await portProblems(wanted);
  return found
    .filter(({ port, protocol }) => !sockets.some((socket) => socket.port === port && socket.protocol === protocol && own.has(socket.inode)))
    .map((each) => {
      const fix =
        each.reason === 'no-such-address' ? 'Name an address of this machine: dkm config set install.listen.NAME ADDRESS, then dkm reconfigure' : OTHER_PORTS;
      return problem(portProblemInWords(each), `${each.address} port ${each.port}`, fix);
    });
}

export const exposure: Check = {
  name: 'listening-addresses',
  look: (scene) => [...undeclared(scene), ...openToAll(scene)],
};

/** What our services listen on beyond this machine that no manifest and no setting knows of. */
function undeclared(scene: Scene): Found[] {
  const own = socketsOf(scene.pids);
  const declared = scene.services.flatMap((service) => service.ports);
  return listeningSockets()
    .filter(({ inode, protocol, address }) => own.has(inode) && protocol === 'tcp' && !isLoopback(address))
    .filter(({ port, address }) => !declared.some((each) => each.port === port && (each.address === address || !isLoopback(each.address))))
    .map(({ address, port }) =>
      warning(
        `A service of this installation listens on ${address} port ${port}, which its settings do not have.`,
        `${address} port ${port}`,
        'Compare what you edited: dkm config diff',
      ),
    );
}

const LISTEN = {
  carbon: { level: warning, what: 'Metrics are taken from everyone who reaches', key: 'install.listen.carbon' },
  query: { level: warning, what: 'Stored metrics are shown to everyone who reaches', key: 'install.listen.query' },
  dashboards: { level: note, what: 'The dashboards are served without encryption on', key: 'install.listen.dashboards' },
  statsd: { level: warning, what: "StatsD's metrics are taken from everyone who reaches", key: 'statsd.listen' },
} as const;

/** Roles that listen on an address of this machine that is one of the Internet. */
function openToAll({ settings, services }: Scene): Found[] {
  if (settings === undefined) return [];
  const mine = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  const listen = { ...settings.install.listen, statsd: settings.statsd?.listen ?? LOOPBACK };
  return exposedListeners(listen, new Set(services.flatMap((service) => service.ports.map(({ name }) => name))), mine);
}

/** The listeners among `listen` that a public one of these addresses leads to. Pure. */
export function exposedListeners(listen: Readonly<Record<keyof typeof LISTEN, string>>, portNames: ReadonlySet<string>, addresses: readonly string[]): Found[] {
  const reachable = (on: string): string[] =>
    addresses.filter((address) => isPublic(address) && (on === address || on === '::' || (on === '0.0.0.0' && !address.includes(':'))));
  return (Object.keys(LISTEN) as (keyof typeof LISTEN)[])
    .filter((name) => portNames.has(name))
    .flatMap((name) => {
      const open = reachable(listen[name]);
      if (open.length === 0) return [];
      const { level, what, key } = LISTEN[name];
      const fix = `Listen on an inner address: dkm config set ${key} ADDRESS, then dkm reconfigure; or let a firewall decide who may.`;
      return [level(`${what} ${open.join(', ')}, a public address.`, `${key} = ${listen[name]}`, fix)];
    });
}
