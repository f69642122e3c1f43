import type { Context } from 'hono';
import { messageOf } from '../../base/errors.ts';
import { audit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import type { Notice, Notices } from './notices.ts';

/** An action that somebody asked for with a form. */
export interface Action {
  /** As the audit log names it: `promise.run`. */
  name: string;
  /** What it is done to. */
  subject: string;
  /** The page to go back to. */
  back: string;
}

/**
 * Acts, notes it in the audit log, and answers: a script gets what came of it as JSON, a browser is sent back to the page
 * with a notice. What is thrown becomes the notice.
 */
export async function act(context: Context<ConsoleEnv>, parts: ConsoleParts, notices: Notices, action: Action, work: () => Promise<Notice>): Promise<Response> {
  const notice = await work().catch((error: unknown) => ({ ok: false, message: messageOf(error) }));
  await audit(context, parts, action.name, action.subject, notice.ok ? 'done' : `failed: ${notice.message}`);
  return answer(context, notices, action.back, notice);
}

/** Answers a form with what came of it. */
export function answer(context: Context<ConsoleEnv>, notices: Notices, back: string, notice: Notice): Response {
  if (wantsJson(context)) return context.json(notice);
  return context.redirect(`${back}?notice=${notices.put(notice)}`, 303);
}

/** True for a request of a page's script. */
export function wantsJson(context: Context): boolean {
  return (context.req.header('accept') ?? '').startsWith('application/json');
}

/** The fields of a form; those that are files count as empty. */
export async function fieldsOf(context: Context): Promise<(name: string) => string> {
  const body = await context.req.parseBody();
  return (name) => {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    return typeof value === 'string' ? value : '';
  };
}
