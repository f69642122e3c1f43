import type { BundledArtifact } from '../contract/bundle.ts';
import type { AnySpec } from '../sources/api.ts';

/*
 * Package URLs, https://github.com/package-url/purl-spec: one name for a package whatever tool reads it.
 */

/** The purl of an artifact. */
export function artifactPurl(
  spec: AnySpec,
  artifact: Pick<BundledArtifact, 'file' | 'origin' | 'sha256'>,
  component: { name: string; version: string },
): string {
  const [, name = '', version = ''] = /(\S+?)@(\S+)$/.exec(artifact.origin) ?? [];
  switch (spec.kind) {
    case 'npm':
      return npmPurl(name, version);
    case 'go-module':
      return `pkg:golang/${spec.module}@v${component.version.replace(/^v/, '')}`;
    case 'pypi':
      return pypiPurl(artifact.file);
    case 'deb':
      return debPurl(artifact.file);
    case 'http':
      return `${genericPurl(component)}?download_url=${encodeURIComponent(artifact.origin)}&checksum=sha256:${artifact.sha256}`;
    case 'local':
    case 'built-in':
      return genericPurl(component);
  }
}

/** `pkg:npm/%40scope/name@1.2.3` */
export function npmPurl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;
}

/** From a wheel's or a source distribution's file name. */
function pypiPurl(file: string): string {
  const [, name = file, version = ''] = /^(.+?)-(\d[^-]*?)(?:-.*)?\.(?:whl|tar\.gz|zip)$/.exec(file) ?? [];
  return `pkg:pypi/${name.toLowerCase().replace(/[-_.]+/g, '-')}@${encodeURIComponent(version)}`;
}

/** From a package's file name, `name_version_architecture.deb`. */
function debPurl(file: string): string {
  const [name = file, version = '', architecture = ''] = file.replace(/\.deb$/, '').split('_');
  return `pkg:deb/debian/${name}@${encodeURIComponent(decodeURIComponent(version))}?arch=${architecture}`;
}

function genericPurl({ name, version }: { name: string; version: string }): string {
  return `pkg:generic/${name}@${encodeURIComponent(version)}`;
}
