import { basename } from 'node:path';
import { DkmError } from '../../base/errors.ts';
import type { Platform } from '../../base/platform.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { SpecFor } from '../source.ts';

type Component = Pick<Manifest, 'name' | 'version'>;

/** The address of the file for a platform: `{version}` and the keys of `values` filled in. */
export function fileUrl(spec: SpecFor<'http'>, component: Component, platform: Platform): string {
  return filledIn(spec.url, spec, component, platform);
}

/** The address of the publisher's checksum, where there is one. */
export function checksumUrl(spec: SpecFor<'http'>, component: Component, platform: Platform): string | undefined {
  return spec.checksum_url === undefined ? undefined : filledIn(spec.checksum_url, spec, component, platform);
}

function filledIn(pattern: string, spec: SpecFor<'http'>, component: Component, platform: Platform): string {
  const values: Record<string, string> = { version: component.version, ...spec.values[platform] };
  const url = pattern.replace(/\{([^{}]*)\}/g, (_, key: string) => {
    const value = values[key];
    if (value !== undefined) return value;
    throw new DkmError(
      'manifest-invalid',
      `${component.name}.toml: sources: {${key}} in ${pattern} has no value for ${platform}; it has ${Object.keys(values).join(', ')}.`,
    );
  });
  if (!URL.canParse(url)) throw new DkmError('manifest-invalid', `${component.name}.toml: sources: ${url} is no valid address.`);
  return url;
}

/** The name of the file behind an address, harmless as a file name. */
export function fileNameOf(url: string): string {
  const last = basename(decodeURIComponent(new URL(url).pathname));
  return last.replace(/[^A-Za-z0-9._+~-]/g, '_').replace(/^\.+/, '') || 'download';
}
