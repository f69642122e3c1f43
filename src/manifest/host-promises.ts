import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { existsAs } from '../base/files.ts';
import { checked, parseToml } from '../base/structured.ts';
import { shippedPromiseSchema, type ShippedPromise } from './schema.ts';

/*
 * What dkm brings of its own, besides the components: `vendor-manifests/_promises.toml`, the promises about the machine
 * and about dkm itself, and `templates/dkm`, the configuration that every installation has.
 */

/** The file's name, beside the manifests. */
export const PROMISES_FILE = '_promises.toml';

/** The folder in templates/ that is dkm's own; no component is called so. */
export const OWN_TEMPLATES = 'dkm';

const schema = z.strictObject({ promises: z.array(shippedPromiseSchema).default([]) });

/** Reads `_promises.toml`'s text; errors name the file and the key. */
export function parseHostPromises(text: string, file: string): ShippedPromise[] {
  return checked(schema, parseToml(text, file, 'manifest-invalid'), file, 'manifest-invalid').promises;
}

/** Reads `_promises.toml` of a folder of manifests; none where it has no such file. */
export async function loadHostPromises(folder: string): Promise<ShippedPromise[]> {
  const path = join(folder, PROMISES_FILE);
  return existsAs(path) ? parseHostPromises(await readFile(path, 'utf8'), basename(path)) : [];
}
