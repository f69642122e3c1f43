import type { Context } from 'hono';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { VERSION } from '../../base/version.ts';
import { CSRF_HEADER, csrfToken } from '../access/access.ts';
import type { ConsoleConfig } from '../config.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import type { Notice } from '../actions/notices.ts';
import { sendPacked } from '../packed.ts';
import { readPicture, revisionOf, summaryOf } from '../picture/picture.ts';
import { ICON_SHAPES } from './icons.ts';
import { account } from './account.ts';
import { clock, statePill } from './pieces.ts';

/** The pages of the console, in the order of its navigation. */
export const PAGES = [
  { path: '/', title: 'Overview' },
  { path: '/promises', title: 'Promises' },
  { path: '/metrics-explorer', title: 'Metrics' },
  { path: '/dashboards', title: 'Dashboards' },
  { path: '/services', title: 'Services' },
  { path: '/instances', title: 'Instances' },
  { path: '/settings', title: 'Settings' },
] as const;
export type PagePath = (typeof PAGES)[number]['path'];

/** A piece of a page, every value in it escaped; made with `html` from hono/html. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** What a page puts into the frame that all share. */
export interface PageContent {
  title: string;
  /** The page that is marked in the navigation. */
  active: PagePath;
  /** Inside <main>. Elements with an id and `data-live` are renewed when something changed (src/console/page/live.ts). */
  body: Html;
  /** What came of the action before. */
  notice?: Notice | undefined;
  /** Names of built scripts (src/console/page/<name>.ts) besides app.js; a page without any works without JavaScript. */
  scripts?: readonly string[];
  /** Names of built style sheets besides style.css (src/console/page/<name>.css). */
  styles?: readonly string[];
}

/** A whole page. `context`, behind `onlyFor`, says who asks. */
export async function shell(
  parts: ConsoleParts,
  { title, active, body, notice, scripts = [], styles = [] }: PageContent,
  context: Context<ConsoleEnv>,
): Promise<HtmlEscapedString> {
  const { config } = parts;
  const picture = await readPicture(parts.layout);
  const { wellbeing, text } = summaryOf(picture);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · ${config.title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="${CSRF_HEADER}" content="${csrfToken(context, parts)}" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        ${styles.map((name) => html`<link rel="stylesheet" href="/${name}.css" />`)}
        ${['app', ...scripts].map((name) => html`<script type="module" src="/${name}.js"></script>`)}
      </head>
      <body data-revision="${revisionOf(picture)}">
        ${ICON_SHAPES}
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <div class="wide brand">
            <img src="/favicon.svg" alt="" width="30" height="30" />
            <p class="names">
              <strong>${config.title}</strong>
              ${hostOf(config) === config.title ? '' : html`<span>${hostOf(config)}</span>`}
            </p>
            <a class="summary" id="summary" href="/" data-live>${statePill(wellbeing, text)}</a>
            ${account(parts, context)}
          </div>
          <nav class="wide pages" aria-label="Pages">
            ${PAGES.map(({ path, title: name }) => html`<a href="${path}" ${path === active ? html`aria-current="page"` : ''}>${name}</a>`)}
          </nav>
        </header>
        <main id="main" class="wide" tabindex="-1">
          <p id="connection" class="notice bad" role="alert" hidden></p>
          <div id="notices">${notice === undefined ? '' : html`<p class="notice ${notice.ok ? 'good' : 'bad'}" role="status">${notice.message}</p>`}</div>
          ${body}
        </main>
        <footer class="wide">
          <p>dkm ${VERSION} · <span id="updated" data-live>as of ${clock(picture.nowMs)}</span></p>
        </footer>
        <p id="announcement" class="unseen" role="status"></p>
      </body>
    </html>`;
}

/** The host's ordinary name: metrics have it reversed. */
export function hostOf({ host }: Pick<ConsoleConfig, 'host'>): string {
  return host.split('.').reverse().join('.');
}

/** Answers with a page. */
export async function sendPage(context: Context<ConsoleEnv>, parts: ConsoleParts, content: PageContent, status: 200 | 400 | 404 = 200): Promise<Response> {
  // With the policy no-referrer a browser names no origin for a form, which we then cannot tell from another site's.
  context.header('Referrer-Policy', 'same-origin');
  // A packed page with both a secret (the form's token) and a text of somebody else's choice can betray the secret by its
  // length (BREACH), but not here: another site's requests come without the session (SameSite=Strict).
  return sendPacked(context, (await shell(parts, content, context)).toString(), 'text/html; charset=UTF-8', status);
}
