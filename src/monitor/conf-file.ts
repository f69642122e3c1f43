import type { Layout } from '../base/layout.ts';
import type { MonitorParameter, MonitorSpec } from '../contract/monitor.ts';
import type { Place } from './state.ts';
import { monitorTree } from './tree.ts';

/*
 * `monitor.conf`, with which the original tools work on our tree: `monitor.genstate monitor.conf`,
 * `monitor.bootstrap -c monitor.conf`, `monitor.runpromise -c monitor.conf`. dkm itself does not read it.
 */

/** The text of monitor.conf. Nothing is interpolated in [monitor], where titles and addresses are. Pure. */
export function monitorConf(spec: MonitorSpec, place: Place, layout: Layout): string {
  const tree = monitorTree(layout);
  return [
    '# Written by dkm for the tools of slapos.toolbox; what it says is decided by [monitor] of conf/dkm.toml.',
    ...section('monitor', {
      title: spec.title,
      'root-title': spec.rootTitle,
      'base-url': spec.baseUrl,
      'monitor-hal-json': tree.haljson,
      'public-folder': tree.public,
      'private-folder': tree.private,
      'webdav-folder': tree.webdav,
      'document-folder': tree.documents,
      'service-pid-folder': tree.pids,
      'crond-folder': tree.crons,
      'log-folder': tree.systemLogs,
      'pid-file': tree.bootstrapPid,
      'promise-output-file': tree.bootstrapResult,
      'parameter-file-path': tree.parameterFile,
      'public-path-list': list(spec.publicPaths),
      'private-path-list': list(spec.privatePaths),
      'monitor-url-list': list(spec.instances),
      'parameter-list': list(spec.parameters.map(parameterLine)),
    }),
    ...section('promises', {
      'partition-folder': tree.root,
      'promise-folder': tree.plugins,
      'legacy-promise-folder': tree.legacyPromises,
      'output-folder': tree.results,
      'partition-id': place.partitionId,
      'computer-id': place.computerId,
      ipv4: place.ipv4,
      ipv6: place.ipv6,
      'software-release': place.softwareRelease,
      'software-type': place.softwareType,
      'promise-timeout': '20',
    }),
    '',
  ].join('\n');
}

function section(name: string, keys: Record<string, string>): string[] {
  return ['', `[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`.replace(/ +(?=\n|$)/g, ''))];
}

/** Further lines of a value are indented. */
function list(values: readonly string[]): string {
  return values.map((value) => `\n  ${value}`).join('');
}

/** A parameter as a line of `parameter-list`. */
function parameterLine(parameter: MonitorParameter): string {
  const { type, key } = parameter;
  switch (parameter.type) {
    case 'raw':
      return [type, key, parameter.value].join(' ');
    case 'file':
      return [type, key, parameter.path].join(' ');
    case 'htpasswd':
      return [type, key, parameter.textFile, parameter.user, parameter.htpasswdFile].join(' ');
    case 'httpdcors':
      // The original bootstrap fails without a program.
      return [type, key, parameter.file, parameter.gracefulBin || '/bin/true'].join(' ');
  }
}
