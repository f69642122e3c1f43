import type { Context } from 'hono';
import type { ConsoleConfig } from '../config.ts';
import type { ConsoleEnv } from '../console-parts.ts';

type Proxies = Pick<ConsoleConfig, 'trusted_proxies'>;

/** The address that asks: that of the connection, or what a trusted proxy says was its. `unknown` for none. */
export function addressOf(context: Context<ConsoleEnv>, config: Proxies): string {
  const peer = peerOf(context);
  if (!isTrusted(peer, config)) return peer;
  // The last one is what the proxy itself saw; those before it are hearsay.
  const forwarded = context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  return forwarded === undefined || !/^[0-9a-fA-F.:]{2,45}$/.test(forwarded) ? peer : forwarded;
}

/** True when the browser reached us, or a trusted proxy before us, over TLS. */
export function isSecure(context: Context<ConsoleEnv>, config: Proxies & Pick<ConsoleConfig, 'tls'>): boolean {
  if (config.tls) return true;
  return isTrusted(peerOf(context), config) && context.req.header('x-forwarded-proto')?.trim().toLowerCase() === 'https';
}

function peerOf(context: Context<ConsoleEnv>): string {
  // An application that is called without a server (a test's) has no connection.
  const bindings = context.env as Partial<ConsoleEnv['Bindings']> | undefined;
  return (bindings?.incoming?.socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/i, '');
}

function isTrusted(peer: string, { trusted_proxies: proxies = [] }: Proxies): boolean {
  return proxies.includes(peer);
}
