import semver from 'semver';
import type { Manifest } from '../manifest/schema.ts';
import type { CLibrary } from './c-library.ts';
import type { PortProblem } from './ports.ts';
import type { Python } from './programs.ts';
import { pythonNeed, pythonShortage, suitablePython } from './python.ts';

/*
 * What a machine must offer, asked twice: by the installer before it writes anything, and by `dkm doctor` for as long
 * as the installation lives, because machines change. Pure.
 */

/** One thing in the way, and what to do about it. */
export interface Shortcoming {
  problem: string;
  hint: string;
}

/** A component's name for people, and what it needs. */
type Needing = Pick<Manifest, 'title' | 'requires'>;

/** The components that this machine's C library is too old, or not the right one, for. */
export function cLibraryShortcomings(components: readonly Needing[], { kind, version }: CLibrary): Shortcoming[] {
  return components.flatMap(({ title, requires: { glibc } }) => {
    if (glibc === undefined || kind === 'none') return [];
    if (kind === 'glibc' && semver.gte(threePart(version), threePart(glibc))) return [];
    const found = kind === 'musl' ? 'musl, another C library' : `glibc ${version}`;
    return [
      {
        problem: `${title} needs glibc ${glibc} or newer; this machine has ${found}.`,
        hint: 'Install on a newer Linux distribution, or an install type without this component (-t).',
      },
    ];
  });
}

/** That no Python of this machine will do for these components; empty when one will, or none is needed. */
export function pythonShortcomings(components: readonly Manifest[], pythons: readonly Python[]): Shortcoming[] {
  const need = pythonNeed(components);
  if (need === undefined || suitablePython(components, pythons)) return [];
  const modules = need.modules.length === 0 ? '' : ` with the modules ${need.modules.join(', ')}`;
  return [
    {
      problem: `${need.titles.join(' and ')} ${need.titles.length === 1 ? 'runs' : 'run'} on Python ${need.range}${modules}; ${pythonShortage(need, pythons)}.`,
      hint: `Have such a Python installed (Debian and Ubuntu: apt-get install python3${need.modules.includes('distutils') ? ' python3-distutils' : ''}), or take a bundle that does not need it.`,
    },
  ];
}

/** The programs that components need and that were not found; `programs` has where each of them is. */
export function programShortcomings(components: readonly Needing[], programs: Readonly<Record<string, string | undefined>>): Shortcoming[] {
  return components.flatMap(({ title, requires }) =>
    requires.programs
      .filter((program) => programs[program] === undefined)
      .map((program) => ({ problem: `${title} needs the program ${program}, which is not on PATH.`, hint: `Have ${program} installed.` })),
  );
}

/** Why a port cannot be listened on, as a sentence. */
export function portProblemInWords({ port, address, protocol, title, reason, holder }: PortProblem): string {
  const what = `Port ${port}/${protocol} on ${address} (${title})`;
  switch (reason) {
    case 'in-use':
      return `${what} is in use${holder === undefined ? '' : ` by ${holder}`}.`;
    case 'no-such-address':
      return `${what}: this machine has no such address.`;
    case 'not-allowed':
      return `${what} is not for this user to listen on.`;
    default:
      return `${what} cannot be listened on: ${reason}.`;
  }
}

function threePart(version: string): string {
  return semver.coerce(version)?.version ?? '0.0.0';
}
