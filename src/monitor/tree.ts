import { join, parse } from 'node:path';
import type { Layout } from '../base/layout.ts';

/*
 * The tree of files below storage/monitor, as the programs of SlapOS's monitoring stack know it (slapos.toolbox;
 * its web application syncs by the same names). It is a "partition" to them: `.slapgrid` and `etc` are where they look for
 * a partition's. Written by the supervisor alone, but for `config.tmp.json`, which a client puts there over HTTP; served by
 * the console.
 */

/** Absolute paths of the tree. What its members hold is said in docs/monitoring-files.md. */
export interface MonitorTree {
  root: string;
  /** Open to everybody. */
  public: string;
  /** For those who logged in. Names that begin with a dot are not served, but over WebDAV. */
  private: string;
  /** Document root of WebDAV (`/share`): links to the two above. */
  webdav: string;
  /** The first generation's list of services, application/hal+json. */
  haljson: string;
  /** RSS 2.0 of all states; OPML of this monitor and its sub-monitors. Both in `public`, without an extension. */
  feed: string;
  feeds: string;
  publicState: string;
  privateState: string;
  /** Name to [status, change date, MD5 of the message]. */
  promiseStatus: string;
  /** JSON documents of private/: what monitor_state.data.json and the resource documents are in. */
  documents: string;
  /** Where the configuration that can be edited is, and what is put there. */
  configDocuments: string;
  config: string;
  configParameters: string;
  configEdit: string;
  parameterFile: string;
  /** Domains whose pages may use the interface (CORS), one a line; their sub-domains may, too. */
  corsDomains: string;
  /** Latest results, logs and caches of the runner, by the title of the promise. */
  results: string;
  logs: string;
  caches: string;
  /** Where others look for logs; a link in it leads to those of promises. */
  systemLogs: string;
  /** For the real tools: their configuration, and folders that it has to name. */
  configuration: string;
  plugins: string;
  legacyPromises: string;
  crons: string;
  pids: string;
  temporary: string;
  bootstrapPid: string;
  bootstrapResult: string;
  /** What dkm has to remember of this tree. */
  memory: string;
}

/** Where everything of the monitoring tree is. */
export function monitorTree({ monitor: root }: Pick<Layout, 'monitor'>): MonitorTree {
  const [open, closed, state, etc] = [join(root, 'public'), join(root, 'private'), join(root, '.slapgrid', 'promise'), join(root, 'etc')];
  const configDocuments = join(closed, 'config', '.jio_documents');
  return {
    root,
    public: open,
    private: closed,
    webdav: join(root, 'webdav'),
    haljson: join(root, 'monitor.haljson'),
    feed: join(open, 'feed'),
    feeds: join(open, 'feeds'),
    publicState: join(open, 'monitor.global.json'),
    privateState: join(closed, 'monitor.global.json'),
    promiseStatus: join(closed, '_promise_status'),
    documents: join(closed, 'documents'),
    configDocuments,
    config: join(configDocuments, 'config.json'),
    configParameters: join(configDocuments, 'config.parameters.json'),
    configEdit: join(configDocuments, 'config.tmp.json'),
    parameterFile: join(root, 'parameters.cfg'),
    corsDomains: join(root, 'cors-domains'),
    results: join(state, 'result'),
    logs: join(state, 'log'),
    caches: join(state, 'cache'),
    systemLogs: join(root, 'var', 'log'),
    configuration: join(root, 'monitor.conf'),
    plugins: join(etc, 'plugin'),
    legacyPromises: join(etc, 'promise'),
    crons: join(etc, 'cron.d'),
    pids: join(root, 'var', 'run'),
    temporary: join(root, 'tmp'),
    bootstrapPid: join(root, 'var', 'run', 'monitor-bootstrap.pid'),
    bootstrapResult: join(root, 'var', 'run', 'monitor-bootstrap-status'),
    memory: join(root, '.dkm.json'),
  };
}

/** The files of one promise. The first generation names them by its id, the second by its title (`titlesOf`). */
export interface PromiseFiles {
  /** First generation: { status, message, … } of the last run. */
  serviceStatus: string;
  result: string;
  log: string;
  cache: string;
  history: string;
  statistics: string;
}

/** Where the files of a promise are. */
export function promiseFiles(tree: MonitorTree, id: string, title: string): PromiseFiles {
  return {
    serviceStatus: join(tree.public, `${id}.status.json`),
    result: join(tree.results, `${title}.status.json`),
    log: join(tree.logs, `${title}.log`),
    cache: join(tree.caches, title),
    history: join(tree.public, `${title}.history.json`),
    statistics: join(tree.public, `${title}.stats.json`),
  };
}

/** What the second generation calls a promise: its file's name without the last extension. */
export function titleOf(id: string): string {
  return parse(id).name;
}

/**
 * The titles of promises by their ids. Two files that differ by their extension alone would have one title, and the
 * original tools let them overwrite each other's results; here both keep their whole names.
 */
export function titlesOf(ids: Iterable<string>): Map<string, string> {
  const titles = new Map([...ids].map((id) => [id, titleOf(id)]));
  for (;;) {
    const sharing = Map.groupBy(titles, ([, title]) => title);
    const clashing = [...sharing.values()].filter((group) => group.length > 1).flat();
    if (clashing.length === 0) return titles;
    for (const [id] of clashing) titles.set(id, id);
  }
}
