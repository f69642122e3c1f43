import { html } from 'hono/html';
import type { PromiseStatus } from '../../contract/promise.ts';
import { promiseHref } from '../picture/picture.ts';
import { isShown, PROMISE_FILTERS, type PromiseFilter } from '../picture/promise-filter.ts';
import type { Strip } from '../picture/promise-history.ts';
import { wellbeingOfPromise, worstFirst, type PromisesView } from '../picture/promises-view.ts';
import { ago, lasting, statePill } from './pieces.ts';
import type { Html } from './shell.ts';
import { stripPicture } from './strip.ts';

/** What the list of promises is made of. */
export interface PromisesScene {
  view: PromisesView;
  nowMs: number;
  filter: PromiseFilter;
  stripOf: (promise: PromiseStatus) => Strip;
  /** The hidden field of forms; undefined for who may only look. */
  token: Html | undefined;
}

/** More rows than this are not looked at, but searched. */
const MOST_ROWS = 500;

/** The page with all promises. */
export function promisesPage(scene: PromisesScene): Html {
  const { view, filter } = scene;
  const shown = worstFirst(view.promises).filter((promise) => isShown(promise, filter));
  return html`<div class="heading page">
      <h1>Promises</h1>
      ${filterForm(scene)}
    </div>
    <div id="promises-notice" data-live>${view.message === '' ? '' : html`<p class="notice ${view.state === 'none' ? '' : 'bad'}">${view.message}</p>`}</div>
    <div id="promises" data-live>${shown.length === 0 ? nothing(scene) : table(scene, shown)}</div>`;
}

function filterForm({ view, filter }: PromisesScene): Html {
  const count = (state: PromiseFilter['state']): number => view.promises.filter((promise) => isShown(promise, { state, text: '' })).length;
  return html`<form class="filter" method="get" action="/promises" role="search" data-filter>
    <label>
      <span class="unseen">Search</span>
      <input type="search" name="q" value="${filter.text}" placeholder="Search promises" autocomplete="off" maxlength="200" />
    </label>
    <label>
      <span class="unseen">State</span>
      <select name="state">
        ${PROMISE_FILTERS.map(
          ({ state, title }) => html`<option value="${state}" ${state === filter.state ? html`selected` : ''}>${title} (${count(state)})</option>`,
        )}
      </select>
    </label>
    <button type="submit" class="plain">Show</button>
  </form>`;
}

function nothing({ view, filter }: PromisesScene): Html {
  if (view.promises.length > 0) {
    const what = filter.text === '' ? 'in this state' : `that fits “${filter.text}”`;
    return html`<p class="card empty">There is no promise ${what}. <a href="/promises">Show all</a></p>`;
  }
  return html`<div class="card empty">
    <p>A promise is a small check that something is as it should be. None is known here yet.</p>
    <p>Put an executable, or a TOML file for a kind that is built in, into <code>conf/promises.d/</code>, then run <code>bin/dkm reload</code>.</p>
  </div>`;
}

function table(scene: PromisesScene, shown: readonly PromiseStatus[]): Html {
  const rows = html`<div class="card">
      <table class="list promises" role="table" aria-label="Promises">
        <thead role="rowgroup">
          <tr role="row">
            ${['State', 'Promise', 'Since', 'Checked', 'Next', 'Last 24 hours'].map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
            ${scene.token === undefined ? '' : html`<th role="columnheader" scope="col"><span class="unseen">Action</span></th>`}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${shown.slice(0, MOST_ROWS).map((promise) => row(scene, promise))}
        </tbody>
      </table>
    </div>
    ${shown.length > MOST_ROWS ? html`<p class="notice">And ${shown.length - MOST_ROWS} more: search for them.</p>` : ''}`;
  return scene.token === undefined ? rows : html`<form method="post" action="/promises" data-act>${scene.token} ${rows}</form>`;
}

function row({ nowMs, stripOf, token, view }: PromisesScene, promise: PromiseStatus): Html {
  const { wellbeing, word } = wellbeingOfPromise(promise, view.state === 'current');
  const href = promiseHref(promise.id);
  return html`<tr role="row" data-key="${promise.id}" class="${wellbeing}">
    <td role="cell">${statePill(wellbeing, word)}</td>
    <td role="cell" class="what">
      <a class="title" href="${href}">${promise.title}</a>
      ${promise.title === promise.id ? '' : html`<small>${promise.id}</small>`}
      <p class="message">${promise.message}</p>
      ${promise.acknowledged === undefined ? '' : html`<p class="quiet">${promise.acknowledged.by} knows of it: ${promise.acknowledged.comment}</p>`}
    </td>
    <td role="cell" class="detail" data-label="Since">${lasting(promise.sinceMs, nowMs)}</td>
    <td role="cell" class="detail" data-label="Checked">${promise.isRunning ? 'running now' : ago(promise.checkedAtMs, nowMs)}</td>
    <td role="cell" class="detail" data-label="Next">
      ${view.state !== 'current' || promise.nextAtMs === null ? html`<span class="quiet">–</span>` : ago(promise.nextAtMs, nowMs)}
    </td>
    <td role="cell" class="history">${stripPicture(stripOf(promise), 'Last 24 hours')}</td>
    ${
      token === undefined
        ? ''
        : html`<td role="cell" class="act">
            <button type="submit" class="plain small" formaction="${href}/run" aria-label="Run now: ${promise.title}">Run now</button>
          </td>`
    }
  </tr>`;
}
