import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { DkmError, isNotFound } from '../base/errors.ts';
import { PLATFORMS } from '../base/platform.ts';
import { checked, insidePath, parseJson } from '../base/structured.ts';
import { ROLES } from './install-type.ts';
import { VERIFICATION_LEVELS } from './verification.ts';

/*
 * `bundle.json`: what a bundle holds, where each part came from and how it was verified. Written by make-package,
 * read by the installer (which refuses a bundle whose files differ) and by `dkm verify`. It holds no time and no
 * path of the machine that built it: the same inputs give the same bytes.
 */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bundlePath = insidePath('the bundle');

const fileSchema = z.strictObject({ sha256, /** bytes */ size: z.number().int().nonnegative(), executable: z.boolean() });
const linkSchema = z.strictObject({ link: z.string().min(1) });

const artifactSchema = z.strictObject({
  file: z.string(),
  sha256,
  /** bytes */
  size: z.number().int().nonnegative(),
  /** Where it came from: an address without host name for registries, `module@version`, or the name of a local file. */
  origin: z.string(),
  verified: z.enum(VERIFICATION_LEVELS),
});

const bundledComponentSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  version: z.string(),
  role: z.enum(ROLES),
  preference: z.number().int(),
  licence: z.string(),
  source: z.string(),
  verified: z.enum(VERIFICATION_LEVELS),
  artifacts: z.array(artifactSchema),
  /** Unpacked bytes. */
  size: z.number().int().nonnegative(),
  files: z.number().int().nonnegative(),
});

export const bundleSchema = z.strictObject({
  schema: z.literal(1),
  name: z.literal('dkm'),
  version: z.string(),
  platform: z.enum(PLATFORMS),
  components: z.array(bundledComponentSchema),
  /** Components that were wanted and could not be had, with what was tried. */
  missing: z.array(z.strictObject({ name: z.string(), role: z.enum(ROLES), reasons: z.array(z.string()) })),
  /** Every file and link of the bundle but bundle.json itself, by path. */
  files: z.record(bundlePath, z.union([fileSchema, linkSchema])),
});

export type Bundle = z.output<typeof bundleSchema>;
export type BundledComponent = z.output<typeof bundledComponentSchema>;
export type BundledArtifact = z.output<typeof artifactSchema>;
export type BundledFile = z.output<typeof fileSchema>;
export type BundledLink = z.output<typeof linkSchema>;

/** How a component was verified, for people: dkm's own parts are made from the sources at hand, with nothing to verify. */
export function verifiedInWords({ source, verified }: Pick<BundledComponent, 'source' | 'verified'>): string {
  return source === 'built-in' ? 'part of dkm' : verified;
}

export const BUNDLE_FILE = 'bundle.json';

/** Reads the bundle.json of an unpacked bundle. Throws `bundle-damaged` when it is missing or not of this schema. */
export async function readBundle(root: string): Promise<Bundle> {
  const path = join(root, BUNDLE_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new DkmError('bundle-damaged', `${path} is missing: this folder is not a dkm bundle.`, {
      hint: 'Unpack the whole tarball and run the installer inside it.',
      cause: error,
    });
  }
  return checked(bundleSchema, parseJson(text, path, 'bundle-damaged'), BUNDLE_FILE, 'bundle-damaged');
}

/** bundle.json's text. */
export function formatBundle(bundle: Bundle): string {
  return `${JSON.stringify(bundle, null, 1)}\n`;
}
