import semver from 'semver';
import type { Manifest } from '../manifest/schema.ts';
import type { Python } from './programs.ts';

/** What the chosen components need of a Python. */
export interface PythonNeed {
  /** Titles of the components that need it. */
  titles: string[];
  /** Semver range that satisfies all of them. */
  range: string;
  modules: string[];
}

/** What these components need of a Python; undefined when they need none. Pure. */
export function pythonNeed(components: readonly Manifest[]): PythonNeed | undefined {
  const needing = components.filter(({ requires }) => requires.python !== undefined);
  if (needing.length === 0) return undefined;
  return {
    titles: needing.map(({ title }) => title),
    range: [...new Set(needing.map(({ requires }) => requires.python))].join(' '),
    modules: [...new Set(needing.flatMap(({ requires }) => requires.python_modules))],
  };
}

/** The newest Python that will do; undefined when none will or none is needed. Pure. */
export function suitablePython(components: readonly Manifest[], pythons: readonly Python[]): Python | undefined {
  const need = pythonNeed(components);
  if (need === undefined) return undefined;
  return pythons
    .filter(({ version, missingModules }) => semver.satisfies(version, need.range) && missingModules.length === 0)
    .sort((a, b) => semver.rcompare(a.version, b.version))[0];
}

/** Why none will do, for people. Pure. */
export function pythonShortage(need: PythonNeed, pythons: readonly Python[]): string {
  const rightVersion = pythons.filter(({ version }) => semver.satisfies(version, need.range));
  const lacking = rightVersion.map(({ path, version, missingModules }) => `${path} (${version}) lacks the module ${missingModules.join(', ')}`);
  if (lacking.length > 0) return lacking.join('; ');
  const versions = pythons.map(({ path, version }) => `${path} (${version})`);
  return versions.length === 0 ? 'there is none on PATH' : `on PATH there is ${versions.join(', ')}`;
}
