import { resolve } from 'node:path';
import type { Layout } from '../base/layout.ts';
import { parseParameter, type MonitorParameter, type MonitorSpec } from '../contract/monitor.ts';
import { portsFrom } from '../contract/ports.ts';
import type { Settings } from '../contract/settings.ts';
import { monitorTree } from './tree.ts';

/** Which parameter the allowed domains are, as SlapOS calls it. */
const CORS_KEY = 'cors-domain';

/** [monitor] of conf/dkm.toml with its defaults filled in. Relative paths begin at the installed directory. Pure. */
export function monitorSpec({ install, monitor = {} }: Settings, layout: Layout): MonitorSpec {
  const title = monitor.title ?? install.hostname;
  const parameters = (monitor.parameters ?? []).flatMap((line) => parseParameter(line) ?? []);
  const absolute = (path: string): string => resolve(layout.root, path);
  return {
    title,
    rootTitle: monitor.root_title ?? title,
    baseUrl: (monitor.base_url ?? defaultAddress(install)).replace(/\/+$/, ''),
    instances: [...new Set((monitor.instances ?? []).map((url) => url.replace(/\/+$/, '')))],
    publicPaths: (monitor.public_paths ?? []).map(absolute),
    privatePaths: (monitor.private_paths ?? []).map(absolute),
    parameters: parameters.some(({ key }) => key === CORS_KEY) ? parameters : [...parameters, corsParameter(layout)],
    corsDomains: monitor.cors_domains ?? [],
    hostname: install.hostname,
  };
}

/** The console holds the first port where it is the provider of the dashboards. */
function defaultAddress({ hostname, port, providers }: Settings['install']): string {
  const ports = portsFrom(port);
  return `http://${hostname}:${providers.dashboards === 'console' ? ports.dashboards : ports.console}`;
}

/** The console looks at the file at each request, so nobody has to be told. */
function corsParameter(layout: Layout): MonitorParameter {
  return { type: 'httpdcors', key: CORS_KEY, file: monitorTree(layout).corsDomains, gracefulBin: '' };
}
