import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Dashboard, Panel } from '../../src/console/dashboards/model.ts';
import { parseDashboard } from '../../src/console/dashboards/parse.ts';
import { fillIn, withIntervals, type Chosen } from '../../src/console/page/dashboards-variables.ts';

/* The dashboards of an installation, and what their panels ask. */

export interface Asked {
  dashboard: string;
  panel: string;
  /** What is said where there is nothing; empty where there always is something. */
  nothing: string;
  target: string;
}

/** The dashboards in conf/dashboards/, as the console reads them. */
export function installedDashboards(conf: string): Dashboard[] {
  const folder = join(conf, 'dashboards');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => parseDashboard(JSON.parse(readFileSync(join(folder, name), 'utf8')), basename(name, '.json'))!);
}

const HOUR_S = 3600;

/** Everything a dashboard's panels ask for an hour, with these values of its variables. */
export function askedOf({ uid, sections, variables }: Dashboard, chosen: Chosen): Asked[] {
  const all = withIntervals(variables, chosen, HOUR_S);
  const panels: Panel[] = sections.flatMap((section) => section.panels);
  return panels.flatMap(({ title, targets, display }) =>
    targets.map(({ target }) => ({ dashboard: uid, panel: title, nothing: display.noValue, target: fillIn(target, variables, all) })),
  );
}

/** What the choices of a variable are made of, filled in. */
export function namesAsked({ variables }: Dashboard): { name: string; target: string }[] {
  return variables.filter(({ isRendered }) => isRendered).map(({ name, query }) => ({ name, target: fillIn(query, variables, {}) }));
}
