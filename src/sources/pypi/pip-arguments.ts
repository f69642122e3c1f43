import type { Platform } from '../../base/platform.ts';
import type { SpecFor } from '../source.ts';

export type PypiPackage = SpecFor<'pypi'>['packages'][number];

// Node 24, which the executable is, needs glibc 2.28 on Linux and macOS 13.5: a wheel may need as much. Of several
// wheels pip takes the first tag that fits, so the ones that run on the oldest systems come first.
const GLIBC_MINORS = [17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28];
const MACOS = '13_0';

/** The platform tags of wheels that run on a platform, as pip's `--platform` takes them. */
export function wheelPlatforms(platform: Platform): string[] {
  switch (platform) {
    case 'linux-x64':
      return linuxTags('x86_64');
    case 'linux-arm64':
      return linuxTags('aarch64');
    case 'darwin-x64':
      return [`macosx_${MACOS}_x86_64`];
    case 'darwin-arm64':
      return [`macosx_${MACOS}_arm64`];
  }
}

/** pip takes `manylinux2014` for the older names of the same thing too. */
function linuxTags(cpu: string): string[] {
  return [`manylinux2014_${cpu}`, ...GLIBC_MINORS.map((minor) => `manylinux_2_${minor}_${cpu}`), `linux_${cpu}`];
}

/** The arguments of the one `pip download` that fetches all of these packages into a folder. */
export function pipArguments(packages: readonly PypiPackage[], python: string, platform: Platform, folder: string, requirements: string): string[] {
  const sources = packages.filter(({ sdist }) => sdist !== undefined).map(({ name }) => name);
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--dest', folder, '--requirement', requirements],
    ...['--only-binary', ':all:', ...(sources.length === 0 ? [] : ['--no-binary', sources.join(',')])],
    // No build environment is made and setup.py is not run: metadata-only/setuptools/build_meta.py answers.
    ...['--no-build-isolation', '--use-pep517'],
    ...['--implementation', 'cp', '--python-version', python, ...wheelPlatforms(platform).flatMap((tag) => ['--platform', tag])],
    ...(isPinned(packages) ? ['--require-hashes'] : []),
    ...['--retries', '3', '--no-input', '--progress-bar', 'off', '--disable-pip-version-check'],
  ];
}

/** True when every package has a pinned digest; pip checks either all of them or none. */
export function isPinned(packages: readonly PypiPackage[]): boolean {
  return packages.every(({ sha256 }) => sha256.length > 0);
}

/** The requirements file for these packages. */
export function requirementsText(packages: readonly PypiPackage[]): string {
  const withDigests = isPinned(packages);
  return packages
    .map(({ name, version, sha256 }) => [`${name}==${version}`, ...(withDigests ? sha256.map((digest) => `--hash=sha256:${digest}`) : [])].join(' ') + '\n')
    .join('');
}

/** Which package a downloaded file is of, by its name: `{name}-{version}-….whl` or `{name}-{version}.tar.gz`. */
export function isFileOf(file: string, { name, version, sdist }: PypiPackage): boolean {
  const stem = sdist === undefined ? /^([^-]+)-([^-]+)-.*\.whl$/.exec(file) : /^(.+)-([^-]+)\.tar\.gz$/.exec(file);
  return stem?.[1] !== undefined && normalized(stem[1]) === normalized(name) && sameVersion(stem[2] ?? '', version);
}

/** As PEP 503 compares names. */
function normalized(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** File names may spell a version without the zeros at its end, or with `_` in its local part. */
function sameVersion(a: string, b: string): boolean {
  const plain = (version: string): string =>
    version
      .toLowerCase()
      .replaceAll('_', '.')
      .replaceAll('-', '.')
      .replace(/^v/, '')
      .replace(/(\.0)+$/, '');
  return plain(a) === plain(b);
}
