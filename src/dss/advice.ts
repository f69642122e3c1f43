import { spanInWords } from '../base/terminal.ts';
import { isDssSending, type InstanceAge } from './ages.ts';
import type { HostProcesses } from './processes.ts';

/* What to look at where DSS does not send, in the order in which it is worth looking. */

export interface Seen {
  instances: readonly InstanceAge[];
  /** Prefixes that were asked for and at which nothing ever came. */
  missing: readonly string[];
  processes: readonly HostProcesses[];
  /** What DSS is told to send to. */
  carbon: { host: string; port: number; address: string };
  /** Whether carbon takes connections from this machine. */
  isReached: boolean;
  /** What was looked below. */
  looked: readonly string[];
  /** The first parts of the names that there are. */
  uppermost: readonly string[];
  /** How dkm is called in what is to be typed. */
  dkm: string;
}

/** Sentences, each with what to type. Empty where all is well. Pure. */
export function adviceOn(seen: Seen): string[] {
  const { instances, missing } = seen;
  const silent = instances.filter(({ state }) => state === 'silent');
  const isAnySending = instances.some(isDssSending);
  if (instances.length === 0) return neverReceived(seen);
  if (silent.length === 0 && missing.length === 0 && isAnySending) return [];
  return [
    ...missing.map((prefix) => `Nothing was ever received at or below ${prefix}. Is it spelt as in DSS?`),
    ...silent.map(silence),
    ...(isAnySending ? [] : [...nobodySends(seen), ...reach(seen)]),
    ...processAdvice(seen),
    RESTART,
  ];
}

const RESTART = 'Was DSS restarted after its settings were changed? DATADIR/bin/dss restart. Its log says what it could not send: DATADIR/run/backend.log.';

function silence({ prefix, parts, ageSeconds }: InstanceAge): string {
  const collectd = parts.find(({ name }) => name === 'collectd');
  const isHostThere = collectd !== undefined && parts.length > 1 && collectd.ageSeconds !== null && collectd.ageSeconds < (ageSeconds ?? 0);
  const but = isHostThere ? ` Its collectd sent ${spanInWords(collectd.ageSeconds ?? 0)} ago: the machine is there, and the port is reached.` : '';
  return `${prefix} has been silent for ${spanInWords(ageSeconds ?? 0)}.${but}`;
}

function nobodySends({ instances }: Seen): string[] {
  const hosts = instances.filter(({ kind, state }) => kind === 'host only' && state === 'sends').map(({ prefix }) => prefix);
  if (hosts.length > 0)
    return [`Below ${hosts.join(', ')} a collectd sends what it measures, and DSS itself nothing: its own settings lack the server or the prefix. dkm dss`];
  return instances.every(({ state }) => state === 'gone')
    ? ['Nothing has come for a week. Is another prefix set in DSS by now? dkm dss check --prefix PREFIX']
    : [];
}

function reach({ carbon, isReached }: Seen): string[] {
  const there = `On the machine of DSS: nc -vz ${carbon.host} ${carbon.port}`;
  return isReached
    ? [
        `Carbon takes connections on port ${carbon.port}, seen from this machine. ${there}. If that fails: a firewall, or a name that means another machine there.`,
      ]
    : [`Carbon takes no connections at ${carbon.address}. See why: dkm status`];
}

function processAdvice({ processes }: Seen): string[] {
  const running = processes.filter(({ counts }) => (counts.backend ?? 0) > 0).map(({ host }) => host);
  if (running.length > 0)
    return [`collectd sees the process of a DSS backend on ${running.join(', ')}: DSS runs there. Does it have this address and a prefix? dkm dss`];
  return processes.length > 0 ? ['collectd sees no process of a DSS backend on any host that it measures: does DSS run?'] : [];
}

function neverReceived(seen: Seen): string[] {
  const { carbon, looked, uppermost, dkm } = seen;
  const there = uppermost.length === 0 ? 'The store has no names at all yet.' : `The names that there are begin with: ${uppermost.join(', ')}.`;
  return [
    `Nothing was ever received below ${looked.join(' or ')}. ${there}`,
    ...reach(seen),
    `A line to try, on the machine of DSS: echo "dkm.test.dss 1 $(date +%s)" | nc -q1 ${carbon.host} ${carbon.port}`,
    `It has come when this shows it: ${dkm} dss check --prefix dkm.test`,
    'Is another prefix set in DSS? dkm dss check --prefix PREFIX',
    ...processAdvice(seen),
    RESTART,
  ];
}
