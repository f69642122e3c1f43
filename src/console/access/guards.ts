import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { onlySameOrigin } from './origin.ts';
import { EVERY_REQUEST, onlySoOften } from './request-limit.ts';
import { securityHeaders } from './security-headers.ts';

/** Bytes a request's body may have: a form of ours. */
export const MOST_BODY_BYTES = 16 * 1024;
/** Where more is taken, by the beginning of the path. */
const MORE_BYTES: readonly (readonly [prefix: string, bytes: number])[] = [
  ['/api/', 256 * 1024],
  ['/share/', 1024 * 1024],
];

/** What stands before every route, in this order: headers, how often, from where, how much. */
export function guards(parts: ConsoleParts): MiddlewareHandler<ConsoleEnv>[] {
  return [securityHeaders(parts.config), butForHealth(onlySoOften(parts, EVERY_REQUEST)), onlySameOrigin(parts), onlySoMuch];
}

const tooLarge = (context: Context): Response => failure(context, 413, 'too-large', 'The request is too large.');
const ofForm = bodyLimit({ maxSize: MOST_BODY_BYTES, onError: tooLarge });
const ofMore = MORE_BYTES.map(([prefix, maxSize]) => [prefix, bodyLimit({ maxSize, onError: tooLarge })] as const);

const onlySoMuch: MiddlewareHandler<ConsoleEnv> = (context, next) => {
  const limit = ofMore.find(([prefix]) => context.req.path.startsWith(prefix))?.[1] ?? ofForm;
  return limit(context, next);
};

/** The supervisor asks from this machine, as proxies and other clients may: what they use up must not make the console seem ill. */
function butForHealth(limit: MiddlewareHandler<ConsoleEnv>): MiddlewareHandler<ConsoleEnv> {
  return (context, next) => (context.req.path === '/healthz' ? next() : limit(context, next));
}
