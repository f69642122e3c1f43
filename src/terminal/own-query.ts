import type { Layout } from '../base/layout.ts';
import type { Settings } from '../contract/settings.ts';
import { hostAndPort } from '../base/host-and-port.ts';
import { templateContext } from '../manifest/context.ts';
import { queryServiceAt, type QueryLimits, type QueryService } from './query.ts';

/** The query service of an installation: its own, or that of the server that has its metrics. */
export function queryService(settings: Settings, layout: Layout, limits: QueryLimits = {}): QueryService {
  const { host, port } = templateContext('', settings, layout).connect.query;
  const { carbon_server: server, type } = settings.install;
  const hint =
    server === undefined
      ? 'See whether it runs: dkm status'
      : `This installation has no query service of its own (type ${type}). On ${host} it must run and listen for others: "dkm config set install.listen.query 0.0.0.0" and "dkm reconfigure", there; and no firewall may be in between.`;
  return queryServiceAt(`http://${hostAndPort(host, port)}`, hint, limits);
}
