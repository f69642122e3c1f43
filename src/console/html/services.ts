import { html } from 'hono/html';
import type { PortRow, ServiceRow } from '../answers.ts';
import { serviceHref } from '../picture/picture.ts';
import { lasting, statePill } from './pieces.ts';
import type { Html } from './shell.ts';

const ROLE_WORDS: Readonly<Record<string, string>> = {
  store: 'Metric store',
  query: 'Graphite queries',
  dashboards: 'Web page',
  collector: 'Measures this host',
  extra: 'Extra',
};

/** What a role is for, in words. */
export function roleInWords(role: string): string {
  return ROLE_WORDS[role] ?? role;
}

/** The services in brief: one tile each. */
export function serviceTiles(services: readonly ServiceRow[], nowMs: number): Html {
  if (services.length === 0) return html`<p class="card empty">No services are known yet.</p>`;
  return html`<ul class="tiles">
    ${services.map(
      ({ name, title, role, wellbeing, word, startedAtMs, restarts }) =>
        html`<li class="card tile" data-key="${name}">
          <div>
            <a class="title" href="${serviceHref(name)}">${title}</a>
            <p class="quiet">${roleInWords(role)}</p>
          </div>
          <div class="side">
            ${statePill(wellbeing, word)}
            <p class="quiet">
              ${startedAtMs === null ? '' : html`up ${lasting(startedAtMs, nowMs)}`}${restarts > 0 ? html`${startedAtMs === null ? '' : ' · '}${times(restarts)}` : ''}
            </p>
          </div>
        </li>`,
    )}
  </ul>`;
}

const times = (restarts: number): string => (restarts === 1 ? '1 restart' : `${restarts} restarts`);

/** Why a service is not well, with how it ended last; nothing for one that is. */
export function reasonOf({ reason, lastExit, wellbeing }: Pick<ServiceRow, 'reason' | 'lastExit' | 'wellbeing'>): string {
  return [reason, wellbeing === 'bad' && lastExit !== null ? `Last end: ${lastExit}.` : ''].filter((part) => part !== '').join(' ');
}

/** The ports a service listens on. */
export function portList(ports: readonly PortRow[]): Html {
  if (ports.length === 0) return html`<span class="quiet">none</span>`;
  return html`<ul class="ports">
    ${ports.map((port) => html`<li>${port.port} <small>${portInWords(port)}</small></li>`)}
  </ul>`;
}

function portInWords({ title, address, protocols }: PortRow): string {
  const how = protocols.includes('udp') ? `, ${protocols.map((protocol) => protocol.toUpperCase()).join(' and ')}` : '';
  return `${title}${how}${isLoopback(address) ? ', this machine only' : ''}`;
}

/** True for an address that only this machine reaches. Pure. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}
