import { lookup, lookupService } from 'node:dns/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const LOOKUP_TIMEOUT_MS = 2_000;

/**
 * This machine's full name as `hostname -f` would tell it, or its short name where there is no full one. The name
 * service is given two seconds: without network it may not answer at all.
 */
export async function machineName(own: string = hostname()): Promise<string> {
  if (own.includes('.')) return own;
  const asked = canonicalName(own).catch(() => undefined);
  const name = await Promise.race([asked, delay(LOOKUP_TIMEOUT_MS, undefined, { ref: false })]);
  return fullName(own, name) ?? own;
}

async function canonicalName(own: string): Promise<string> {
  const { address } = await lookup(own);
  return (await lookupService(address, 0)).hostname;
}

/** The looked-up name, if it is this machine's own with a domain behind it. Pure. */
export function fullName(own: string, found: string | undefined): string | undefined {
  return found?.toLowerCase().startsWith(`${own.toLowerCase()}.`) ? found : undefined;
}
