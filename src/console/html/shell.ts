import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { ConsoleParts } from '../console-parts.ts';

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

/** What a page puts into the frame that all share. */
export interface PageContent {
  title: string;
  /** The page that is marked in the navigation. */
  active: PagePath;
  /** Inside <main>; made with `html` from hono/html, which escapes every value. */
  body: HtmlEscapedString | Promise<HtmlEscapedString>;
  /** Names of built scripts (src/console/page/<name>.ts); a page without any works without JavaScript. */
  scripts?: readonly string[];
  /** Names of built style sheets besides style.css (src/console/page/<name>.css). */
  styles?: readonly string[];
}

/** A whole page. */
export function shell(
  { config }: ConsoleParts,
  { title, active, body, scripts = [], styles = [] }: PageContent,
): HtmlEscapedString | Promise<HtmlEscapedString> {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · ${config.title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        ${styles.map((name) => html`<link rel="stylesheet" href="/${name}.css" />`)}
        ${scripts.map((name) => html`<script type="module" src="/${name}.js"></script>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <nav aria-label="Pages">
            ${PAGES.map(({ path, title: name }) => html`<a href="${path}" ${path === active ? html`aria-current="page"` : ''}>${name}</a>`)}
          </nav>
        </header>
        <main id="main" class="wide">${body}</main>
      </body>
    </html>`;
}
