import type { MiddlewareHandler } from 'hono';
import type { ConsoleConfig } from '../config.ts';
import type { ConsoleEnv } from '../console-parts.ts';

/** Nothing but our own files, no inline script or style, no frame around us. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** None of what a browser could give a page is used. */
const PERMISSIONS_POLICY = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'display-capture', 'browsing-topics']
  .map((name) => `${name}=()`)
  .join(', ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Nothing for other sites. With `no-referrer` a browser would not name the origin of our own forms either.
  'Referrer-Policy': 'same-origin',
  'Permissions-Policy': PERMISSIONS_POLICY,
  'Cache-Control': 'no-store',
};

/** Sets the headers that every answer has, where a route did not decide on one itself. */
export function securityHeaders({ tls }: Pick<ConsoleConfig, 'tls'>): MiddlewareHandler<ConsoleEnv> {
  const seconds = tls?.hsts_s ?? 0;
  const all = Object.entries({ ...HEADERS, ...(seconds > 0 && { 'Strict-Transport-Security': `max-age=${seconds}` }) });
  return async (context, next) => {
    await next();
    for (const [name, value] of all) if (!context.res.headers.has(name)) context.header(name, value);
  };
}
