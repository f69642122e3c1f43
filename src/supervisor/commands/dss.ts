import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say, sayAside } from '../../base/terminal.ts';
import { readSettings } from '../../contract/settings.ts';
import { connectionOf, hostFor, type Connection, type ConnectionOptions } from '../../dss/connection.ts';
import { meaningOf } from '../../dss/host-meaning.ts';
import { legacyNamesFile } from '../../dss/legacy.ts';
import { templateContext } from '../../manifest/context.ts';

/** `dkm dss`: what to type or paste so that DSS sends its metrics here. */
export async function connect(layout: Layout, options: ConnectionOptions & { json?: boolean }): Promise<number> {
  const settings = await readSettings(layout.settings);
  const connection = connectionOf(settings, options, await meaningOf(hostFor(settings, options.host)));
  say(options.json ? JSON.stringify(connection, null, 1) : inWords(connection));
  return EXIT.fine;
}

/** `dkm dss legacy`: a file for conf/collectd.d, on standard output. */
export async function legacy(layout: Layout): Promise<number> {
  const settings = await readSettings(layout.settings);
  process.stdout.write(legacyNamesFile(settings, templateContext('collectd', settings, layout)));
  if (process.stdout.isTTY)
    sayAside(`\nNothing was written. To use it: bin/dkm dss legacy > conf/collectd.d/dss-legacy.conf, in ${layout.root}, then bin/dkm restart collectd`);
  return EXIT.fine;
}

function inWords(connection: Connection): string {
  const { graphiteServer, prefix, command, serverJson, query, dataSource, notes } = connection;
  return `${title('What DSS is told')}
  Graphite server   ${graphiteServer.address}
  Prefix            ${prefix}

${title('Design and automation nodes')}
In DSS: Administration → Settings → Monitoring integration: host ${graphiteServer.host}, port ${graphiteServer.port}, prefix ${prefix}.
(The page has moved between versions of DSS; look for "Graphite".)
DSS sends what it knows of itself; what its machine does is measured where dkm's collectd runs (an agent).

Or, for DSS to measure its machine with a collectd of its own, which it downloads, in its data directory:

  bin/dss stop
  ${command}
  bin/dss start

Values that stand in DSS's settings already are kept: empty them first.

${title('API nodes')}
In config/server.json of the node's data directory, with a prefix of its own for each node; then restart the node:

${indented(JSON.stringify(serverJson, null, 2))}

${title('API deployer')}
Infrastructures → (yours) → Settings → Monitoring:   ${query.url}
Infrastructures → (yours) → Settings → API nodes:    the prefix of each node

${title('Another Grafana')}
A data source of type Graphite, access "proxy" (Server), version 1.1:   ${dataSource.url}
${notesInWords(notes)}
Does it arrive? dkm dss check`;
}

function notesInWords(notes: readonly string[]): string {
  return notes.length === 0 ? '' : `\n${title('Note')}\n${notes.map((note) => `- ${note}`).join('\n')}\n`;
}

function title(text: string): string {
  return coloured(text, 'bold');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
