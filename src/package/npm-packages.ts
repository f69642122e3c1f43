import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { byCodeUnits } from '../base/files.ts';
import { parseJson } from '../base/structured.ts';
import { isLicenceName, knownLicence } from './licences.ts';

/** An npm package that is part of the executable or of the console's page. */
export interface NpmPackage {
  name: string;
  version: string;
  /** SPDX expression. */
  licence: string;
  /** Where its source is kept, as it says itself. */
  repository: string;
  /** Its licence texts by file name. */
  texts: Record<string, string>;
}

interface PackageJson {
  name?: string;
  version?: string;
  license?: string | { type?: string };
  licenses?: { type?: string }[];
  author?: string | { name?: string };
  repository?: string | { url?: string };
  homepage?: string;
}

/**
 * Packages whose package.json states no licence in a way a machine reads; the reason is how it is known.
 */
const STATED_ELSEWHERE: Record<string, string> = {};

/** The npm packages that files belong to, sorted. Throws `licence-unknown` naming every package whose licence is not known. */
export async function npmPackagesOf(inputs: readonly string[]): Promise<NpmPackage[]> {
  const folders = [...new Set(inputs.flatMap((path) => packageFolder(path) ?? []))];
  const results = await Promise.allSettled(folders.map(readPackage));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  const [first] = failures;
  if (first !== undefined) {
    if (!(first instanceof DkmError)) throw first;
    throw new DkmError('licence-unknown', failures.map(({ message }) => message).join('\n'), {
      cause: first,
      ...(first.hint !== undefined && { hint: first.hint }),
    });
  }
  const packages = new Map(
    results.flatMap((result) => (result.status === 'fulfilled' ? [[`${result.value.name}@${result.value.version}`, result.value] as const] : [])),
  );
  return [...packages].sort(([a], [b]) => byCodeUnits(a, b)).map(([, each]) => each);
}

/** The folder of the innermost package a file belongs to; undefined for our own files. */
function packageFolder(path: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0];
}

async function readPackage(folder: string): Promise<NpmPackage> {
  const path = join(folder, 'package.json');
  const json = parseJson(await readFile(path, 'utf8'), path) as PackageJson;
  const { name = folder, version = '' } = json;
  const licence = knownLicence(
    `the npm package ${name}@${version}`,
    STATED_ELSEWHERE[name] ?? statedLicence(json),
    'Do without the package, or record in src/package/npm-packages.ts where its licence is stated.',
  );
  return { name, version, licence, repository: repositoryOf(json), texts: await licenceTexts(folder, json, licence) };
}

/** The licence as package.json has it, in today's form or the two older ones. */
export function statedLicence({ license, licenses }: PackageJson): string | undefined {
  if (typeof license === 'string') return license;
  const types = [license, ...(licenses ?? [])].flatMap((each) => each?.type ?? []);
  return types.length > 1 ? `(${types.join(' OR ')})` : types[0];
}

function repositoryOf({ repository, homepage }: PackageJson): string {
  const url = typeof repository === 'string' ? repository : repository?.url;
  return (url ?? homepage ?? '').replace(/^git\+/, '').replace(/\.git$/, '');
}

async function licenceTexts(folder: string, { author }: PackageJson, licence: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile() && isLicenceName(entry.name)).map((entry) => entry.name);
  if (names.length === 0) {
    const by = typeof author === 'string' ? author : author?.name;
    return { 'LICENSE.txt': `This package carries no licence text. Its package.json states: ${licence}${by === undefined ? '' : `, by ${by}`}.\n` };
  }
  return Object.fromEntries(await Promise.all(names.sort(byCodeUnits).map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)));
}
