import type { Context } from 'hono';
import { html } from 'hono/html';
import { csrfField } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import type { Html } from './shell.ts';

/** Who is logged in, and the form that logs out. */
export function account(parts: ConsoleParts, context: Context<ConsoleEnv>): Html {
  const { name, role } = context.var.account;
  return html`<form class="account" method="post" action="/logout">
    ${csrfField(context, parts)}
    <span class="who">${name}${role === 'reader' ? ' (may look)' : ''}</span>
    <button type="submit" class="plain">Log out</button>
  </form>`;
}
