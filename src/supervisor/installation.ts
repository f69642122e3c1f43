import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import type { ServiceSpec } from '../contract/service.ts';

/** The installation a command is for: the directory named with `--directory`, or the one the executable is part of. */
export function findInstallation(directory: string | undefined): Layout {
  // versions/<version>/installer: the links in bin/ are resolved by the system already.
  const root = directory === undefined ? dirname(dirname(dirname(process.execPath))) : resolve(directory);
  const layout = layoutOf(root);
  refuseStrangers(root);
  if (existsSync(layout.settings)) return layout;
  throw new DkmError('not-an-installation', `${root} is not an installed directory: it has no conf/dkm.toml.`, {
    hint: 'Run the dkm in the bin/ of an installed directory, or name the directory with --directory.',
  });
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

/** Every service of an installation as its manifests and conf/dkm.toml say now. */
export async function configuredServices(layout: Layout): Promise<ServiceSpec[]> {
  // Loaded here and not above, as `dkm status` does without them.
  const [{ loadManifests }, { readSettings }, { servicesOf }] = await Promise.all([
    import('../manifest/load.ts'),
    import('../contract/settings.ts'),
    import('./services.ts'),
  ]);
  const [manifests, settings] = await Promise.all([loadManifests(join(layout.current, 'vendor-manifests')), readSettings(layout.settings)]);
  return servicesOf(manifests, settings, layout);
}

/** Refuses names that are no services of this installation. */
export function refuseUnknown(names: readonly string[], services: readonly Pick<ServiceSpec, 'name'>[]): void {
  const unknown = names.filter((name) => !services.some((service) => service.name === name));
  if (unknown.length === 0) return;
  throw new DkmError('service-unknown', `There is no service ${unknown.map((name) => `"${name}"`).join(' or ')} here.`, {
    hint: `The services of this installation are ${services.map((service) => service.name).join(', ')}.`,
  });
}
