import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Member } from './place.ts';
import { pathOf } from './web-path.ts';

/** A page that lists what is in a directory. */
export function sendIndex(context: Context, names: readonly string[], members: readonly Member[], isWhole: boolean): Response | Promise<Response> {
  const title = `/${names.join('/')}/`;
  return context.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <title>${title}</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/style.css" />
        </head>
        <body>
          <main id="main" class="wide">
            ${names.length > 1 ? html`<nav class="crumbs" aria-label="Where this is"><a href="${pathOf(names.slice(0, -1), true)}">One up</a></nav>` : ''}
            <div class="heading page"><h1>${title}</h1></div>
            <div class="card">
              <table class="list">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Bytes</th>
                    <th scope="col">Changed</th>
                  </tr>
                </thead>
                <tbody>
                  ${members.map(
                    ({ name, status, isDirectory }) =>
                      html`<tr>
                        <td><a href="${pathOf([...names, name], isDirectory)}">${name}${isDirectory ? '/' : ''}</a></td>
                        <td class="detail">${isDirectory ? '' : status.size.toString()}</td>
                        <td class="when">${new Date(Number(status.mtimeMs)).toISOString().slice(0, 19).replace('T', ' ')} UTC</td>
                      </tr>`,
                  )}
                </tbody>
              </table>
            </div>
            ${isWhole ? '' : html`<p class="notice">There is more in this directory than is listed here.</p>`}
          </main>
        </body>
      </html>`,
  );
}
