import { stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeDirectory, readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { VERSION } from '../base/version.ts';
import type { MonitorSpec } from '../contract/monitor.ts';
import { monitorConf } from './conf-file.ts';
import { opml } from './feed.ts';
import { halDocument } from './hal.ts';
import type { Known } from './memory.ts';
import type { Place } from './state.ts';
import { monitorTree, type MonitorTree } from './tree.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/* What is written when the configuration is taken up, as monitor.bootstrap of slapos.toolbox does. */

/** Makes the tree's directories. */
export async function makeTree(tree: MonitorTree): Promise<void> {
  const folders = [tree.documents, tree.configDocuments, tree.webdav, tree.results, tree.logs, tree.caches];
  for (const folder of [tree.public, ...folders, tree.plugins, tree.legacyPromises, tree.crons, tree.pids, tree.temporary]) await makeDirectory(folder);
}

/** Of this machine: its first addresses that others may reach it by. */
export function placeOf(spec: MonitorSpec, { root }: Pick<Layout, 'root'>): Place {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const first = (family: string): string =>
    addresses.find((each) => each.family === family && !each.internal && !each.address.startsWith('fe80:'))?.address ?? '';
  return {
    computerId: spec.hostname,
    partitionId: basename(root),
    softwareRelease: `dkm-${VERSION}`,
    softwareType: 'default',
    ipv4: first('IPv4'),
    ipv6: first('IPv6'),
  };
}

/** Writes monitor.conf when it is another. */
export async function writeConfiguration(spec: MonitorSpec, place: Place, layout: Layout): Promise<void> {
  await replaceIfOther(monitorTree(layout).configuration, monitorConf(spec, place, layout));
}

/** Writes monitor.haljson when it is another. */
export async function writeHal(spec: MonitorSpec, known: ReadonlyMap<string, Known>, tree: MonitorTree): Promise<void> {
  const hasInterface = (id: string): Promise<boolean> =>
    stat(join(tree.private, id, 'interface', 'index.html')).then(
      (found) => found.isFile(),
      () => false,
    );
  const listed = await Promise.all([...known].map(async ([id, { label }]) => ({ id, title: label, hasInterface: await hasInterface(id) })));
  await replaceIfOther(tree.haljson, toAsciiJson(halDocument(spec, listed)));
}

/** Writes the list of feeds with the titles that are known by now; it keeps the date of its creation. */
export async function writeOpml(spec: MonitorSpec, titles: ReadonlyMap<string, string>, tree: MonitorTree, nowMs: number): Promise<void> {
  const present = (await readIfPresent(tree.feeds)) ?? '';
  const createdMs = Date.parse(/<dateCreated>([^<]+)</.exec(present)?.[1] ?? '');
  const undated = (text: string): string => text.replace(/<dateModified>[^<]*</, '');
  const text = opml(spec, titles, Number.isNaN(createdMs) ? nowMs : createdMs, nowMs);
  if (undated(text) !== undated(present)) await replaceFile(tree.feeds, text);
}

async function replaceIfOther(path: string, text: string): Promise<void> {
  if (text === (await readIfPresent(path))) return;
  await makeDirectory(dirname(path));
  await replaceFile(path, text);
}
