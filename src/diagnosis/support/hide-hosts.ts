import { isIP } from 'node:net';
import { isLoopback } from '../addresses.ts';

/*
 * Host names and addresses, each replaced by the same stand-in wherever it is: `host-1`, `address-2`.
 */

/** Replaces the names of hosts and their addresses. */
export type HideHosts = (text: string) => string;

/** For names: this host's, its carbon server's. Hosts of the same domains are hidden, too. */
export function hostHider(names: readonly string[]): HideHosts {
  const full = [...new Set(names.map((name) => name.toLowerCase()).filter((name) => isIP(name) === 0 && name.length > 2 && name !== 'localhost'))];
  const standIns = new Map<string, string>();
  const standIn = (kind: string, what: string): string => {
    const known = standIns.get(what);
    if (known !== undefined) return known;
    const next = `${kind}-${[...standIns.values()].filter((other) => other.startsWith(kind)).length + 1}`;
    standIns.set(what, next);
    return next;
  };
  // In this order, so that this host is host-1.
  for (const name of full) standIn('host', name);
  const patterns = full.flatMap((name) => namePatterns(name));
  return (text) => {
    const withoutNames = patterns.reduce((left, { pattern, nameOf }) => left.replace(pattern, (found) => standIn('host', nameOf(found))), text);
    return withoutNames
      .replace(MAC, (found) => standIn('hardware-address', found.toLowerCase()))
      .replace(IPV4, (found) => (isHidden(found) ? standIn('address', found) : found))
      .replace(IPV6, (found) => (isHidden(found) ? standIn('address', found.toLowerCase()) : found));
  };
}

const IPV4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)/g;
const IPV6 = /(?<![\w:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{0,4}::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{0,4})(?![\w:])/gi;
const MAC = /(?<![\w:])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![\w:])/gi;

function isHidden(address: string): boolean {
  return isIP(address) !== 0 && !isLoopback(address) && !['0.0.0.0', '::', '255.255.255.255'].includes(address);
}

interface NamePattern {
  pattern: RegExp;
  /** The name that a piece of text stands for. */
  nameOf: (found: string) => string;
}

/** A name as it is and as metrics write it (turned round, with dots or underscores), and other names of its domain. */
function namePatterns(name: string): NamePattern[] {
  const labels = name.split('.');
  const reversed = [...labels].reverse();
  const domain = labels.slice(1);
  const whole = [name, reversed.join('.'), labels.join('_'), reversed.join('_')].map((text) => ({ pattern: wordPattern(escaped(text)), nameOf: () => name }));
  // As it is written alone: a host called "host" must not take the key "Host" along.
  const short = labels.length > 1 && (labels[0]?.length ?? 0) > 2 ? [{ pattern: wordPattern(escaped(labels[0] ?? ''), 'g'), nameOf: () => name }] : [];
  if (domain.length < 2) return [...whole, ...short];
  const others = [
    { pattern: wordPattern(`(?:[\\w-]+\\.)+${escaped(domain.join('.'))}`), nameOf: (found: string) => found.toLowerCase() },
    {
      pattern: wordPattern(`${escaped([...domain].reverse().join('.'))}(?:\\.[\\w-]+)?`),
      nameOf: (found: string) => found.toLowerCase().split('.').reverse().join('.'),
    },
    { pattern: wordPattern(escaped(domain.join('.'))), nameOf: (found: string) => found.toLowerCase() },
  ];
  return [...whole, ...others, ...short];
}

const wordPattern = (text: string, flags = 'gi'): RegExp => new RegExp(`(?<![\\w-])${text}(?![\\w-])`, flags);
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
