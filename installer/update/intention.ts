import { join } from 'node:path';
import { DkmError, messageOf } from '../../src/base/errors.ts';
import { existsAs, readIfPresent } from '../../src/base/files.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import type { OpenBundle } from '../../src/bundle/open.ts';
import { runningServices, type Running } from '../../src/change/services.ts';
import { currentFolder, presentPlace } from '../../src/change/versions.ts';
import { generatedFiles, type GeneratedFile } from '../../src/configuration/generated-files.ts';
import { openInstalled, type InstalledBundle } from '../../src/configuration/installed-bundle.ts';
import type { FileChange } from '../../src/configuration/merge.ts';
import { besideOf, configurationChanges } from '../../src/configuration/written.ts';
import { BUNDLE_FILE } from '../../src/contract/bundle.ts';
import type { Place } from '../../src/contract/change-journal.ts';
import type { ServiceSpec } from '../../src/contract/service.ts';
import type { Settings } from '../../src/contract/settings.ts';
import { sha256File } from '../../src/base/digest.ts';
import { servicesOf } from '../../src/supervisor/services.ts';
import type { DirectoryState } from '../facts/directory.ts';
import type { Options } from '../options.ts';
import { installPlan, type Step } from '../plan.ts';
import type { NewSettings } from './new-settings.ts';
import type { Providers } from './providers.ts';

/** What is there, before an update. */
export interface Present {
  layout: Layout;
  place: Place;
  settings: Settings;
  running: Running;
  /** Undefined when what is installed cannot be read: then an update is its repair. */
  installed: InstalledBundle | undefined;
  /** Why it cannot be read. */
  damage: string | undefined;
}

/** Looks at an installation; changes nothing. */
export async function presentOf(directory: string, state: Extract<DirectoryState, { kind: 'installed' }>): Promise<Present> {
  const layout = layoutOf(directory);
  const folder = currentFolder(layout);
  if (folder === undefined) {
    throw new DkmError('preflight-refused', `${layout.current}: expected a link to a folder in versions/. Nothing was changed.`, {
      hint: 'Make it lead to the version in use, as in: ln -sfn versions/VERSION current',
    });
  }
  let damage: string | undefined;
  const installed = await openInstalled(layout).catch((error: unknown) => {
    damage = messageOf(error);
    return undefined;
  });
  return { layout, place: await presentPlace(layout, folder), settings: state.settings, running: await runningServices(layout), installed, damage };
}

/** What an update will do, decided before anything is done. */
export interface Intention {
  to: Place;
  /** True when the new version's folder has to be filled. */
  places: boolean;
  steps: Step[];
  files: GeneratedFile[];
  changes: FileChange[];
  /** Links of components that are not part of the installation any more. */
  obsoleteLinks: string[];
  specs: ServiceSpec[];
  services: { ran: string[]; start: string[]; required: string[]; first: string[] };
  databases: string[];
  makes: string[];
}

/** Decides what an update does; changes nothing. */
export async function intentionOf(present: Present, bundle: OpenBundle, providers: Providers, { settings }: NewSettings, options: Options): Promise<Intention> {
  const { layout } = present;
  const { components } = providers.choice;
  const { folder, places } = await folderFor(present, bundle);
  const promiseSettings = await readIfPresent(layout.promiseSettings);
  const files = generatedFiles({ bundle, components, settings, layout, promiseSettings });
  const changes = await configurationChanges(layout, files);
  const steps = installPlan({ bundle, components, settings, directory: layout.root, folder, promiseSettings });
  const specs = servicesOf(bundle.manifests, settings, layout);
  const links = steps.filter(({ kind }) => kind === 'link').map(({ path }) => path);
  const obsoleteLinks = (present.installed?.components ?? []).flatMap((component) => Object.keys(component.links)).filter((path) => !links.includes(path));
  const databases = [...(present.installed?.components ?? []), ...components].flatMap(({ backup }) => backup.sqlite);
  return {
    to: { version: bundle.bundle.version, folder },
    places,
    steps,
    files,
    changes,
    obsoleteLinks,
    specs,
    services: servicesFor(present, specs, options),
    databases: [...new Set(databases)],
    makes: makesOf(layout, steps, changes),
  };
}

/** A version has one folder; another build of it has its own, so that one can be gone back to. */
async function folderFor({ layout, place }: Present, { bundle, digest }: OpenBundle): Promise<{ folder: string; places: boolean }> {
  for (const folder of [bundle.version, `${bundle.version}+${digest.slice(0, 8)}`]) {
    const path = join(layout.versions, folder);
    if (folder === place.folder && (await sha256File(join(path, BUNDLE_FILE))) !== digest) continue;
    if (!existsAs(join(path, BUNDLE_FILE))) return { folder, places: true };
    if ((await sha256File(join(path, BUNDLE_FILE))) === digest) return { folder, places: false };
  }
  throw new DkmError('preflight-refused', `${layout.versions} holds other builds of dkm ${bundle.version} under the names that this one could have.`, {
    hint: 'Remove those that are not in use.',
  });
}

/** What ran runs again; what takes the place of a service that ran, or is new, is started with it. */
function servicesFor({ running, installed }: Present, specs: readonly ServiceSpec[], options: Options): Intention['services'] {
  const ran = running.wanted.map(({ name }) => name);
  const known = new Set([...ran, ...(installed?.components ?? []).map(({ name }) => name)]);
  const isStarting = ran.length > 0 || options.start;
  const start = isStarting ? specs.filter(({ name, autostart }) => ran.includes(name) || (autostart && (options.start || !known.has(name)))) : [];
  const names = start.map(({ name }) => name);
  const withoutDatabase = (installed?.components ?? []).filter(({ role, backup }) => role === 'store' && backup.sqlite.length === 0).map(({ name }) => name);
  return {
    ran,
    start: names,
    // A service that was not well before may stay so; one that is new must be.
    required: names.filter((name) => running.well.includes(name) || !ran.includes(name)),
    first: ran.filter((name) => !withoutDatabase.includes(name)),
  };
}

function makesOf(layout: Layout, steps: readonly Step[], changes: readonly FileChange[]): string[] {
  const ofPlan = steps
    .filter(({ kind }) => kind !== 'place-files' && kind !== 'write-settings' && kind !== 'write-generated')
    .filter(({ path }) => !path.startsWith('versions'));
  const ofChanges = changes.flatMap(({ kind, path }) => (kind === 'write' ? [path] : kind === 'conflict' ? [besideOf(path)] : []));
  return [...ofPlan.map(({ path }) => path), ...ofChanges].filter((path) => !existsAs(join(layout.root, path)));
}
