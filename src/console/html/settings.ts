import { html } from 'hono/html';
import type { KnownAccount } from '../accounts/accounts.ts';
import type { AuditEntry } from '../access/audit.ts';
import type { ConfigurationFile, InstalledComponent, ShownText } from '../picture/configuration-view.ts';
import { formatValue } from '../page/format.ts';
import { moment, statePill } from './pieces.ts';
import { roleInWords } from './services.ts';
import type { Html } from './shell.ts';

/** What the page of settings is made of. */
export interface SettingsScene {
  /** Facts of the installation, as term and text. */
  facts: readonly [string, string][];
  /** conf/dkm.toml. */
  main: ShownText | undefined;
  files: readonly ConfigurationFile[];
  components: readonly InstalledComponent[];
  accounts: readonly Pick<KnownAccount, 'name' | 'role' | 'source'>[];
  tokens: readonly { name: string; role: string; expires: string | undefined }[];
  /** The newest first; undefined for who may not see what others did. */
  audit: readonly AuditEntry[] | undefined;
}

/** The page of settings: to look at, not to change. */
export function settingsPage(scene: SettingsScene): Html {
  return html`<div class="heading page"><h1>Settings</h1></div>
    <p class="quiet">To look at: configuration is changed in its files, with <code>bin/dkm config</code> to see what was edited. Secrets are hidden.</p>
    <section aria-labelledby="installation-heading">
      <div class="heading"><h2 id="installation-heading">This installation</h2></div>
      <dl class="card rows columns">
        ${scene.facts.map(
          ([term, text]) =>
            html`<div>
              <dt>${term}</dt>
              <dd>${text}</dd>
            </div>`,
        )}
      </dl>
    </section>
    <section aria-labelledby="main-heading">
      <div class="heading"><h2 id="main-heading">conf/dkm.toml</h2></div>
      ${shownText(scene.main, 'conf/dkm.toml')}
    </section>
    ${files(scene.files)} ${components(scene.components)} ${accounts(scene)} ${scene.audit === undefined ? '' : audit(scene.audit)}`;
}

/** The page of one configuration file. */
export function configurationPage(file: ConfigurationFile, shown: ShownText): Html {
  return html`<nav class="crumbs" aria-label="Where this is"><a href="/settings">Settings</a></nav>
    <div class="heading page">
      <h1>${file.path}</h1>
      <p class="line">${mark(file)}</p>
    </div>
    ${shownText(shown, file.path)}`;
}

function shownText(shown: ShownText | undefined, path: string): Html {
  if (shown === undefined) return html`<p class="card empty">There is no ${path} here.</p>`;
  if (shown.kind === 'hidden') return html`<p class="card empty">${shown.why}</p>`;
  return html`<pre class="card log" tabindex="0" aria-label="${path}">${shown.text}</pre>`;
}

function mark({ state }: ConfigurationFile): Html {
  switch (state) {
    case 'generated':
      return statePill('good', 'As generated');
    case 'edited':
      return statePill('warning', 'Edited');
    case 'own':
      return statePill('off', 'Yours');
    case 'kept-apart':
      return statePill('off', 'Secrets');
    case 'unreadable':
      return statePill('bad', 'Cannot be read');
  }
}

function listOf(label: string, titles: readonly string[], rows: readonly (readonly (Html | string)[])[]): Html {
  return html`<div class="card">
    <table class="list plain-rows" role="table" aria-label="${label}">
      <thead role="rowgroup">
        <tr role="row">
          ${titles.map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (cells) =>
            html`<tr role="row">
              ${cells.map((cell, index) => html`<td role="cell" ${index === 0 ? '' : html`data-label="${titles[index] ?? ''}"`}>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function files(all: readonly ConfigurationFile[]): Html {
  if (all.length === 0) return html``;
  const rows = all.map((file) => [
    html`<a class="title" href="/settings/file?path=${encodeURIComponent(file.path)}">${file.path}</a>`,
    mark(file),
    formatValue(file.bytes, 'bytes'),
  ]);
  return html`<section aria-labelledby="files-heading">
    <div class="heading"><h2 id="files-heading">Configuration files</h2></div>
    ${listOf('Configuration files', ['File', 'State', 'Size'], rows)}
  </section>`;
}

function components(all: readonly InstalledComponent[]): Html {
  if (all.length === 0) return html``;
  const rows = all.map(({ title, name, version, role, licence, verified }) => [
    html`${title} <small>${name}</small>`,
    version,
    roleInWords(role),
    licence,
    verified,
  ]);
  return html`<section aria-labelledby="components-heading">
    <div class="heading"><h2 id="components-heading">Components</h2></div>
    ${listOf('Components', ['Component', 'Version', 'Role', 'Licence', 'Verified by'], rows)}
  </section>`;
}

const SOURCES: Record<KnownAccount['source'], string> = {
  'password-file': "the installer's password file",
  accounts: 'conf/console/accounts.toml',
  htpasswd: 'an htpasswd file',
};
const MAY: Readonly<Record<string, string>> = { operator: 'look and act', reader: 'look' };

function accounts({ accounts: all, tokens }: SettingsScene): Html {
  const rows = [
    ...all.map(({ name, role, source }) => [name, 'Account', MAY[role] ?? role, `from ${SOURCES[source]}`]),
    ...tokens.map(({ name, role, expires }) => [
      name,
      'Token',
      MAY[role] ?? role,
      expires === undefined ? 'does not expire' : html`until ${moment(Date.parse(expires))}`,
    ]),
  ];
  return html`<section aria-labelledby="accounts-heading">
    <div class="heading"><h2 id="accounts-heading">Who may use this console</h2></div>
    ${listOf('Who may use this console', ['Name', 'Kind', 'May', 'Where from'], rows)}
  </section>`;
}

function audit(entries: readonly AuditEntry[]): Html {
  const rows = entries.map(({ time, account, via, address, action, subject, outcome }) => [
    Number.isNaN(Date.parse(time)) ? time : moment(Date.parse(time)),
    html`${account} <small>${via}, ${address}</small>`,
    html`${action} <small>${subject}</small>`,
    outcome,
  ]);
  return html`<section aria-labelledby="audit-heading">
    <div class="heading"><h2 id="audit-heading">What was done last</h2></div>
    ${rows.length === 0 ? html`<p class="card empty">Nothing was done with this console yet.</p>` : listOf('What was done last', ['When', 'Who', 'What', 'Outcome'], rows)}
  </section>`;
}
