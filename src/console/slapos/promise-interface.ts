import type { Context } from 'hono';
import { html } from 'hono/html';
import { csrfField } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { ago, statePill } from '../html/pieces.ts';
import { sendPage } from '../html/shell.ts';
import { readPicture, promiseHref } from '../picture/picture.ts';
import { wellbeingOfPromise } from '../picture/promises-view.ts';

/** Answers `/default-promise-interface.html?service_name=<id>`: one promise, and a button that runs it. */
export function promiseInterface(parts: ConsoleParts): (context: Context<ConsoleEnv>) => Promise<Response> {
  return async (context) => {
    const picture = await readPicture(parts.layout);
    const id = context.req.query('service_name');
    const promise = picture.promises.promises.find((each) => each.id === id);
    if (promise === undefined) return failure(context, 404, 'not-found', 'There is no promise of this name.');
    const { wellbeing, word } = wellbeingOfPromise(promise, picture.promises.state === 'current');
    return sendPage(context, parts, {
      title: promise.title,
      active: '/promises',
      body: html`<nav class="crumbs" aria-label="Where this is"><a href="${promiseHref(promise.id)}">History and more</a></nav>
        <div id="promise" data-live>
          <div class="heading page">
            <h1>${promise.title}</h1>
            <p class="line">${statePill(wellbeing, word)} <span class="quiet">checked ${ago(promise.checkedAtMs, picture.nowMs)}</span></p>
          </div>
          ${picture.promises.message === '' ? '' : html`<p class="notice">${picture.promises.message}</p>`}
          <div class="card said ${wellbeing}">
            <p class="message whole">${promise.message}</p>
            ${promise.description === undefined ? '' : html`<p class="quiet">${promise.description}</p>`}
          </div>
        </div>
        <form class="actions" method="post" action="/cgi-bin/monitor-run-promise.cgi?service=${encodeURIComponent(promise.id)}">
          ${csrfField(context, parts)}<button type="submit" class="main">Run now</button>
        </form>`,
    });
  };
}
