import { html } from 'hono/html';
import type { Html } from '../html/shell.ts';
import type { Dashboard, DashboardsAnswer } from './model.ts';

/** The list of dashboards. */
export function dashboardsPage({ dashboards, problems }: DashboardsAnswer): Html {
  return html`<div class="heading page"><h1>Dashboards</h1></div>
    ${problems.map(({ file, message }) => html`<p class="notice bad"><strong>${file}</strong> is not shown. ${message}</p>`)}
    ${
      dashboards.length === 0
        ? nothing()
        : html`<ul class="dashboard-list">
            ${dashboards.map(card)}
          </ul>`
    }
    <p class="hint">Dashboards of your own: put them, in Grafana's JSON form, into <code>conf/dashboards.d/</code>.</p>`;
}

function card({ uid, title, description, tags, origin }: DashboardsAnswer['dashboards'][number]): Html {
  return html`<li class="card">
    <a class="title" href="/dashboards/${uid}">${title}</a>
    ${description === '' ? '' : html`<p>${description}</p>`}
    <p class="quiet">${[...tags, origin].join(' · ')}</p>
  </li>`;
}

function nothing(): Html {
  return html`<p class="card empty">There are no dashboards in <code>conf/dashboards/</code> and <code>conf/dashboards.d/</code>.</p>`;
}

/** The frame of one dashboard; src/console/page/dashboards.ts fills it. */
export function dashboardPage({ uid, title, description, tags }: Dashboard, all: DashboardsAnswer['dashboards']): Html {
  const alike = all.filter((other) => other.uid === uid || other.tags.some((tag) => tags.includes(tag)));
  return html`<p class="crumbs"><a href="/dashboards">Dashboards</a></p>
    ${
      alike.length < 2
        ? ''
        : html`<nav aria-label="Other dashboards">
            <ul class="dashboard-places">
              ${alike.map((other) => place(other, uid))}
            </ul>
          </nav>`
    }
    <div class="heading page">
      <h1>${title}</h1>
      <div class="controls">
        <div id="ranges" class="ranges" role="group" aria-label="Time range"></div>
        <button id="zoom-back" type="button" class="plain" disabled>Back</button>
        <label class="choice"
          >every
          <select id="refresh"></select
        ></label>
      </div>
    </div>
    ${description === '' ? '' : html`<p class="quiet">${description}</p>`}
    <noscript>
      <p class="notice bad">
        Dashboards need JavaScript. Without it, <a href="/">the overview</a> and <a href="/promises">the promises</a> say how things are.
      </p>
    </noscript>
    <form id="variables" class="variables" aria-label="Variables" hidden></form>
    <p id="dashboard-problem" class="notice bad" role="alert" hidden></p>
    <ul id="dashboard-notes" class="panel-notes" hidden></ul>
    <div id="dashboard" data-uid="${uid}"></div>`;
}

function place({ uid, title }: DashboardsAnswer['dashboards'][number], shown: string): Html {
  return uid === shown ? html`<li aria-current="page">${title}</li>` : html`<li><a href="/dashboards/${uid}">${title}</a></li>`;
}
