import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DASHBOARDS } from '../../src/dashboards/dashboards.ts';
import type { DashboardDefinition, PanelDefinition, Site, VariableDefinition } from '../../src/dashboards/vocabulary.ts';

/*
 * docs/dashboards.md is made of the definitions: what panels show and what to do stands once. It is written anew with
 * npx vitest run --project golden --update
 */

const DOCS = join(import.meta.dirname, '../../docs');
const SITE: Site = {
  host: { name: 'host.example.org', reversed: 'org.example.host' },
  consoleUrl: 'http://host.example.org:15005/',
  providers: { store: 'go-carbon', query: 'carbonapi' },
};

const INTRODUCTION = `# The dashboards

Every installation has these in \`conf/dashboards/\`, in Grafana and in dkm's console alike: \`http://HOST:PORT/dashboards\` (or
port + 5, where Grafana has the first port). Grafana opens with [Host](#host). They are renewed by each version; a copy in
\`conf/dashboards.d/\`, under another \`uid\`, is your own, and is shown in both places, too.

- **Variables** stand above the panels: which host or instance, what names begin with, and how far apart points are (*auto* is what
  suits the range; a coarser one is an average, of what must not be missed the highest). They are part of the address, which can
  be sent to somebody.
- **The question mark** of a panel (the *i* in Grafana) says what to do when it is not as it should be; so do the tables here.
- A panel is **orange or red** from the value on that its table names. Who is told, and when, is another matter:
  [alerts](alerts.md), [promises](promises.md), [notifications](notifications.md).
- **The menu** *Dashboards of dkm* leads from one to another with range and variables kept; in the console, the line above the title.

What the metrics are called that they are made of: [every metric](metrics.md). They are defined in \`src/dashboards/\`, one readable
file each; \`npx vitest run --project golden --update\` writes this page, and \`node scripts/dashboard-pictures.ts\` takes the pictures
from an installation that runs.

Of dashboards of your own the console draws: panels of the kinds time series, stat, gauge, bar gauge, table and text (and the old
graph and singlestat), rows and repeated panels, variables of the kinds query, custom, interval, text box and constant,
thresholds, overrides, links from a series to another dashboard. Whatever else a file asks for is named in the place where it
would be.
`;

it('docs/dashboards.md says what the definitions say', async () => {
  const sections = Object.entries(DASHBOARDS).map(([file, define]) => section(file, define(SITE)));
  const cache = DASHBOARDS.storage({ ...SITE, providers: { store: 'carbon-cache', query: 'graphite-web' } });
  const more = `\n## Storage engine with carbon-cache\n\nWhere carbon-cache is the store, the same dashboard has its figures.\n\n${panels(cache)}\n`;
  await expect([INTRODUCTION, contents(), ...sections].join('\n') + more).toMatchFileSnapshot(join(DOCS, 'dashboards.md'));
});

it.each(Object.entries(DASHBOARDS))('there is a picture of %s', (_, define) => {
  expect(existsSync(join(DOCS, pictureOf(define(SITE).uid)))).toBe(true);
});

function contents(): string {
  const lines = Object.values(DASHBOARDS).map((define) => {
    const { title, about } = define(SITE);
    return `- [${title}](#${title.toLowerCase().replaceAll(' ', '-')}): ${about}`;
  });
  return `${lines.join('\n')}\n`;
}

function section(file: string, dashboard: DashboardDefinition): string {
  const inGrafana = pictureOf(`${dashboard.uid}-grafana`);
  return [
    `## ${dashboard.title}`,
    '',
    dashboard.about,
    '',
    `\`conf/dashboards/${file}.json\`, uid \`${dashboard.uid}\`.`,
    '',
    `![${dashboard.title}, in the console](${pictureOf(dashboard.uid)})`,
    '',
    ...(existsSync(join(DOCS, inGrafana)) ? [`![${dashboard.title}, in Grafana](${inGrafana})`, ''] : []),
    ...dashboard.variables.map(variableLine),
    '',
    panels(dashboard),
    '',
  ].join('\n');
}

function variableLine({ name, label, about }: VariableDefinition): string {
  return `- **${label}** (\`$${name}\`): ${about}`;
}

function panels({ rows }: DashboardDefinition): string {
  const all = rows.flatMap((row) => row.panels).flatMap((panel) => (panel.kind === 'text' ? [] : [panelLine(panel)]));
  return ['| panel | shows | what to do |', '| --- | --- | --- |', ...all].join('\n');
}

function panelLine({ title, about, todo, thresholds = [] }: Exclude<PanelDefinition, { kind: 'text' }>): string {
  const colours = thresholds.filter(({ from }) => from > 0.01).map(({ from, colour }) => `${colour} from ${from}`);
  const cells = [title, [about, ...(colours.length > 0 ? [`(${colours.join(', ')})`] : [])].join(' '), todo];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`;
}

function pictureOf(uid: string): string {
  return `dashboards/${uid.replace(/^dkm-/, '')}.png`;
}
