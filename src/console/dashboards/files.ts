import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isNotFound, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import type { Dashboard, DashboardsAnswer } from './model.ts';
import { parseDashboard } from './parse.ts';

/** A dashboard is some 100 KB; a file that is larger is not read. */
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_FILES = 500;

/** Where dashboards lie, in the order in which they count: of two with the same uid the first is shown. */
export const DASHBOARD_FOLDERS = ['dashboards.d', 'dashboards'] as const;

interface Kept {
  mtimeMs: number;
  size: number;
  dashboard: Dashboard | undefined;
  problem: string;
}

export interface DashboardFiles {
  list: () => Promise<DashboardsAnswer>;
  /** The dashboard with this uid; undefined when there is none. */
  get: (uid: string) => Promise<Dashboard | undefined>;
}

/** The dashboards in conf/; a file is read again when it changed. */
export function dashboardFiles({ conf }: Pick<Layout, 'conf'>): DashboardFiles {
  const kept = new Map<string, Kept>();
  const readAll = async (): Promise<{ file: string; read: Kept }[]> => {
    const files = (await Promise.all(DASHBOARD_FOLDERS.map((folder) => jsonFilesIn(conf, folder)))).flat();
    for (const file of kept.keys()) if (!files.includes(file)) kept.delete(file);
    return Promise.all(files.map(async (file) => ({ file, read: await readOne(join(conf, file), kept.get(file)) }))).then((all) => {
      for (const { file, read } of all) kept.set(file, read);
      return all;
    });
  };
  const known = async (): Promise<{ byUid: Map<string, { file: string; dashboard: Dashboard }>; problems: DashboardsAnswer['problems'] }> => {
    const byUid = new Map<string, { file: string; dashboard: Dashboard }>();
    const problems: DashboardsAnswer['problems'] = [];
    for (const { file, read } of await readAll()) {
      const other = read.dashboard === undefined ? undefined : byUid.get(read.dashboard.uid);
      if (read.dashboard === undefined) problems.push({ file: `conf/${file}`, message: read.problem });
      else if (other !== undefined)
        problems.push({ file: `conf/${file}`, message: `Its uid "${read.dashboard.uid}" is that of conf/${other.file}, which is shown.` });
      else byUid.set(read.dashboard.uid, { file, dashboard: read.dashboard });
    }
    return { byUid, problems };
  };
  return {
    async list() {
      const { byUid, problems } = await known();
      const all = [...byUid.values()].sort((a, b) => (a.dashboard.title < b.dashboard.title ? -1 : 1));
      const dashboards = all.map(({ file, dashboard: { uid, title, description, tags } }) => ({ uid, title, description, tags, origin: `conf/${file}` }));
      return { dashboards, problems };
    },
    get: async (uid) => (await known()).byUid.get(uid)?.dashboard,
  };
}

async function jsonFilesIn(conf: string, folder: string): Promise<string[]> {
  try {
    const names = await readdir(join(conf, folder));
    return names
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .sort()
      .slice(0, MOST_FILES)
      .map((name) => `${folder}/${name}`);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function readOne(path: string, before: Kept | undefined): Promise<Kept> {
  const nothing = { mtimeMs: 0, size: 0, dashboard: undefined };
  try {
    const { mtimeMs, size } = await stat(path);
    if (before !== undefined && before.mtimeMs === mtimeMs && before.size === size) return before;
    if (size > MOST_BYTES) return { ...nothing, mtimeMs, size, problem: `It has ${size} bytes; at most ${MOST_BYTES} are read.` };
    const dashboard = parseDashboard(JSON.parse(await readFile(path, 'utf8')), basename(path, '.json'));
    const problem = dashboard === undefined ? 'It is no dashboard: a "title" and "panels" are expected.' : '';
    return { mtimeMs, size, dashboard, problem };
  } catch (error) {
    return { ...nothing, problem: `It cannot be read: ${messageOf(error)}` };
  }
}
