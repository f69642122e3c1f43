import { html } from 'hono/html';
import type { ServiceRow } from '../answers.ts';
import type { Usage } from '../exposition/process-usage.ts';
import type { NamedLog } from '../live/log-lines.ts';
import { formatDuration, formatValue } from '../page/format.ts';
import { serviceHref, type Picture } from '../picture/picture.ts';
import { lasting, statePill } from './pieces.ts';
import { portList, reasonOf, roleInWords } from './services.ts';
import type { Html } from './shell.ts';

/** What can be done with a service. */
export type ServiceOperation = 'start' | 'stop' | 'restart';

/** What the pages of services are made of. */
export interface ServicesScene {
  picture: Picture;
  /** What its process and those that it started use. */
  usageOf: (service: ServiceRow) => Usage | undefined;
  /** True for the console itself. */
  isOwn: (service: ServiceRow) => boolean;
  /** The hidden field of forms; undefined for who may only look. */
  token: Html | undefined;
}

/** The page with all services. */
export function servicesPage(scene: ServicesScene): Html {
  const { supervisor, services, warnings } = scene.picture.status;
  return html`<div class="heading page"><h1>Services</h1></div>
    <div id="services-notice" data-live>
      ${supervisor.message === '' ? '' : html`<p class="notice bad">${supervisor.message}</p>`}
      ${warnings.map(({ message }) => html`<p class="notice warning">${message}</p>`)}
    </div>
    <div id="services" data-live>
      ${services.length === 0 ? html`<p class="card empty">No services are known yet. "bin/dkm start" starts them.</p>` : table(scene, services)}
    </div>`;
}

function table(scene: ServicesScene, services: readonly ServiceRow[]): Html {
  const titles = ['Service', 'State', 'Up for', 'Restarts', 'Memory', 'Ports'];
  return html`<div class="card">
    <table class="list services" role="table" aria-label="Services">
      <thead role="rowgroup">
        <tr role="row">
          ${titles.map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
          ${scene.token === undefined ? '' : html`<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>`}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${services.map((service) => row(scene, service))}
      </tbody>
    </table>
  </div>`;
}

function row(scene: ServicesScene, service: ServiceRow): Html {
  const { name, title, version, role, wellbeing, word, startedAtMs, restarts, ports } = service;
  const usage = scene.usageOf(service);
  const reason = reasonOf(service);
  return html`<tr role="row" data-key="${name}" class="${wellbeing}">
    <td role="cell" class="what">
      <a class="title" href="${serviceHref(name)}">${title}</a>
      <small>${roleInWords(role)} · <span class="whole">${name} ${version}</span></small>
    </td>
    <td role="cell">${statePill(wellbeing, word)} ${reason === '' ? '' : html`<p class="message">${reason}</p>`}</td>
    <td role="cell" class="detail ${startedAtMs === null ? 'none' : ''}" data-label="Up for">${lasting(startedAtMs, scene.picture.nowMs)}</td>
    <td role="cell" class="detail ${restarts === 0 ? 'none' : ''}" data-label="Restarts">${restarts}</td>
    <td role="cell" class="detail ${usage === undefined ? 'none' : ''}" data-label="Memory">
      ${usage === undefined ? html`<span class="quiet">–</span>` : formatValue(usage.memoryBytes, 'bytes')}
    </td>
    <td role="cell" class="detail ${ports.length === 0 ? 'none' : ''}" data-label="Ports">${portList(ports)}</td>
    ${scene.token === undefined ? '' : html`<td role="cell" class="act">${buttons(scene, scene.token, service, 'small')}</td>`}
  </tr>`;
}

const WORDS: Record<ServiceOperation, string> = { start: 'Start', stop: 'Stop', restart: 'Restart' };

function buttons({ isOwn }: ServicesScene, token: Html, service: ServiceRow, size: 'small' | ''): Html {
  const isUp = service.pid !== null;
  const operations: ServiceOperation[] = isUp ? ['restart', 'stop'] : ['start'];
  return html`<form class="buttons" method="post" action="${serviceHref(service.name)}/start" data-act>
    ${token}
    ${operations.map((operation) => {
      const question = questionOf(operation, service, isOwn(service));
      return html`<button
        type="submit"
        class="plain ${size} ${operation === 'stop' ? 'grave' : ''}"
        formaction="${serviceHref(service.name)}/${operation}"
        aria-label="${WORDS[operation]} ${service.title}"
        ${question === '' ? '' : html`data-ask="${question}"`}
      >
        ${WORDS[operation]}
      </button>`;
    })}
  </form>`;
}

/** What is asked before it is done; empty when nothing is. Pure. */
export function questionOf(operation: ServiceOperation, service: Pick<ServiceRow, 'title' | 'role'>, isOwn: boolean): string {
  const consequence = consequenceOf(operation, service, isOwn);
  return consequence === '' ? '' : `${WORDS[operation]} ${service.title}? ${consequence}`;
}

/** What follows from it, where that is worth a question; else empty. Pure. */
export function consequenceOf(operation: ServiceOperation, { role }: Pick<ServiceRow, 'role'>, isOwn: boolean): string {
  if (isOwn && operation === 'stop') return 'It is this very page: it will not answer any more. "bin/dkm start" on the machine itself brings it back.';
  if (isOwn && operation === 'restart') return 'It is this very page: it will not answer for a few seconds.';
  return operation === 'stop' ? (CONSEQUENCES[role] ?? 'It stays stopped until somebody starts it.') : '';
}

const CONSEQUENCES: Readonly<Record<string, string>> = {
  store: 'What is sent to it meanwhile is lost.',
  query: 'Nothing can be charted until somebody starts it.',
  collector: 'This host is not measured until somebody starts it.',
  dashboards: 'Its pages do not answer until somebody starts it.',
};

/** The page that asks before an action, for browsers without script. */
export function confirmPage(operation: ServiceOperation, service: ServiceRow, consequence: string, token: Html): Html {
  const href = serviceHref(service.name);
  return html`<section class="card said confirm" aria-labelledby="confirm-heading">
    <h1 id="confirm-heading">${WORDS[operation]} ${service.title}?</h1>
    <p>${consequence}</p>
    <form class="buttons" method="post" action="${href}/${operation}">
      ${token}
      <input type="hidden" name="confirmed" value="yes" />
      <button type="submit" class="main">${WORDS[operation]} it</button>
      <a class="button plain" href="${href}">Leave it as it is</a>
    </form>
  </section>`;
}

/** What is said when the console is told to stop or restart itself. */
export function farewell(message: string, href: string): Html {
  return html`<section class="card said confirm" aria-labelledby="farewell-heading">
    <h1 id="farewell-heading">See you soon</h1>
    <p>${message}</p>
    <p><a class="button plain" href="${href}">Load it again</a></p>
  </section>`;
}

/** What the page of one service is made of. */
export interface ServiceScene extends ServicesScene {
  service: ServiceRow;
  /** Its logs, and the last lines of the one that is shown. */
  logs: readonly NamedLog[];
  shown: NamedLog | undefined;
  lines: string;
}

/** The page of one service. */
export function servicePage(scene: ServiceScene): Html {
  const { service, picture, token } = scene;
  const reason = reasonOf(service);
  return html`<nav class="crumbs" aria-label="Where this is"><a href="/services">Services</a></nav>
    <div id="service-head" data-live>
      <div class="heading page">
        <h1>${service.title}</h1>
        <p class="line">
          ${statePill(service.wellbeing, service.word)}
          ${service.startedAtMs === null ? '' : html`<span class="quiet">up for ${lasting(service.startedAtMs, picture.nowMs)}</span>`}
        </p>
      </div>
      ${picture.status.supervisor.message === '' ? '' : html`<p class="notice bad">${picture.status.supervisor.message}</p>`}
      ${reason === '' ? '' : html`<div class="card said ${service.wellbeing}"><p class="message whole">${reason}</p></div>`}
    </div>
    ${token === undefined ? '' : html`<div id="service-actions" class="actions" data-live>${buttons(scene, token, service, '')}</div>`}
    <div id="service-facts" data-live>${facts(scene)}</div>
    ${logs(scene)}`;
}

function facts({ service, usageOf }: ServiceScene): Html {
  const usage = usageOf(service);
  const rows: [string, Html | string][] = [
    ['Name', html`<code>${service.name}</code>`],
    ['Version', service.version],
    ['Role', roleInWords(service.role)],
    ['Process', service.pid === null ? 'none' : String(service.pid)],
    ['Restarts', String(service.restarts)],
    ['Last end', service.lastExit ?? 'it has not ended yet'],
  ];
  if (usage !== undefined) {
    rows.push(['Memory', formatValue(usage.memoryBytes, 'bytes')]);
    rows.push(['Processor time', formatDuration(usage.cpuSeconds * 1000)]);
  }
  return html`<dl class="card rows columns">
    ${rows.map(
      ([term, text]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
    <div class="broad">
      <dt>Ports</dt>
      <dd>${portList(service.ports)}</dd>
    </div>
  </dl>`;
}

function logs({ service, logs: all, shown, lines }: ServiceScene): Html {
  if (shown === undefined) return html`<p class="card empty">No log is known of it.</p>`;
  const href = serviceHref(service.name);
  return html`<section aria-labelledby="logs-heading">
    <div class="heading">
      <h2 id="logs-heading">Log</h2>
      <div class="controls">
        ${
          all.length < 2
            ? ''
            : html`<nav class="ranges" aria-label="Logs">
                ${all.map(({ name }) => html`<a class="button" href="${href}?log=${encodeURIComponent(name)}#logs-heading" ${name === shown.name ? html`aria-current="true"` : ''}>${name}</a>`)}
              </nav>`
        }
        <button id="follow" type="button" class="plain" aria-pressed="true" hidden>Follow</button>
      </div>
    </div>
    <p id="log-notice" class="notice" role="status" hidden></p>
    <pre
      id="log"
      class="card log"
      tabindex="0"
      role="log"
      aria-live="off"
      aria-labelledby="logs-heading"
      data-source="${href}/log-events?log=${encodeURIComponent(shown.name)}"
    >
${lines}</pre>
    <noscript
      ><p class="quiet">
        With JavaScript, new lines appear by themselves. <a href="${href}?log=${encodeURIComponent(shown.name)}#logs-heading">Load it again</a>
      </p></noscript
    >
  </section>`;
}
