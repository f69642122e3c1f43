import { html } from 'hono/html';
import { hostAndPort } from '../../base/host-and-port.ts';
import type { PromiseStatus } from '../../contract/promise.ts';
import type { ServiceRow } from '../answers.ts';
import { promiseHref, summaryOf, troublesOf, type Picture, type Trouble } from '../picture/picture.ts';
import { wellbeingOfPromise, type PromisesView } from '../picture/promises-view.ts';
import { ago, lasting, statePill } from './pieces.ts';
import { isLoopback, serviceTiles } from './services.ts';
import type { Html } from './shell.ts';
import { valueInWords } from './values.ts';

/** What the overview is made of besides the picture. */
export interface OverviewScene {
  picture: Picture;
  /** The name under which the browser reached the console: where a metric can be sent to. */
  reachedAs: string;
}

/** The page that is seen first: everything that is broken, then the rest in brief. */
export function overview({ picture, reachedAs }: OverviewScene): Html {
  const { status, promises, nowMs } = picture;
  return html`${verdict(picture)}
    <section aria-labelledby="services-heading">
      <div class="heading">
        <h2 id="services-heading">Services</h2>
        <a href="/services">All about them</a>
      </div>
      <div id="services" data-live>${serviceTiles(status.services, nowMs)}</div>
    </section>
    <div id="outlook" data-live>${outlook(promises, nowMs)}</div>
    ${charts(status.services)} ${sending(status.services, reachedAs)}`;
}

/** Of more than these the list of promises tells. */
const MOST_TROUBLES = 20;

function verdict(picture: Picture): Html {
  const troubles = troublesOf(picture);
  return html`<section id="verdict" class="verdict" data-live aria-labelledby="verdict-heading">
    <h1 id="verdict-heading">${headline(picture, troubles)}</h1>
    <p class="quiet">${balance(picture)}</p>
    ${
      troubles.length === 0
        ? ''
        : html`<ul class="troubles">
            ${troubles.slice(0, MOST_TROUBLES).map((trouble) => troubleItem(trouble, picture.nowMs))}
          </ul>`
    }
    ${troubles.length > MOST_TROUBLES ? html`<p class="more"><a href="/promises?state=broken">And ${troubles.length - MOST_TROUBLES} more</a></p>` : ''}
  </section>`;
}

function headline(picture: Picture, troubles: readonly Trouble[]): string {
  const bad = troubles.filter(({ wellbeing }) => wellbeing === 'bad').length;
  const milder = troubles.length - bad;
  if (picture.status.supervisor.state === 'missing') return 'Nothing was started here yet';
  if (troubles.length === 0) {
    const { wellbeing, text } = summaryOf(picture);
    return wellbeing === 'good' ? 'Everything is as it should be' : text;
  }
  const words = [counted(bad, 'problem', 'problems'), counted(milder, 'warning', 'warnings')].filter((part) => part !== '');
  return words.join(' and ');
}

const counted = (count: number, one: string, more: string): string => (count === 0 ? '' : `${count} ${count === 1 ? one : more}`);

/** How many of each are well. */
function balance({ status: { services, supervisor }, promises, nowMs }: Picture): Html {
  const parts: Html[] = [];
  if (supervisor.state === 'running' && services.length > 0) {
    const well = services.filter(({ wellbeing }) => wellbeing === 'good').length;
    parts.push(html`<a href="/services">${well} of ${services.length} services well</a>`);
  }
  if (promises.promises.length > 0) {
    const kept = promises.promises.filter(({ state }) => state === 'ok').length;
    const known = promises.promises.filter(({ state, acknowledged }) => state === 'failed' && acknowledged !== undefined).length;
    const last = Math.max(...promises.promises.map(({ checkedAtMs }) => checkedAtMs ?? 0));
    parts.push(
      html`<a href="/promises">${kept} of ${promises.promises.length} promises ${promises.state === 'current' ? 'kept' : 'were kept when last checked'}</a>`,
    );
    if (known > 0) parts.push(html`<a href="/promises?state=known">${known} broken and known</a>`);
    if (last > 0) parts.push(html`checked ${ago(last, nowMs)}`);
  } else parts.push(html`no promise was checked yet`);
  return html`${parts.map((part, index) => html`${index === 0 ? '' : ' · '}${part}`)}`;
}

function troubleItem({ key, wellbeing, word, title, message, sinceMs, href }: Trouble, nowMs: number): Html {
  return html`<li class="card trouble ${wellbeing}" data-key="${key}">
    <div class="line">
      ${statePill(wellbeing, word)}
      <h2>${href === null ? title : html`<a href="${href}">${title}</a>`}</h2>
      ${sinceMs === null ? '' : html`<p class="quiet">for ${lasting(sinceMs, nowMs)}</p>`}
    </div>
    <p class="message">${message}</p>
  </li>`;
}

/** What promises measured that tells how things go on: how fresh the hosts' data is, how long the disks last. */
function outlook({ promises, state }: PromisesView, nowMs: number): Html {
  const groups = [
    { id: 'freshness', title: 'Fresh data', kinds: ['freshness'] },
    { id: 'forecast', title: 'Disk forecast', kinds: ['disk-forecast'] },
  ].map((group) => ({ ...group, found: promises.filter(({ kind }) => group.kinds.includes(kind)) }));
  if (groups.every(({ found }) => found.length === 0)) return html``;
  return html`<div class="pair">
    ${groups
      .filter(({ found }) => found.length > 0)
      .map(
        ({ id, title, found }) =>
          html`<section aria-labelledby="${id}-heading">
            <div class="heading"><h2 id="${id}-heading">${title}</h2></div>
            <ul class="card facts">
              ${found.map((promise) => fact(promise, state === 'current', nowMs))}
            </ul>
          </section>`,
      )}
  </div>`;
}

function fact(promise: PromiseStatus, isCurrent: boolean, nowMs: number): Html {
  const { wellbeing, word } = wellbeingOfPromise(promise, isCurrent);
  return html`<li data-key="${promise.id}">
    <div class="line">
      <a class="title" href="${promiseHref(promise.id)}">${promise.title}</a>
      ${statePill(wellbeing, word)}
    </div>
    <p class="message">${promise.message}</p>
    <dl class="values">
      ${Object.entries(promise.values)
        .slice(0, 4)
        .map(([name, value]) => {
          const { label, text } = valueInWords(name, value);
          return html`<div>
            <dt>${label}</dt>
            <dd>${text}</dd>
          </div>`;
        })}
      <div>
        <dt>checked</dt>
        <dd>${ago(promise.checkedAtMs, nowMs)}</dd>
      </div>
    </dl>
  </li>`;
}

/** The place of the charts: a script fills it, as charts are drawn in the browser. */
function charts(services: readonly ServiceRow[]): Html {
  const hasCollector = services.length === 0 || services.some(({ role }) => role === 'collector');
  return html`<section aria-labelledby="charts-heading">
    <div class="heading">
      <h2 id="charts-heading">This host</h2>
      <div class="controls">
        <div id="ranges" class="ranges" role="group" aria-label="Time range"></div>
        <button id="pause" type="button" class="plain" aria-pressed="false" hidden>Pause</button>
      </div>
    </div>
    <noscript><p class="notice">Charts are drawn in the browser and need JavaScript. Everything else on this page works without.</p></noscript>
    <p id="query-error" class="notice bad" role="alert" hidden></p>
    <p id="no-data" class="notice" role="status" hidden></p>
    <div id="charts" class="charts" data-collector="${hasCollector ? 'here' : 'none'}" hidden></div>
  </section>`;
}

/** How to send a metric, where this installation has a store. */
function sending(services: readonly ServiceRow[], reachedAs: string): Html {
  const carbon = services.flatMap((service) => service.ports).find((port) => port.name === 'carbon');
  if (carbon === undefined) return html``;
  const isLocal = isLoopback(carbon.address);
  const host = isLocal ? carbon.address : reachedAs;
  return html`<section aria-labelledby="sending-heading">
    <div class="heading"><h2 id="sending-heading">Send a metric</h2></div>
    <div class="card sending">
      <p>
        One line of text per point, <code>name value seconds</code>, over TCP or UDP to <strong>${hostAndPort(host, carbon.port)}</strong>. From a shell with
        bash, for example:
      </p>
      <pre tabindex="0" aria-label="Example command"><code>echo "demo.answer 42 $(date +%s)" > /dev/tcp/${host}/${carbon.port}</code></pre>
      ${isLocal ? html`<p class="quiet">It listens for this machine only.</p>` : ''}
    </div>
  </section>`;
}
