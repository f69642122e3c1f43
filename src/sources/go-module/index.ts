import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, extract } from 'tar';
import { DkmError } from '../../base/errors.ts';
import { listTree, readIfPresent } from '../../base/files.ts';
import { parseJson } from '../../base/structured.ts';
import type { Artifact, BuildContext, FetchContext, Source, SpecFor } from '../source.ts';
import { inScratch, notVendored } from '../client.ts';
import { go, proxies, requireGo, targetEnvironment } from './go.ts';

type Spec = SpecFor<'go-module'>;

/*
 * A program is built as a dependency of an empty module of ours. So Go's own rules choose the versions of what it
 * depends on, go.sum holds the digest of each of them, and the same folder serves for fetching and for building:
 *
 *   build/go.mod, go.sum     the empty module that requires the wanted one
 *   proxy/...                what was fetched, as a Go proxy lays it out
 */

/** A program in Go, verified by Go's checksum database and compiled here. */
export const goModuleSource: Source<'go-module'> = {
  kind: 'go-module',
  describe: (spec, component) => `Go module ${moduleOf(spec, component)} (package ${packagePath(spec)})`,
  level: () => 'go-sumdb',
  fetch: async (spec, context) => {
    const what = moduleOf(spec, context.component);
    const request = JSON.stringify(['go-module', what, packagePath(spec), context.platform]);
    const recalled = await context.vendor.recall(request);
    if (recalled !== undefined) return recalled;
    if (context.offline) throw notVendored(`Go module ${what}`, context);
    const artifacts = [await inScratch(context.vendor, (scratch) => fetchedClosure(spec, what, scratch, context))];
    await context.vendor.remember(request, artifacts);
    return artifacts;
  },
  build: buildProgram,
};

/** `module@version`; Go's versions begin with a "v". */
function moduleOf(spec: Spec, { version }: FetchContext['component']): string {
  return `${spec.module}@${version.startsWith('v') ? version : `v${version}`}`;
}

function packagePath({ module, package: main }: Spec): string {
  return main === '.' ? module : `${module}/${main.replace(/^\.\//, '')}`;
}

/** Fetches the module and all that building it needs, and packs it into one file. */
async function fetchedClosure(spec: Spec, what: string, scratch: string, context: FetchContext): Promise<Artifact> {
  const settings = await requireGo(spec, context, scratch);
  const cache = join(scratch, 'cache');
  const build = join(scratch, 'pack', 'build');
  await mkdir(build, { recursive: true });
  const env = {
    ...targetEnvironment(context.platform),
    GOPROXY: proxies(settings),
    GOMODCACHE: cache,
    GOTMPDIR: scratch,
    // No module is exempt from the checksum database: the name matches none.
    GONOSUMDB: 'none.invalid',
    GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -modcacherw`.trim(),
  };
  const downloaded = await go(['mod', 'download', '-json', what], `Go module ${what} could not be downloaded`, context, { cwd: scratch, env });
  const { GoMod, Dir } = parseJson(downloaded, 'go mod download') as { GoMod: string; Dir: string };
  await writeFile(join(build, 'go.mod'), wrapperModule(what, await readFile(GoMod, 'utf8')));
  // The module is what the checksum database knows, so its go.sum is too: what stands in it need not be asked for one by one.
  await writeFile(join(build, 'go.sum'), (await readIfPresent(join(Dir, 'go.sum'))) ?? '');
  // Loading the packages fetches what they need. Of the many only the main one is printed.
  await go(
    ['list', '-mod=mod', '-deps', '-f', '{{if not .DepOnly}}{{.ImportPath}}{{end}}', packagePath(spec)],
    `Go module ${what}: what it depends on could not be downloaded`,
    context,
    { cwd: build, env },
  );
  await rename(join(cache, 'cache', 'download'), join(scratch, 'pack', 'proxy'));
  const path = join(scratch, 'closure.tar');
  await packClosure(join(scratch, 'pack'), path);
  const stored = await context.vendor.adopt(path);
  const file = `${what.replace(/[^A-Za-z0-9._-]/g, '-')}.tar`;
  context.onProgress(file, stored.size, stored.size);
  return { ...stored, file, archive: 'tar', into: '', origin: `go ${what}`, verified: 'go-sumdb' };
}

/** go.mod of the empty module. The language version is the wanted module's: it decides on defaults of the runtime. */
export function wrapperModule(what: string, goMod: string): string {
  const language = /^go\s+(\S+)/m.exec(goMod)?.[1] ?? '1.16';
  return `module build\n\ngo ${language}\n\nrequire ${what.replace('@', ' ')}\n`;
}

/** Packs the empty module and what a Go proxy would serve; the same content gives the same bytes. */
async function packClosure(folder: string, toPath: string): Promise<void> {
  const paths = (await listTree(folder)).filter((path) => /^(build\/go\.(mod|sum)|proxy\/(?!sumdb\/).*\/@v\/[^/]+\.(info|mod|zip))$/.test(path));
  for (const path of paths) await chmod(join(folder, path), 0o644);
  await create({ file: toPath, cwd: folder, portable: true, mtime: new Date(0), noDirRecurse: true }, paths);
}

/** Compiles the program, from what was fetched alone. Throws `build-failed`. */
async function buildProgram(spec: Spec, context: BuildContext): Promise<void> {
  const { artifacts, scratch, destination, component } = context;
  const [closure] = artifacts;
  if (closure === undefined) throw new DkmError('build-failed', `${component.name}: nothing was fetched to build it from.`);
  await requireGo(spec, context, scratch);
  await extract({ file: closure.path, cwd: scratch });
  const output = join(destination, spec.output);
  await mkdir(dirname(output), { recursive: true });
  const env = {
    ...targetEnvironment(context.platform),
    GOPROXY: pathToFileURL(join(scratch, 'proxy')).href,
    // Everything was verified when it was fetched, lies under its digest since, and go.sum is checked again.
    GOSUMDB: 'off',
    GOMODCACHE: join(scratch, 'cache'),
    GOTMPDIR: scratch,
    GOFLAGS: '',
  };
  try {
    await go(buildArguments(spec, component.version, output), `${component.name} could not be compiled`, context, { cwd: join(scratch, 'build'), env });
  } catch (error) {
    if (!(error instanceof DkmError) || error.code !== 'source-unavailable') throw error;
    throw new DkmError('build-failed', error.message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) });
  }
}

/** `go build` that gives the same bytes wherever and whenever it runs with the same Go. */
export function buildArguments(spec: Spec, version: string, output: string): string[] {
  const values = Object.entries(spec.ldflags_x).map(([name, value]) => `-X '${name}=${value.replaceAll('{version}', version)}'`);
  const ldflags = ['-s', '-w', '-buildid=', ...values].join(' ');
  return ['build', '-modcacherw', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', output, packagePath(spec)];
}
