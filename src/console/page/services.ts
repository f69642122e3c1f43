import type { PortRow, ServiceRow, StatusAnswer, Wellbeing } from '../answers.ts';
import { byId, icon, make, setText, showNotice } from './elements.ts';
import { formatDuration } from './format.ts';

const ROLE_WORDS: Record<string, string> = {
  store: 'Metric store',
  query: 'Graphite queries',
  dashboards: 'Web page',
  collector: 'Measures this host',
  extra: 'Extra',
};

/** Shows the services and, above them, how they are altogether. */
export function showServices(status: StatusAnswer): void {
  showNotice(byId('supervisor'), status.supervisor.message);
  showSummary(status);
  const rows = status.services.map((service) => rowOf(service, status.nowMs));
  byId('services').replaceChildren(
    ...(rows.length === 0 ? [make('tr', { role: 'row' }, make('td', { role: 'cell', colspan: '5' }, 'No services are known.'))] : rows),
  );
}

function showSummary({ services }: StatusAnswer): void {
  const { wellbeing, text } = summaryOf(services);
  const summary = byId('summary');
  if (summary.textContent === text) return;
  summary.className = `state ${wellbeing}`;
  summary.replaceChildren(...(text === '' ? [] : [icon(wellbeing), text]));
}

/** How the services are altogether: the worst that is true of one of them. */
export function summaryOf(services: readonly ServiceRow[]): { wellbeing: Wellbeing; text: string } {
  const having = (wellbeing: Wellbeing): number => services.filter((service) => service.wellbeing === wellbeing).length;
  const all = services.length;
  if (all === 0) return { wellbeing: 'unknown', text: '' };
  if (having('bad') > 0) return { wellbeing: 'bad', text: `${having('bad')} of ${all} need attention` };
  if (having('unknown') > 0) return { wellbeing: 'unknown', text: 'State unknown' };
  if (having('busy') > 0) return { wellbeing: 'busy', text: `${having('busy')} of ${all} starting or stopping` };
  if (having('off') > 0) return { wellbeing: 'off', text: `${having('good')} of ${all} running` };
  return { wellbeing: 'good', text: `All ${all} are well` };
}

function rowOf(service: ServiceRow, nowMs: number): HTMLElement {
  const cell = (attributes: Record<string, string>, ...content: (Node | string)[]): HTMLElement => make('td', { role: 'cell', ...attributes }, ...content);
  const detail = (label: string, text: string, ...content: (Node | string)[]): HTMLElement =>
    cell({ class: `number detail${text === '' ? ' none' : ''}`, 'data-label': label }, ...(content.length === 0 ? [text] : content));
  const upFor = service.startedAtMs === null ? '' : formatDuration(nowMs - service.startedAtMs);
  const restarts = service.restarts === 0 ? '' : String(service.restarts);
  return make(
    'tr',
    { role: 'row' },
    cell(
      {},
      make('div', { class: 'name' }, service.title),
      make('small', {}, `${ROLE_WORDS[service.role] ?? service.role} · `, make('span', { class: 'whole' }, `${service.name} ${service.version}`)),
    ),
    cell({ class: 'how' }, make('span', { class: `state ${service.wellbeing}` }, icon(service.wellbeing), service.word), ...reasonOf(service)),
    detail('Up for', upFor),
    detail('Restarts', restarts, restarts === '' ? '0' : restarts),
    detail('Ports', service.ports.length === 0 ? '' : 'some', portList(service.ports)),
  );
}

function reasonOf({ reason, lastExit, wellbeing }: ServiceRow): HTMLElement[] {
  const text = [reason, wellbeing === 'bad' && lastExit !== null ? `Last end: ${lastExit}.` : ''].filter((part) => part !== '').join(' ');
  return text === '' ? [] : [make('p', { class: 'reason' }, text)];
}

function portList(ports: readonly PortRow[]): HTMLElement {
  const item = ({ port, title, address, protocols }: PortRow): HTMLElement => {
    const where = isLoopback(address) ? ', this machine only' : '';
    const how = protocols.includes('udp') ? `, ${protocols.map((protocol) => protocol.toUpperCase()).join(' and ')}` : '';
    return make('li', {}, `${port} `, make('small', {}, `${title}${how}${where}`));
  };
  return make('ul', { class: 'ports' }, ...ports.map(item));
}

/** True for an address that only this machine reaches. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

/** Shows how to send a metric, where this installation has a store. */
export function showSending({ services }: StatusAnswer): void {
  const carbon = services.flatMap((service) => service.ports).find((port) => port.name === 'carbon');
  byId('sending').hidden = carbon === undefined;
  if (carbon === undefined) return;
  const local = isLoopback(carbon.address);
  const host = local ? carbon.address : location.hostname.replace(/^\[|\]$/g, '');
  setText(byId('carbon-address'), `${host.includes(':') ? `[${host}]` : host}:${carbon.port}`);
  setText(byId('carbon-example'), `echo "demo.answer 42 $(date +%s)" > /dev/tcp/${host}/${carbon.port}`);
  showNotice(byId('carbon-note'), local ? 'It listens for this machine only.' : '');
}
