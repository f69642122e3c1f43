import { DkmError } from '../base/errors.ts';
import type { Platform } from '../base/platform.ts';
import { ROLES, type Role } from '../contract/install-type.ts';
import { providersOf } from '../manifest/load.ts';
import type { Manifest } from '../manifest/schema.ts';

/*
 * Decides which components a bundle is to hold, before anything is fetched. Pure.
 */

export interface SelectionRequest {
  platform: Platform;
  /** `--provider ROLE=NAME`, in the order given. */
  providers: readonly { role: string; name: string }[];
  /** Components given by `--with NAME=PATH`. */
  given: readonly string[];
  /** `--without NAME`. */
  without: readonly string[];
  /** `--fallback`: later providers may take the place of the first. */
  fallback: boolean;
}

/** A place of the bundle, and who may take it: the first that can be had. */
export interface Choice {
  role: Role;
  candidates: Manifest[];
}

/** The choices of a bundle, in the order of the roles. Throws `usage` for names that are not there and flags that contradict each other. */
export function selectComponents(manifests: readonly Manifest[], request: SelectionRequest): Choice[] {
  refuseUnknown(manifests, request);
  const named = namedProviders(manifests, request);
  const choices = ROLES.flatMap((role) =>
    role === 'extra' ? extras(manifests, request, named) : [{ role, candidates: candidatesOf(role, manifests, request, named) }],
  );
  return [...choices, ...beside(manifests, request)].filter(({ candidates }) => candidates.length > 0);
}

type Named = ReadonlyMap<Role, ReadonlySet<string>>;

/** What is asked for by name, per role: by `--provider`, or by giving it with `--with`. */
function namedProviders(manifests: readonly Manifest[], request: SelectionRequest): Named {
  const named = new Map<Role, Set<string>>();
  const wanted = [...request.providers.map(({ name }) => name), ...request.given];
  for (const name of wanted) {
    const role = manifests.find((manifest) => manifest.name === name)?.role ?? 'extra';
    const names = named.get(role) ?? new Set<string>();
    named.set(role, names.add(name));
    if (role !== 'extra' && names.size > 1)
      throw usage(`The role ${role} is asked to be filled by ${[...names].join(' and ')}; a bundle holds one provider of each role.`, 'Name one of them.');
    if (request.without.includes(name)) throw usage(`${name} is asked for and left out with --without at the same time.`, 'Take one of the flags away.');
  }
  return named;
}

function candidatesOf(role: Role, manifests: readonly Manifest[], request: SelectionRequest, named: Named): Manifest[] {
  const providers = providersOf(role, manifests);
  const chosen = named.get(role);
  if (chosen !== undefined) return providers.filter(({ name }) => chosen.has(name));
  const open = providers.filter((manifest) => manifest.default);
  const kept = (request.fallback ? open : open.slice(0, 1)).filter(({ name }) => !request.without.includes(name));
  return kept;
}

/** Extras do not stand in for each other: each is a choice of its own. */
function extras(manifests: readonly Manifest[], { without }: SelectionRequest, named: Named): Choice[] {
  return providersOf('extra', manifests)
    .filter(({ name, default: isDefault }) => (isDefault || named.get('extra')?.has(name) === true) && !without.includes(name))
    .map((manifest) => ({ role: 'extra', candidates: [manifest] }));
}

/** What runs beside the provider of its role is wanted whoever that will be. */
function beside(manifests: readonly Manifest[], { without }: SelectionRequest): Choice[] {
  return manifests.filter((manifest) => manifest.beside && !without.includes(manifest.name)).map((manifest) => ({ role: 'extra', candidates: [manifest] }));
}

function refuseUnknown(manifests: readonly Manifest[], { providers, given, without }: SelectionRequest): void {
  const known = manifests.map(({ name }) => name).sort();
  const names = [...given.map((name) => ['--with', name]), ...without.map((name) => ['--without', name]), ...providers.map(({ name }) => ['--provider', name])];
  for (const [flag = '', name = ''] of names) {
    if (!known.includes(name)) throw usage(`${flag}: there is no component ${name}.`, `The components are ${known.join(', ')}.`);
  }
  for (const { role, name } of providers) refuseWrongRole(manifests, role, name);
  const runtime = without.find((name) => manifests.some((manifest) => manifest.name === name && manifest.role === 'runtime'));
  if (runtime !== undefined) throw usage(`--without ${runtime}: dkm's own executable is made of it.`, 'Leave that flag out.');
}

function refuseWrongRole(manifests: readonly Manifest[], role: string, name: string): void {
  if (!ROLES.some((known) => known === role)) throw usage(`--provider ${role}=${name}: there is no role ${role}.`, `The roles are ${ROLES.join(', ')}.`);
  const { role: own } = manifests.find((manifest) => manifest.name === name) ?? {};
  if (own === role) return;
  const others = manifests.filter((manifest) => manifest.role === role).map((manifest) => manifest.name);
  throw usage(`--provider ${role}=${name}: ${name} is a provider of ${own}, not of ${role}.`, `Providers of ${role}: ${others.join(', ')}.`);
}

function usage(message: string, hint: string): DkmError {
  return new DkmError('usage', message, { hint });
}
