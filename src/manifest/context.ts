import { join } from 'node:path';
import Handlebars from 'handlebars';
import { DkmError, messageOf } from '../base/errors.ts';
import { bracketed, hostAndPort } from '../base/host-and-port.ts';
import type { Layout } from '../base/layout.ts';
import { portsFrom, type ChosenPortName, type PortName } from '../contract/ports.ts';
import type { Settings } from '../contract/settings.ts';
import { dashboardFile } from '../dashboards/dashboards.ts';
import type { Retention } from './retention.ts';

/** What templates and the (template) values of manifests can use. */
export interface TemplateContext {
  /** `{{component}}`: the component's own folder below current/, so that it stays right when the version changes. */
  component: string;
  /** `{{executable}}`: dkm's own executable. */
  executable: string;
  /** `{{dir.root}}`, `.conf`, `.storage`, `.run`, `.logs`, `.current`: absolute paths. */
  dir: { root: string; conf: string; storage: string; run: string; logs: string; current: string };
  /** `{{port.carbon}}` and the other names of `src/contract/ports.ts`; `{{#if port.statsd}}` where conf/dkm.toml opens it. */
  port: Record<PortName, number> & Partial<Record<ChosenPortName, number>>;
  /** `{{listen.carbon}}`: addresses to listen on. */
  listen: { dashboards: string; carbon: string; query: string; statsd: string; loopback: string };
  /** `{{connect.carbon.host}}`, `.port`: where to reach the roles from this machine. */
  connect: { dashboards: Endpoint; carbon: Endpoint; query: Endpoint };
  host: { name: string; /** host.example.org as org.example.host */ reversed: string };
  install: { type: string };
  /** `{{provider.store}}`: the component chosen for a role. */
  provider: Record<string, string>;
  python: string;
  /** `{{system.collectd}}`: the system's own program, where the installation was told to use it; empty otherwise. */
  system: { collectd: string };
  /** `{{#each retention.rule}}`, `{{#each retention.aggregation}}`: how long metrics are kept; where it was given. */
  retention?: Retention;
  /** `{{#each alerts}}`: groups of alert rules, as src/alerts/grafana.ts makes them; where they were given. */
  alerts?: readonly object[];
  /** `{{secret "name"}}` in a template is the file's path; no template sees a secret itself. */
  secrets: string;
}

export interface Endpoint {
  host: string;
  port: number;
}

/** Where something listens that is for this machine alone. */
export const LOOPBACK = '127.0.0.1';

/**
 * The values that the templates of one component see in an installation with these settings. Files are rendered with
 * the bundle's retention, which a store's templates need, and with alert rules; the values of a manifest's service never need them.
 */
export function templateContext(component: string, settings: Settings, layout: Layout, retention?: Retention, alerts?: readonly object[]): TemplateContext {
  const { install, statsd } = settings;
  const port = portsFrom(install.port);
  const server = install.carbon_server;
  const local = (listen: string, name: PortName): Endpoint => ({ host: reachable(listen), port: port[name] });
  return {
    component: join(layout.current, 'components', component),
    executable: join(layout.current, 'installer'),
    dir: { root: layout.root, conf: layout.conf, storage: layout.storage, run: layout.run, logs: layout.logs, current: layout.current },
    port: { ...port, ...(statsd && { statsd: statsd.port }) },
    listen: { ...install.listen, statsd: statsd?.listen ?? LOOPBACK, loopback: LOOPBACK },
    connect: {
      dashboards: local(install.listen.dashboards, 'dashboards'),
      carbon: server ? { host: server.host, port: server.port } : local(install.listen.carbon, 'carbon'),
      query: server ? { host: server.host, port: server.query_port } : local(install.listen.query, 'query'),
    },
    host: { name: install.hostname, reversed: reversedHost(install.hostname) },
    install: { type: install.type },
    provider: install.providers,
    python: install.python ?? '',
    system: { collectd: install.system_collectd ?? '' },
    ...(retention && { retention }),
    ...(alerts && { alerts }),
    secrets: layout.secrets,
  };
}

/** The address at which this machine reaches something that listens on `listen`. */
export function reachable(listen: string): string {
  if (listen === '0.0.0.0') return '127.0.0.1';
  if (listen === '::') return '::1';
  return listen;
}

/** How others reach, by a browser, what listens on `listen`. */
export function seenFromOutside(listen: string, hostname: string): string {
  return reachable(listen) === listen ? bracketed(listen) : hostname;
}

/** `host.example.org` as `org.example.host`, the way collectd's metrics are named in Graphite. */
export function reversedHost(name: string): string {
  return name.split('.').reverse().join('.');
}

/** A helper's argument as text. Handlebars is strict about what it prints itself, not about what it hands to helpers. */
function given(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new TypeError('a helper was given a name that is not there');
  return String(value);
}

const handlebars = Handlebars.create();
/** `{{quote dir.logs}}`: a quoted string of TOML, JSON, YAML or Python (JSON's quoting is valid in all of them). */
handlebars.registerHelper('quote', (value: unknown) => JSON.stringify(given(value)));
/** `{{json model}}`: any value as JSON, which is YAML, too. */
handlebars.registerHelper('json', (value: unknown) => JSON.stringify(value));
/** `{{address listen.carbon port.carbon}}`: `host:port`, an IPv6 address in brackets. */
handlebars.registerHelper('address', (host: unknown, port: unknown) => hostAndPort(given(host), given(port)));
/** `{{url connect.query}}`: the http address of an endpoint. */
handlebars.registerHelper('url', (endpoint: Endpoint | undefined) => `http://${hostAndPort(given(endpoint?.host), given(endpoint?.port))}`);
/** `{{path dir.logs "grafana.log"}}`: path segments joined. */
handlebars.registerHelper('path', (...segments: unknown[]) => join(...segments.slice(0, -1).map(given)));
handlebars.registerHelper('secret', function secretPath(this: TemplateContext, name: unknown) {
  return join(this.secrets, given(name));
});
/** `{{dashboard "hosts"}}`: one of src/dashboards, as Grafana's JSON, for the providers of this installation. */
handlebars.registerHelper('dashboard', function dashboard(this: TemplateContext, name: unknown) {
  const { host, port, provider } = this;
  const file = dashboardFile(given(name), { host, consoleUrl: `http://${bracketed(host.name)}:${port.console}/`, providers: provider });
  if (file === undefined) throw new TypeError(`there is no dashboard "${given(name)}"`);
  return file;
});
handlebars.registerHelper('eq', (a: unknown, b: unknown) => a === b);

/** Fills a template in; an unknown name is an error that says which template it is in. */
export function render(template: string, context: TemplateContext, where: string): string {
  try {
    return handlebars.compile<TemplateContext>(template, { noEscape: true, strict: true })(context);
  } catch (error) {
    throw new DkmError('manifest-invalid', `${where}: ${messageOf(error)}`, { cause: error });
  }
}
