import type { OpenBundle } from '../../src/bundle/open.ts';
import { ROLES_OF_TYPE, type Role } from '../../src/contract/install-type.ts';
import type { Settings } from '../../src/contract/settings.ts';
import type { Shortcoming } from '../../src/host/checks.ts';
import { misfitOf } from '../../src/manifest/fit.ts';
import { chooseComponents, runsBeside, type Choice } from '../../src/manifest/installed.ts';
import { providersOf } from '../../src/manifest/load.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { SYSTEM_COLLECTOR } from '../request.ts';

/** Which component fills each role after an update. */
export interface Providers {
  choice: Choice;
  /** Roles that another component fills from now on; `from` is undefined where none did. */
  changed: { role: Role; from: string | undefined; to: string }[];
  /** Why it cannot be decided. */
  shortcomings: Shortcoming[];
}

type Offered = Pick<OpenBundle, 'bundle' | 'manifests'>;

/**
 * Every role keeps its provider: another one has other configuration, and perhaps other data. It changes only when the
 * administrator names the new one. Pure.
 */
export function providersFor({ install }: Settings, offered: Offered, given: Readonly<Record<string, string>>): Providers {
  const available = availableIn(offered, install.system_collectd !== undefined);
  const first = chooseComponents(install.type, offered.manifests, available);
  const providers: Record<string, string> = {};
  const shortcomings: Shortcoming[] = [];
  for (const role of ROLES_OF_TYPE[install.type].filter((each) => each !== 'extra')) {
    const wanted = given[role] ?? install.providers[role] ?? first.providers[role];
    if (wanted === undefined) continue;
    const names = providersOf(role, offered.manifests)
      .map(({ name }) => name)
      .filter((name) => available.has(name));
    if (names.includes(wanted)) providers[role] = wanted;
    else shortcomings.push(lackOf(role, wanted, names));
  }
  for (const role of Object.keys(given)) if (!isRoleOf(install.type, role)) shortcomings.push(noSuchRole(role, install.type));
  const components = offered.manifests.filter((manifest) => providers[manifest.role] === manifest.name);
  const beside = offered.manifests.filter((manifest) => available.has(manifest.name) && runsBeside(manifest, providers));
  shortcomings.push(...misfits(components, providers));
  const extras = first.components.filter(({ role }) => role === 'extra');
  const changed = Object.entries(providers).flatMap(([role, to]) =>
    install.providers[role] === to ? [] : [{ role: role as Role, from: install.providers[role], to }],
  );
  const lacking = first.lacking.filter((role) => providers[role] === undefined);
  return { choice: { components: [...components, ...beside, ...extras], providers, lacking }, changed, shortcomings };
}

function availableIn({ bundle }: Offered, systemCollectd: boolean): Set<string> {
  return new Set([...bundle.components.map(({ name }) => name), ...(systemCollectd ? [SYSTEM_COLLECTOR] : [])]);
}

function isRoleOf(type: Settings['install']['type'], role: string): boolean {
  return ROLES_OF_TYPE[type].some((each) => each === role);
}

function noSuchRole(role: string, type: string): Shortcoming {
  return { problem: `--provider ${role}=…: an installation of type ${type} has no ${role}.`, hint: 'Leave it out.' };
}

/** Both stores keep whisper files, so what was stored is there afterwards, whichever they are. */
function lackOf(role: Role, wanted: string, names: readonly string[]): Shortcoming {
  const data = role === 'store' ? ' Stored metrics stay: both read the same files.' : '';
  return {
    problem: `The ${role} here is ${wanted}, which this bundle does not have${names.length === 0 ? '' : `; it has ${names.join(' and ')}`}.`,
    hint:
      names.length === 0
        ? `Take a bundle that was built with ${wanted}.`
        : `Take a bundle that was built with ${wanted}, or change over to another: --provider ${role}=${names[0]}.${data} Your edits of ${wanted}'s configuration are not carried over.`,
  };
}

function misfits(components: readonly Manifest[], providers: Readonly<Record<string, string>>): Shortcoming[] {
  return components.flatMap((component) => {
    const misfit = misfitOf(component, providers);
    return misfit === undefined ? [] : [{ problem: `${misfit}.`, hint: `Name one that goes with it: --provider ${component.role}=NAME.` }];
  });
}
