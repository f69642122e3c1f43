import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import type { DiskLimits, LogLimits, ServiceSpec } from '../contract/service.ts';

/** The installation a command is for: the directory named with `--directory`, or the one the executable is part of. */
export function findInstallation(directory: string | undefined): Layout {
  const layout = layoutMeant(directory);
  if (existsSync(layout.settings)) return layout;
  throw new DkmError('not-an-installation', `${layout.root} is not an installed directory: it has no conf/dkm.toml.`, {
    hint: 'Run the dkm in the bin/ of an installed directory, or name the directory with --directory.',
  });
}

/** The same for commands that find out what is wrong: it may lack anything, but not everything. */
export function findDamagedInstallation(directory: string | undefined): Layout {
  const layout = layoutMeant(directory);
  return [layout.versions, layout.conf, layout.run].some((path) => existsSync(path)) ? layout : findInstallation(directory);
}

function layoutMeant(directory: string | undefined): Layout {
  const root = installationRoot(directory);
  const layout = layoutOf(root);
  refuseStrangers(root);
  return layout;
}

/** The root of the installation a command is for, whether or not there is one. */
export function installationRoot(directory: string | undefined): string {
  // versions/<version>/installer: the links in bin/ are resolved by the system already.
  return directory === undefined ? dirname(dirname(dirname(process.execPath))) : resolve(directory);
}

/**
 * An installation is its owner's alone. For root, too: services started by root would leave files behind that their
 * owner cannot change any more.
 */
function refuseStrangers(root: string): void {
  const owner = statSync(root, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.getuid?.()) return;
  throw new DkmError('not-an-installation', `${root} belongs to another user (${owner}).`, {
    hint: `Run it as that user: sudo -u '#${owner}' ${root}/bin/dkm …`,
  });
}

/** What the supervisor is told with every command. */
export interface Configured {
  services: ServiceSpec[];
  logs: LogLimits;
  disk: DiskLimits;
}

/** Every service of an installation as its manifests and conf/dkm.toml say now. */
export async function configuredServices(layout: Layout): Promise<ServiceSpec[]> {
  return (await configured(layout)).services;
}

/** What an installation's manifests and conf/dkm.toml say now. */
export async function configured(layout: Layout): Promise<Configured> {
  // Loaded here and not above, as `dkm status` does without them.
  const [{ loadManifests }, { diskLimits, logLimits, readSettings }, { servicesOf }] = await Promise.all([
    import('../manifest/load.ts'),
    import('../contract/settings.ts'),
    import('./services.ts'),
  ]);
  const [manifests, settings] = await Promise.all([loadManifests(join(layout.current, 'vendor-manifests')), readSettings(layout.settings)]);
  return { services: servicesOf(manifests, settings, layout), logs: logLimits(settings), disk: diskLimits(settings) };
}

/** Refuses names that are no services of this installation. */
export function refuseUnknown(names: readonly string[], services: readonly Pick<ServiceSpec, 'name'>[]): void {
  const unknown = names.filter((name) => !services.some((service) => service.name === name));
  if (unknown.length === 0) return;
  throw new DkmError('service-unknown', `There is no service ${unknown.map((name) => `"${name}"`).join(' or ')} here.`, {
    hint: `The services of this installation are ${services.map((service) => service.name).join(', ')}.`,
  });
}
