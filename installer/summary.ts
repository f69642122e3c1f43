import { join } from 'node:path';
import { layoutOf } from '../src/base/layout.ts';
import { bytesInWords, table } from '../src/base/terminal.ts';
import { verifiedInWords } from '../src/contract/bundle.ts';
import type { ServicePort } from '../src/contract/service.ts';
import { portsFrom } from '../src/contract/ports.ts';
import type { Settings } from '../src/contract/settings.ts';
import { hostAndPort } from '../src/base/host-and-port.ts';
import { seenFromOutside, templateContext } from '../src/manifest/context.ts';
import { portsOf } from '../src/manifest/installed.ts';
import { retentionCost, ruleFor } from '../src/manifest/retention.ts';
import type { Manifest } from '../src/manifest/schema.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
import { ADMIN_PASSWORD } from './plan.ts';
import { SYSTEM_COLLECTOR } from './request.ts';

/** What an installation consists of, for people and for --json. */
export interface Summary {
  directory: string;
  version: string;
  platform: string;
  type: string;
  hostname: string;
  addresses: ServicePort[];
  providers: { role: string; name: string; title: string; version: string; verified: string }[];
  /** Where the dashboards answer; null where there are none. */
  dashboards: string | null;
  /** Where the console answers beside them. */
  console: string | null;
  passwordFile: string | null;
  /** `HOST:PORT` for DSS; null where metrics are sent elsewhere. */
  graphiteServer: string | null;
  /** Where an agent sends metrics, or a frontend asks for them. */
  carbonServer: string | null;
  /** What else has to be done, on this machine or another, for this one to be of use. */
  notes: string[];
  /** What one metric of a host takes on disk, and how long it is kept; null without a store. */
  perMetric: { bytes: number; retentions: string } | null;
  commands: { start: string; status: string };
}

/** Sums an installation up. Pure. */
export function summaryOf(directory: string, bundle: OpenBundle, components: readonly Manifest[], settings: Settings): Summary {
  const { install } = settings;
  const layout = layoutOf(directory);
  const context = templateContext('', settings, layout);
  const addresses = components.flatMap((manifest) => portsOf(manifest, context));
  const besideDashboards = addresses.find(({ name }) => name === 'console');
  const has = (role: Manifest['role']): boolean => components.some((component) => component.role === role);
  const fromOutside = (listen: string): string => seenFromOutside(listen, install.hostname);
  const port = portsFrom(install.port);
  const bin = join(layout.bin, 'dkm');
  return {
    directory,
    version: bundle.bundle.version,
    platform: bundle.bundle.platform,
    type: install.type,
    hostname: install.hostname,
    addresses,
    providers: components.map((component) => providerLine(component, bundle, settings)),
    dashboards: has('dashboards') ? `http://${fromOutside(install.listen.dashboards)}:${port.dashboards}/` : null,
    console: besideDashboards ? `http://${fromOutside(install.listen.dashboards)}:${besideDashboards.port}/` : null,
    passwordFile: components.some(({ secrets }) => secrets.includes(ADMIN_PASSWORD)) ? join(layout.secrets, ADMIN_PASSWORD) : null,
    graphiteServer: has('store') ? `${fromOutside(install.listen.carbon)}:${port.carbon}` : null,
    carbonServer: install.carbon_server ? hostAndPort(install.carbon_server.host, install.carbon_server.port) : null,
    notes: notesFor(settings),
    perMetric: has('store') ? perMetric(bundle) : null,
    commands: { start: `${bin} start`, status: `${bin} status` },
  };
}

/** The query API listens on loopback unless told otherwise, as it asks nobody for a password: a frontend elsewhere needs it open. */
function notesFor({ install: { type, listen, carbon_server: server } }: Settings): string[] {
  if (type === 'frontend' && server)
    return [`Dashboards ask ${hostAndPort(server.host, server.query_port)}, which answers only if that server was installed with --query-listen ADDRESS.`];
  return type === 'backend' && isLoopback(listen.query)
    ? ['A frontend on another machine needs --query-listen ADDRESS here; now queries are answered to this machine only.']
    : [];
}

function providerLine({ name, role, title, version }: Manifest, { bundle }: OpenBundle, { install }: Settings): Summary['providers'][number] {
  if (name === SYSTEM_COLLECTOR && install.system_collectd !== undefined)
    return { role, name, title, version: "the system's", verified: install.system_collectd };
  const bundled = bundle.components.find((component) => component.name === name);
  return { role, name, title, version: bundled?.version ?? version, verified: bundled ? verifiedInWords(bundled) : 'unknown' };
}

/** Most metrics are those of hosts. */
function perMetric({ retention }: OpenBundle): Summary['perMetric'] {
  if (!retention) return null;
  const { retentions } = ruleFor(retention, 'collectd.org.example.host.load.load.shortterm');
  return { bytes: retentionCost(retentions), retentions };
}

/** A summary as lines for people. Pure. */
export function summaryInWords(summary: Summary): string {
  const paragraphs = [
    addressTable(summary.addresses),
    table(summary.providers.map(({ role, title, version, verified }) => [`  ${role}`, title, version, verified])),
    facts(summary).join('\n'),
    summary.notes.join('\n'),
    commands(summary),
  ];
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

function addressTable(addresses: readonly ServicePort[]): string {
  const reach = (address: string): string => (isLoopback(address) ? 'this machine only' : 'from outside');
  return table(addresses.map(({ title, address, port, protocols }) => [`  ${hostAndPort(address, port)}`, protocols.join('+'), reach(address), title]));
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(address);
}

function facts({ dashboards, console, passwordFile, graphiteServer, carbonServer, perMetric }: Summary): string[] {
  return [
    ...(dashboards ? [`Dashboards:  ${dashboards}`] : []),
    ...(console ? [`Console:     ${console}`] : []),
    ...(passwordFile ? [`Password:    in ${passwordFile}`] : []),
    ...(graphiteServer ? [`DSS:         dssadmin install-monitoring-integration -graphiteServer ${graphiteServer}; more: dkm dss`] : []),
    ...(carbonServer ? [`Server:      ${carbonServer}`] : []),
    ...(perMetric
      ? [`Disk:        at most ${bytesInWords(perMetric.bytes)} for each metric of a host, kept ${perMetric.retentions}; more: dkm retention show`]
      : []),
  ];
}

function commands({ commands: { start, status } }: Summary): string {
  return `Start it:    ${start}\nLook at it:  ${status}`;
}
