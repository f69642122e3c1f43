import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DkmError } from '../../base/errors.ts';
import { sha256File } from '../../base/digest.ts';
import type { Artifact, FetchContext, Source, SpecFor } from '../source.ts';
import { clientFailed, inScratch, notVendored, runClient, type Client } from '../client.ts';
import { isFileOf, isPinned, pipArguments, requirementsText, type PypiPackage } from './pip-arguments.ts';

const python: Client = { command: 'python3', hint: 'Install Python 3 with pip, for example: apt-get install python3 python3-pip' };
const METADATA_ONLY = fileURLToPath(new URL('metadata-only', import.meta.url));

/** Packages of the Python Package Index, through pip: all of a component's in one run. */
export const pypiSource: Source<'pypi'> = {
  kind: 'pypi',
  describe: (spec) => `Python packages ${spec.packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
  level: (spec) => (isPinned(spec.packages) ? 'pinned' : 'pypi-hash'),
  fetch: async (spec, context) => {
    const recalled = await Promise.all(spec.packages.map((each) => context.vendor.recall(requestOf(each, spec, context))));
    const missing = spec.packages.filter((_, index) => recalled[index] === undefined);
    const known = recalled.flatMap((artifacts) => artifacts ?? []);
    if (missing.length === 0) return known;
    if (context.offline) throw notVendored(missing.map(({ name, version }) => `Python package ${name} ${version}`).join(', '), context);
    const fetched = await inScratch(context.vendor, (scratch) => downloaded(missing, spec, scratch, context));
    return [...known, ...fetched];
  },
};

function requestOf(each: PypiPackage, spec: SpecFor<'pypi'>, { platform }: FetchContext): string {
  return JSON.stringify(['pypi', each, spec.python, spec.into, platform]);
}

async function downloaded(packages: readonly PypiPackage[], spec: SpecFor<'pypi'>, scratch: string, context: FetchContext): Promise<Artifact[]> {
  const folder = join(scratch, 'files');
  const requirements = join(scratch, 'requirements.txt');
  await mkdir(folder);
  await writeFile(requirements, requirementsText(packages));
  await runPip(pipArguments(packages, spec.python, context.platform, folder, requirements), packages, scratch, context);
  const files = await readdir(folder);
  return Promise.all(packages.map((each) => storedPackage(each, files, folder, spec, context)));
}

async function runPip(args: readonly string[], packages: readonly PypiPackage[], scratch: string, context: FetchContext): Promise<void> {
  const env = {
    PYTHONPATH: [METADATA_ONLY, process.env['PYTHONPATH'] ?? ''].filter((path) => path !== '').join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1', // METADATA_ONLY stays as it is
    TMPDIR: scratch, // what a killed pip leaves goes with the scratch folder
    // Files in a folder of the machine have no digest of the index: they do for pinned packages alone.
    ...(isPinned(packages) ? {} : { PIP_FIND_LINKS: '' }),
  };
  const finished = await runClient(python, args, context, { env });
  if (finished.code === 0) return;
  const printed = finished.stderr + finished.stdout;
  if (/No module named pip/.test(printed))
    throw new DkmError('source-unavailable', 'python3 on this machine has no pip.', { hint: 'apt-get install python3-pip' });
  const isAltered = /DO NOT MATCH THE HASHES|Expected sha256/i.test(printed);
  throw clientFailed(
    isAltered ? 'verification-failed' : 'source-unavailable',
    `pip download of ${packages.map(({ name, version }) => `${name} ${version}`).join(', ')} failed`,
    finished,
  );
}

async function storedPackage(each: PypiPackage, files: readonly string[], folder: string, spec: SpecFor<'pypi'>, context: FetchContext): Promise<Artifact> {
  const file = files.find((name) => isFileOf(name, each));
  if (file === undefined) {
    const form = each.sdist === undefined ? 'wheel' : 'tar.gz';
    throw new DkmError('source-unavailable', `pip download brought no ${form} of ${each.name} ${each.version}; it brought ${files.join(', ') || 'nothing'}.`);
  }
  const path = join(folder, file);
  const found = await sha256File(path);
  if (each.sha256.length > 0 && !each.sha256.includes(found)) {
    throw new DkmError('verification-failed', `${file}: expected SHA-256 ${each.sha256.join(' or ')} (from the manifest), found ${found}.`, {
      hint: 'The package was altered or published anew. Do not use it before its publisher explains why.',
    });
  }
  const stored = await context.vendor.adopt(path);
  context.onProgress(file, stored.size, stored.size);
  const artifact: Artifact = {
    ...stored,
    file,
    origin: `pypi ${each.name}==${each.version}`,
    verified: each.sha256.length > 0 ? 'pinned' : 'pypi-hash',
    licence: each.licence,
    // Of a source distribution only what `sdist` names is taken.
    ...(each.sdist === undefined ? { archive: 'wheel', into: spec.into } : { archive: 'tar.gz', into: spec.into, pick: each.sdist }),
  };
  await context.vendor.remember(requestOf(each, spec, context), [artifact]);
  return artifact;
}
