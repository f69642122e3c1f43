import { html } from 'hono/html';
import type { PromiseStatus } from '../../contract/promise.ts';
import type { DayStatistics, HistoryEntry } from '../../monitor/read.ts';
import { promiseHref } from '../picture/picture.ts';
import type { Strip } from '../picture/promise-history.ts';
import { wellbeingOfPromise } from '../picture/promises-view.ts';
import { ago, lasting, moment, statePill } from './pieces.ts';
import type { Html } from './shell.ts';
import { stripPicture } from './strip.ts';
import { valueInWords } from './values.ts';

/** What the page of one promise is made of. */
export interface PromiseScene {
  promise: PromiseStatus;
  nowMs: number;
  /** False while nobody checks promises. */
  isChecked: boolean;
  /** Why nobody does; else empty. */
  message: string;
  /** Changes, the oldest first. */
  history: HistoryEntry[];
  statistics: DayStatistics[];
  day: Strip;
  week: Strip;
  links: { title: string; href: string }[];
  /** The hidden field of forms; undefined for who may only look. */
  token: Html | undefined;
}

const MOST_ENTRIES = 100;
const MOST_DAYS = 30;

/** The page of one promise. */
export function promisePage(scene: PromiseScene): Html {
  const { promise, message } = scene;
  return html`<nav class="crumbs" aria-label="Where this is"><a href="/promises">Promises</a></nav>
    <div id="promise-head" data-live>${head(scene)} ${message === '' ? '' : html`<p class="notice bad">${message}</p>`}</div>
    ${scene.token === undefined ? '' : html`<div id="promise-actions" class="actions" data-live>${actions(scene, scene.token)}</div>`}
    <div id="promise-body" data-live>
      ${now(scene)}
      <div class="pair">
        <section aria-labelledby="values-heading">
          <div class="heading"><h2 id="values-heading">Measured</h2></div>
          ${values(promise)}
        </section>
        <section aria-labelledby="about-heading">
          <div class="heading"><h2 id="about-heading">About it</h2></div>
          ${about(scene)}
        </section>
      </div>
      <section aria-labelledby="history-heading">
        <div class="heading"><h2 id="history-heading">History</h2></div>
        ${strips(scene)} ${history(scene)}
      </section>
      ${statistics(scene)}
    </div>`;
}

function head({ promise, nowMs, isChecked }: PromiseScene): Html {
  const { wellbeing, word } = wellbeingOfPromise(promise, isChecked);
  return html`<div class="heading page">
    <h1>${promise.title}</h1>
    <p class="line">
      ${statePill(wellbeing, word)} ${promise.sinceMs === null ? '' : html`<span class="quiet">for ${lasting(promise.sinceMs, nowMs)}</span>`}
      ${promise.isRunning ? html`<span class="quiet">running now</span>` : ''}
    </p>
  </div>`;
}

function now({ promise, isChecked }: PromiseScene): Html {
  const { wellbeing } = wellbeingOfPromise(promise, isChecked);
  return html`<div class="card said ${wellbeing}">
    <p class="message whole">${promise.message === '' ? 'It has not said anything yet.' : promise.message}</p>
    ${
      promise.error === undefined || promise.error === ''
        ? ''
        : html`<p class="quiet">It also printed:</p>
            <pre tabindex="0" aria-label="What it printed">${promise.error}</pre>`
    }
    ${
      promise.acknowledged === undefined
        ? ''
        : html`<p class="quiet">
            ${promise.acknowledged.by} knows of it since ${moment(promise.acknowledged.sinceMs)}, until ${moment(promise.acknowledged.untilMs)}:
            ${promise.acknowledged.comment}
          </p>`
    }
  </div>`;
}

/** How long one may know of something before it is told again. */
export const ACKNOWLEDGE_FOR = [
  { hours: 1, title: '1 hour' },
  { hours: 4, title: '4 hours' },
  { hours: 24, title: '1 day' },
  { hours: 72, title: '3 days' },
  { hours: 168, title: '1 week' },
  { hours: 720, title: '30 days' },
] as const;

/** Longest comment of an acknowledgement, in characters. */
export const LONGEST_COMMENT = 500;

function actions({ promise, isChecked }: PromiseScene, token: Html): Html {
  const href = promiseHref(promise.id);
  const run = html`<form method="post" action="${href}/run" data-act>
    ${token}
    <button type="submit" class="main">Run now</button>
  </form>`;
  const withdraw = html`<form method="post" action="${href}/withdraw" data-act>
    ${token}
    <button type="submit" class="plain">No longer acknowledged</button>
  </form>`;
  if (promise.acknowledged !== undefined) return html`${run} ${withdraw}`;
  if (promise.state !== 'failed' || !isChecked) return run;
  return html`${run}
    <details class="drop" id="acknowledge">
      <summary class="button plain">Acknowledge</summary>
      <form class="card form" method="post" action="${href}/acknowledge" data-act>
        ${token}
        <p class="quiet">It is not told again until then, or until it broke anew.</p>
        <label>Comment <input type="text" name="comment" required maxlength="${LONGEST_COMMENT}" autocomplete="off" /></label>
        <label>
          For
          <select name="hours">
            ${ACKNOWLEDGE_FOR.map(({ hours, title }) => html`<option value="${hours}" ${hours === 24 ? html`selected` : ''}>${title}</option>`)}
          </select>
        </label>
        <button type="submit" class="main">Acknowledge</button>
      </form>
    </details>`;
}

function values({ values: measured }: PromiseStatus): Html {
  const entries = Object.entries(measured);
  if (entries.length === 0) return html`<p class="card empty">It measures nothing that has a number.</p>`;
  return html`<dl class="card rows">
    ${entries.map(([name, value]) => {
      const { label, text } = valueInWords(name, value);
      return html`<div>
        <dt>${label}</dt>
        <dd>${text}</dd>
      </div>`;
    })}
  </dl>`;
}

function about({ promise, nowMs, isChecked, links }: PromiseScene): Html {
  const { id, kind, origin, severity, schedule, checkedAtMs, executionTimeMs, nextAtMs, description } = promise;
  const rows: [string, Html | string][] = [
    ['Name', html`<code>${id}</code>`],
    ['Kind', kind],
    ['Comes from', origin],
    ['When it breaks', severity === 'critical' ? 'it is critical' : 'it is a warning'],
    ['Schedule', html`<code>${schedule}</code>`],
    ['Last checked', html`${ago(checkedAtMs, nowMs)}${executionTimeMs === null ? '' : `, took ${executionTimeMs} ms`}`],
    ['Next', isChecked && nextAtMs !== null ? ago(nextAtMs, nowMs) : 'not by itself'],
  ];
  if (links.length > 0)
    rows.push([
      'Files',
      html`<ul class="plain-list">
        ${links.map(({ title, href }) => html`<li><a href="${href}">${title}</a></li>`)}
      </ul>`,
    ]);
  return html`${description === undefined || description === '' ? '' : html`<p class="card said message whole">${description}</p>`}
    <dl class="card rows">
      ${rows.map(
        ([term, text]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${text}</dd>
          </div>`,
      )}
    </dl>`;
}

function strips({ day, week }: PromiseScene): Html {
  return html`<div class="card strips">
    <p>24 hours</p>
    ${stripPicture(day, 'Last 24 hours')}
    <p>7 days</p>
    ${stripPicture(week, 'Last 7 days')}
    <p class="legend-line quiet">
      <span class="ok"></span> kept <span class="failed"></span> broken <span class="no-data"></span> no data <span class="unknown"></span> not known
    </p>
  </div>`;
}

function history({ history: entries }: PromiseScene): Html {
  if (entries.length === 0) return html`<p class="card empty">Nothing has changed yet: changes are written down here.</p>`;
  const newest = entries.slice(-MOST_ENTRIES).reverse();
  return html`<div class="card">
      <table class="list" role="table" aria-label="Changes">
        <thead role="rowgroup">
          <tr role="row">
            ${['When', 'State', 'Message'].map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${newest.map(
            ({ atMs, state, message }) =>
              html`<tr role="row">
                <td role="cell" class="when">${moment(atMs)}</td>
                <td role="cell">${statePill(...pillOf(state))}</td>
                <td role="cell" class="message">${message}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${entries.length > MOST_ENTRIES ? html`<p class="quiet">The newest ${MOST_ENTRIES} of ${entries.length}.</p>` : ''}`;
}

function pillOf(state: HistoryEntry['state']): ['good' | 'bad' | 'unknown', string] {
  return state === 'ok' ? ['good', 'Kept'] : state === 'failed' ? ['bad', 'Broken'] : ['unknown', 'No data'];
}

function statistics({ statistics: days }: PromiseScene): Html {
  if (days.length === 0) return html``;
  return html`<section aria-labelledby="days-heading">
    <div class="heading"><h2 id="days-heading">Changes by day</h2></div>
    <div class="card">
      <table class="list days" role="table" aria-labelledby="days-heading">
        <thead role="rowgroup">
          <tr role="row">
            ${['Day (UTC)', 'Found kept', 'Found broken'].map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${days
            .slice(-MOST_DAYS)
            .reverse()
            .map(
              ({ day, ok, failed }) =>
                html`<tr role="row">
                  <td role="cell">${day}</td>
                  <td role="cell">${ok}</td>
                  <td role="cell">${failed}</td>
                </tr>`,
            )}
        </tbody>
      </table>
    </div>
  </section>`;
}
