import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { byCodeUnits } from '../base/files.ts';
import { checked, parseToml } from '../base/structured.ts';
import { manifestSchema, type Manifest } from './schema.ts';

/** Reads one manifest's text. Throws `manifest-invalid` with the file and every faulty key. */
export function parseManifest(text: string, file: string): Manifest {
  return checked(manifestSchema, parseToml(text, file, 'manifest-invalid'), file, 'manifest-invalid');
}

/** Reads one manifest file; its name must be its component's. */
export async function loadManifest(path: string): Promise<Manifest> {
  const manifest = parseManifest(await readFile(path, 'utf8'), basename(path));
  const stem = basename(path, '.toml');
  if (manifest.name !== stem) {
    throw new DkmError('manifest-invalid', `${basename(path)}: name: expected "${stem}", as the file is called, found "${manifest.name}"`);
  }
  return manifest;
}

/** Reads every manifest of a folder (files beginning with `_` are not components), sorted by role and preference. */
export async function loadManifests(folder: string): Promise<Manifest[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.toml') && !file.startsWith('_')).sort(byCodeUnits);
  const results = await Promise.allSettled(files.map((file) => loadManifest(join(folder, file))));
  const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason as Error);
  if (failures.length > 0)
    throw new DkmError('manifest-invalid', failures.map((failure) => failure.message).join('\n'), {
      cause: failures[0],
      hint: `Mend the manifests in ${folder}.`,
    });
  const manifests = results.map((result) => (result as PromiseFulfilledResult<Manifest>).value);
  refuseEqualPreferences(manifests);
  return manifests;
}

function refuseEqualPreferences(manifests: readonly Manifest[]): void {
  const taken = new Map<string, string>();
  for (const { role, preference, name } of manifests) {
    if (role === 'extra') continue;
    const place = `${role} ${preference}`;
    const other = taken.get(place);
    if (other !== undefined) throw new DkmError('manifest-invalid', `${name}.toml: preference: ${preference} is ${other}'s already in the role ${role}`);
    taken.set(place, name);
  }
}

/** The providers of a role that are part of a bundle unasked, first choice first. */
export function providersOf(role: Manifest['role'], manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter((manifest) => manifest.role === role).sort((a, b) => a.preference - b.preference);
}
