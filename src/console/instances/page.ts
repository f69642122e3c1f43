import { html } from 'hono/html';
import type { InstanceRow, InstancesAnswer } from '../answers.ts';
import { ago, statePill } from '../html/pieces.ts';
import type { Html } from '../html/shell.ts';
import { RANK } from '../picture/promises-view.ts';

/** Broken promises shown of each instance. */
const MOST_BROKEN = 5;

/** The page of the other monitors; without script it shows the same. */
export function instancesPage(answer: InstancesAnswer): Html {
  const rows = [...answer.instances].sort((a, b) => RANK[a.wellbeing] - RANK[b.wellbeing]);
  return html`<div class="heading page">
      <h1>Instances</h1>
      <p id="instance-counts" class="counts" data-live>${countsInWords(answer)}</p>
    </div>
    <div id="instances" data-live>
      ${answer.problem === '' ? '' : html`<p class="notice bad">${answer.problem}</p>`} ${rows.length === 0 ? nothing() : table(rows, answer.nowMs)}
    </div>`;
}

function countsInWords({ counts }: InstancesAnswer): Html {
  const { all, well, failing, unreachable, notAsked } = counts;
  if (all === 0) return html``;
  return html`${failing > 0 ? statePill('bad', `${failing} failing`) : ''} ${unreachable > 0 ? statePill('unknown', `${unreachable} unknown`) : ''}
  ${notAsked > 0 ? statePill('busy', `${notAsked} being asked`) : ''} ${well > 0 ? statePill('good', `${well} of ${all} well`) : ''}`;
}

function nothing(): Html {
  return html`<div class="card empty">
    <p>No other monitors are shown here. Name their addresses in <code>conf/dkm.toml</code>, other installations of dkm as well as SlapOS's:</p>
    <pre><code>[monitor]
instances = ["https://other.example.org:15005"]</code></pre>
  </div>`;
}

function table(rows: readonly InstanceRow[], nowMs: number): Html {
  return html`<div class="card">
    <table class="list instances" role="table" aria-label="Instances">
      <thead role="rowgroup">
        <tr role="row">
          ${['State', 'Instance', 'Promises', 'Its own look', 'Asked'].map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map((instance) => row(instance, nowMs))}
      </tbody>
    </table>
  </div>`;
}

function row(instance: InstanceRow, nowMs: number): Html {
  const { url, title, rootTitle, wellbeing, word, message, promises, isVerified, ownAtMs, askedAtMs, seenAtMs } = instance;
  const broken = promises.filter(({ isKept }) => !isKept);
  const kept = promises.length - broken.length;
  const seenBefore = wellbeing === 'unknown' && seenAtMs !== null && seenAtMs !== askedAtMs;
  return html`<tr role="row" data-key="${url}" class="${wellbeing}">
    <td role="cell">${statePill(wellbeing, word)}</td>
    <td role="cell" class="what">
      <a class="title" href="${url}/" rel="noreferrer">${title === '' ? url : title}</a>
      <small>${rootTitle === '' || rootTitle === title ? '' : `${rootTitle} · `}${title === '' ? '' : url}</small>
      ${message === '' ? '' : html`<p class="message">${message}</p>`} ${seenBefore ? html`<p class="quiet">It answered ${ago(seenAtMs, nowMs)}.</p>` : ''}
      ${isVerified ? '' : html`<p class="quiet">Its certificate is not one that this machine trusts.</p>`} ${broken.length === 0 ? '' : brokenList(broken)}
    </td>
    <td role="cell" class="detail" data-label="Promises">${promises.length === 0 ? '–' : `${kept} of ${promises.length} kept`}</td>
    <td role="cell" class="detail" data-label="Its own look">${ownAtMs === null ? '–' : ago(ownAtMs, nowMs)}</td>
    <td role="cell" class="detail" data-label="Asked">${ago(askedAtMs, nowMs)}</td>
  </tr>`;
}

function brokenList(broken: InstanceRow['promises']): Html {
  return html`<ul class="broken">
    ${broken.slice(0, MOST_BROKEN).map(({ title, message }) => html`<li><strong>${title}</strong> ${message}</li>`)}
    ${broken.length > MOST_BROKEN ? html`<li class="quiet">and ${broken.length - MOST_BROKEN} more</li>` : ''}
  </ul>`;
}
