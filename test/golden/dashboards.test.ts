import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDashboard } from '../../src/console/dashboards/parse.ts';
import type { Dashboard, Panel } from '../../src/console/dashboards/model.ts';
import { dashboardFile, DASHBOARDS } from '../../src/dashboards/dashboards.ts';
import type { Site } from '../../src/dashboards/vocabulary.ts';

/*
 * What the dashboards show, and what they ask for it, in a form that can be read: as the console understands the JSON that
 * is made of the definitions. Look at the difference before you take it over: npx vitest run --project golden --update
 */

const site = (store: string, query: string): Site => ({
  host: { name: 'host.example.org', reversed: 'org.example.host' },
  consoleUrl: 'http://host.example.org:15005/',
  providers: { store, query },
});

const CASES = [
  ...Object.keys(DASHBOARDS).map((name) => ({ name, file: name, providers: site('go-carbon', 'carbonapi') })),
  { name: 'storage', file: 'storage-carbon-cache', providers: site('carbon-cache', 'graphite-web') },
];

describe.each(CASES)('$file', ({ name, file, providers }) => {
  it('shows what it showed before', async () => {
    const dashboard = parseDashboard(JSON.parse(dashboardFile(name, providers)!), name)!;
    await expect(outlineOf(dashboard)).toMatchFileSnapshot(join('dashboards', `${file}.txt`));
  });
});

function outlineOf({ uid, title, description, from, refreshS, variables, sections }: Dashboard): string {
  return [
    `${title} (${uid})`,
    description,
    `from ${from}, every ${refreshS} s`,
    ...variables.map(({ name, kind, label, query, current }) => `  $${name}: ${label}, ${kind}, ${current.join(' ') || '-'}\n    ${query}`),
    ...sections.flatMap((section) => [`\n== ${section.title || '(top)'}`, ...section.panels.map(panelOutline)]),
    '',
  ].join('\n');
}

function panelOutline({ kind, title, description, place, display, targets, content, link }: Panel): string {
  if (kind === 'text') return `\n[text ${place.w}x${place.h}] ${title}\n  ${content}`;
  const thresholds = display.thresholds.map(({ from, colour }) => (from === null ? colour : `${colour} from ${from}`)).join(', ');
  return [
    `\n[${kind} ${place.w}x${place.h}] ${title}, ${display.unit}: ${thresholds}`,
    ...description.split('\n').filter((line) => line !== '').map((line) => `  ${line}`),
    ...(link === undefined ? [] : [`  leads to ${link.url}`]),
    ...targets.map(({ refId, target }) => `  ${refId}  ${target}`),
  ].join('\n');
}
