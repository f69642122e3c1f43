import type { Role } from '../contract/install-type.ts';
import type { Manifest } from './schema.ts';

/**
 * Why a component does not go with the providers that were chosen for other roles; undefined when it does. A role that
 * has no provider yet, or none in this installation, speaks against nothing. Pure.
 */
export function misfitOf(manifest: Pick<Manifest, 'title' | 'requires'>, providers: Readonly<Partial<Record<Role, string>>>): string | undefined {
  for (const [role, accepted] of Object.entries(manifest.requires.providers)) {
    const chosen = providers[role as Role];
    if (chosen !== undefined && !accepted.includes(chosen)) return `${manifest.title} goes with ${accepted.join(' or ')} as ${role}, not with ${chosen}`;
  }
  return undefined;
}
