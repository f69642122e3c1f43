import { apiNodes } from './definitions/api-nodes.ts';
import { clusterOverview, clusterServer, clusterWorkers } from './definitions/cluster.ts';
import { dkmItself } from './definitions/dkm-itself.ts';
import { dssBackend } from './definitions/dss-backend.ts';
import { dssSystem } from './definitions/dss-system.ts';
import { host } from './definitions/host.ts';
import { hosts } from './definitions/hosts.ts';
import { storage } from './definitions/storage.ts';
import { grafanaDashboard } from './grafana.ts';
import type { DashboardDefinition, Site } from './vocabulary.ts';

/** Every dashboard that comes with dkm, by the name of its file in conf/dashboards/. */
export const DASHBOARDS = {
  'this-host': host,
  hosts,
  'dss-system': dssSystem,
  'dss-backend': dssBackend,
  'api-nodes': apiNodes,
  storage,
  'dkm-itself': dkmItself,
  'cluster-overview': clusterOverview,
  'cluster-server': clusterServer,
  'cluster-workers': clusterWorkers,
} as const satisfies Record<string, (site: Site) => DashboardDefinition>;

export type DashboardName = keyof typeof DASHBOARDS;

/** The text of a dashboard's file for an installation; undefined for a name that none has. Pure. */
export function dashboardFile(name: string, site: Site): string | undefined {
  const define = Object.hasOwn(DASHBOARDS, name) ? DASHBOARDS[name as DashboardName] : undefined;
  return define && JSON.stringify(grafanaDashboard(define(site), site), null, 1);
}
