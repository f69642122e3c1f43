import { DkmError } from '../base/errors.ts';
import type { Settings } from '../contract/settings.ts';
import type { TemplateContext } from '../manifest/context.ts';

/*
 * The dashboards that came with Dataiku's dkumonitor ask for what the collectd of DSS itself sends:
 * dss.<one part>.collectd.<plugin>..., where a plugin's name is not repeated as its type (cpu.0.user). Our collectd sends
 * collectd.<host>.cpu.0.cpu.user. Names cannot be rewritten when they are asked for, neither by carbonapi nor by
 * graphite-web; but collectd can send twice.
 */

/** The one part by which such a dashboard calls a host: its reversed name with "_" for dots, as collectd writes it below. */
export function legacyHost(reversed: string): string {
  return reversed.replaceAll('.', '_');
}

/**
 * A file for conf/collectd.d that has collectd send everything a second time, under the names of dkumonitor's
 * dashboards. Keys: collectd.conf(5), "Plugin write_graphite". Throws `usage` for an installation without a collector. Pure.
 */
export function legacyNamesFile({ install }: Pick<Settings, 'install'>, context: Pick<TemplateContext, 'host' | 'connect'>): string {
  if (install.providers['collector'] === undefined)
    throw new DkmError('usage', `This installation (${install.type}) has no collector that could send under other names.`, {
      hint: 'Run "dkm dss legacy" where collectd runs: an installation of type all, agent or backend-agent.',
    });
  const { host, port } = context.connect.carbon;
  const name = legacyHost(context.host.reversed);
  return `# What collectd measures, a second time, under the names that the dashboards of dkumonitor ask for:
# dss.${name}.collectd.cpu.0.user and so on. In those dashboards this host is "${name}".
# It doubles what this host's metrics take on disk. Made by "dkm dss legacy"; to end it, remove this file.
<Plugin write_graphite>
  <Node "dss">
    Host ${JSON.stringify(host)}
    Port "${port}"
    Protocol "tcp"
    LogSendErrors true
    Prefix "dss."
    Postfix ".collectd"
    StoreRates true
    AlwaysAppendDS false
    EscapeCharacter "_"
    SeparateInstances true
    PreserveSeparator false
    DropDuplicateFields true
  </Node>
</Plugin>
`;
}
