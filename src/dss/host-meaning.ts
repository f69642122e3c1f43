import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isLoopback } from '../diagnosis/addresses.ts';
import type { Meaning } from './connection.ts';

const LOOKUP_TIMEOUT_MS = 2_000;

/** What a host's name means on this machine. The name service is given two seconds: without network it may not answer. */
export async function meaningOf(host: string): Promise<Meaning> {
  if (isIP(host) !== 0) return { kind: 'address' };
  // Any failure to look it up means the same to whoever reads it: this machine does not know the name.
  const asked = lookup(host, { all: true }).catch(() => undefined);
  const found = await Promise.race([asked, delay(LOOKUP_TIMEOUT_MS, undefined, { ref: false })]);
  const addresses = [...new Set(found?.map(({ address }) => address))];
  if (addresses.length === 0) return { kind: 'unknown' };
  return { kind: addresses.every(isLoopback) ? 'loopback' : 'found', addresses };
}
