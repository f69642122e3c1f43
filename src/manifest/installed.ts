import { ROLES_OF_TYPE, type InstallType, type Role } from '../contract/install-type.ts';
import type { ServicePort } from '../contract/service.ts';
import type { Settings } from '../contract/settings.ts';
import type { TemplateContext } from './context.ts';
import { misfitOf } from './fit.ts';
import { providersOf } from './load.ts';
import type { Manifest } from './schema.ts';

/** The components an installation will run. */
export interface Choice {
  components: Manifest[];
  /** The chosen component by role; without `extra`, whose components all run. */
  providers: Record<string, string>;
  /** Roles of the type for which nothing is available. */
  lacking: Role[];
}

/** Chooses, for every role of the type, the first provider that is available and goes with those already chosen. Pure. */
export function chooseComponents(type: InstallType, manifests: readonly Manifest[], available: ReadonlySet<string>): Choice {
  const choice: Choice = { components: [], providers: {}, lacking: [] };
  for (const role of ROLES_OF_TYPE[type]) {
    const candidates = providersOf(role, [...manifests]).filter(({ name, types }) => available.has(name) && (types === undefined || types.includes(type)));
    if (role === 'extra') {
      choice.components.push(...candidates);
      continue;
    }
    const first = candidates.find((candidate) => misfitOf(candidate, choice.providers) === undefined);
    if (first === undefined) {
      choice.lacking.push(role);
      continue;
    }
    choice.components.push(first, ...candidates.filter((candidate) => candidate.beside && candidate !== first));
    choice.providers[role] = first.name;
  }
  return choice;
}

/** The components an installation with these settings runs, in no particular order. Pure. */
export function installedComponents(manifests: readonly Manifest[], settings: Settings): Manifest[] {
  const { type, providers } = settings.install;
  const roles: readonly Role[] = ROLES_OF_TYPE[type];
  return manifests.filter(
    ({ name, role, types, beside }) =>
      roles.includes(role) && (types === undefined || types.includes(type)) && (role === 'extra' || beside || providers[role] === name),
  );
}

/** True for a component that runs beside the provider of its role. Pure. */
export function runsBeside({ name, role, beside }: Pick<Manifest, 'name' | 'role' | 'beside'>, providers: Readonly<Record<string, string>>): boolean {
  return beside && providers[role] !== undefined && providers[role] !== name;
}

/** The ports a component listens on in an installation. Pure. */
export function portsOf(
  manifest: Pick<Manifest, 'name' | 'role' | 'beside' | 'ports'>,
  context: Pick<TemplateContext, 'port' | 'listen' | 'provider'>,
): ServicePort[] {
  const isBeside = runsBeside(manifest, context.provider);
  return manifest.ports.flatMap(({ name: first, beside, title, listen, protocols }) => {
    const name = isBeside ? (beside ?? first) : first;
    const port = context.port[name];
    return port === undefined ? [] : { name, title, address: context.listen[listen], port, protocols };
  });
}
