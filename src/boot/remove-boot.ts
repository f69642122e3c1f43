import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { DkmError, EXIT } from '../base/errors.ts';
import { say } from '../base/terminal.ts';
import { startRequestFile } from '../supervisor/start-request.ts';
import { removeFiles } from './apply.ts';
import { hostFacts } from './facts.ts';
import { installedFiles, type InstalledFile } from './installed.ts';
import { asOwner } from './owner.ts';
import { siteOf, type Place, type Site } from './place.ts';
import { unitNameOf } from './plan.ts';
import { removalOf, type Removal } from './removal.ts';

export interface RemoveOptions {
  name?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `dkmadmin remove-boot`: returns the exit code. */
export async function removeBoot(place: Place, options: RemoveOptions): Promise<number> {
  const site = siteOf(place);
  const wanted = options.name === undefined ? undefined : unitNameOf(options.name);
  const files = filesOf(site).filter(({ unit }) => wanted === undefined || unit === wanted);
  if (!options.dryRun) {
    refuseWithoutRights(site, files);
    for (const together of byUnit(files))
      await removeFiles(
        together.map(({ path }) => path),
        removalFor(together),
        site.target,
      );
    // What it names is gone: "dkm start" need not wait for it.
    if (files.some(({ kind }) => kind === 'systemd')) await asOwner(site.owner, () => rmSync(startRequestFile(site.layout), { force: true }));
  }
  tell(files, site, options);
  return EXIT.fine;
}

function filesOf({ layout, target, userConfiguration, home }: Site): InstalledFile[] {
  return installedFiles(layout.root, { root: target.root, userConfiguration, home });
}

function refuseWithoutRights({ isRoot, target, layout }: Site, files: readonly InstalledFile[]): void {
  const first = files.find(({ scope }) => scope === 'system');
  if (!first || isRoot || target.root !== '/') return;
  throw new DkmError('preflight-refused', `Removing ${first.path} takes root.`, { hint: `As root: ${join(layout.bin, 'dkmadmin')} remove-boot` });
}

/** The files of one unit together. */
function byUnit(files: readonly InstalledFile[]): InstalledFile[][] {
  return Object.values(Object.groupBy(files, ({ kind, scope, unit }) => `${kind} ${scope} ${unit}`)).filter((group) => group !== undefined);
}

function removalFor([file]: readonly InstalledFile[]): Removal {
  if (!file || file.kind === 'logrotate') return { undo: [], afterRemoval: [] };
  return removalOf(file.kind, file.scope, file.unit, hostFacts(file.kind).runLevelTool);
}

function tell(files: readonly InstalledFile[], { layout }: Site, { dryRun, json }: RemoveOptions): void {
  if (json) {
    say(JSON.stringify({ schema: 1, dryRun: dryRun === true, removed: files.map(({ path }) => path) }, null, 1));
    return;
  }
  for (const { path } of files) say(`${dryRun ? 'would remove' : 'removed'} ${path}`);
  if (files.length === 0) say(`Nothing here starts ${layout.root} at boot.`);
  else if (!dryRun) say(`\nWhat runs goes on; to stop it: ${join(layout.bin, 'dkm')} stop`);
}
