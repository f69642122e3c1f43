import { join } from 'node:path';
import { sha256File } from '../../base/digest.ts';
import { DkmError } from '../../base/errors.ts';
import type { Platform } from '../../base/platform.ts';
import type { Artifact, FetchContext, Source, SpecFor } from '../source.ts';
import { inScratch, notVendored } from '../client.ts';
import { parsePrintUris, type AptFile } from './apt-configuration.ts';
import { aptFor } from './apt.ts';

const ARCHITECTURE: Partial<Record<Platform, string>> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };

/** Debian packages, through the machine's apt and the repositories it trusts, without changing anything of the machine. */
export const debSource: Source<'deb'> = {
  kind: 'deb',
  describe: (spec, _component, platform) => `Debian packages ${spec.packages.join(', ')} (${ARCHITECTURE[platform] ?? `none for ${platform}`})`,
  level: () => 'apt-signature',
  fetch: async (spec, context) => {
    const architecture = ARCHITECTURE[context.platform];
    if (architecture === undefined) throw new DkmError('source-unavailable', `There are no Debian packages for ${context.platform}.`);
    const request = JSON.stringify(['deb', spec.packages, architecture]);
    const recalled = await context.vendor.recall(request);
    if (recalled !== undefined) return recalled;
    const what = `${spec.packages.join(', ')} (${architecture})`;
    if (context.offline) throw notVendored(`Debian packages ${what}`, context);
    const artifacts = await inScratch(context.vendor, (scratch) => downloaded(spec, architecture, what, scratch, context));
    await context.vendor.remember(request, artifacts);
    return artifacts;
  },
};

async function downloaded(spec: SpecFor<'deb'>, architecture: string, what: string, scratch: string, context: FetchContext): Promise<Artifact[]> {
  const apt = await aptFor(architecture, context);
  const announced = parsePrintUris(await apt.get(['download', '--print-uris', ...spec.packages], what, scratch, context));
  if (announced.length !== spec.packages.length) {
    throw new DkmError('source-unavailable', `apt-get tells a SHA-256 for ${announced.length} of ${spec.packages.length} packages: ${what}.`);
  }
  await apt.get(['download', ...spec.packages], what, scratch, context);
  return Promise.all(announced.map((each) => storedPackage(each, scratch, context)));
}

/** apt has checked the file already; it is checked again because what counts is what lies in the vendor directory. */
async function storedPackage({ file, size, sha256 }: AptFile, scratch: string, context: FetchContext): Promise<Artifact> {
  const path = join(scratch, file);
  const found = await sha256File(path);
  if (found !== sha256) {
    throw new DkmError('verification-failed', `${file}: expected SHA-256 ${sha256} (from the signed package list), found ${found}.`, {
      hint: 'The file was altered on the way. Try another mirror.',
    });
  }
  context.onProgress(file, size, size);
  return {
    ...(await context.vendor.adopt(path)),
    file,
    archive: 'deb',
    into: '',
    origin: `deb ${decodeURIComponent(file.replace(/\.deb$/, ''))}`,
    verified: 'apt-signature',
  };
}
