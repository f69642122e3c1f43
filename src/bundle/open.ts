import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256File } from '../base/digest.ts';
import { existsAs, listTree } from '../base/files.ts';
import { BUNDLE_FILE, type Bundle } from '../contract/bundle.ts';
import { loadHostPromises } from '../manifest/host-promises.ts';
import { loadManifests } from '../manifest/load.ts';
import { loadRetention, RETENTION_FILE, type Retention } from '../manifest/retention.ts';
import type { Manifest, ShippedPromise } from '../manifest/schema.ts';

/** A file of `templates/`: `.hbs` files are filled in, others are installed as they are. */
export interface TemplateFile {
  component: string;
  /** Below the component's folder, with `/` between the names. */
  path: string;
  text: string;
}

/** An unpacked bundle, read. */
export interface OpenBundle {
  root: string;
  bundle: Bundle;
  /** SHA-256 of bundle.json: two bundles with the same one hold the same files. */
  digest: string;
  manifests: Manifest[];
  /** Of _promises.toml. */
  hostPromises: ShippedPromise[];
  templates: TemplateFile[];
  /** How long metrics are kept; a bundle without a store need not say. */
  retention?: Retention;
}

/** The bundle that this installer is part of, or the one in `given`. */
export function bundleRoot(given: string | undefined): string {
  return given ?? dirname(process.execPath);
}

/** Reads a bundle's manifests and templates; `bundle` must have been verified. */
export async function openBundle(root: string, bundle: Bundle): Promise<OpenBundle> {
  const folder = join(root, 'vendor-manifests');
  const [manifests, hostPromises, templates, digest] = await Promise.all([
    loadManifests(folder),
    loadHostPromises(folder),
    readTemplates(join(root, 'templates')),
    sha256File(join(root, BUNDLE_FILE)),
  ]);
  const retention = existsAs(join(folder, RETENTION_FILE)) ? await loadRetention(folder) : undefined;
  return { root, bundle, digest, manifests, hostPromises, templates, ...(retention && { retention }) };
}

async function readTemplates(folder: string): Promise<TemplateFile[]> {
  if (!existsAs(folder)) return [];
  const components = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const files = await Promise.all(components.map(async (component) => (await listTree(join(folder, component))).map((path) => ({ component, path }))));
  return Promise.all(files.flat().map(async ({ component, path }) => ({ component, path, text: await readFile(join(folder, component, path), 'utf8') })));
}

/** Every byte of the bundle's files. */
export function bundleSize(bundle: Bundle): number {
  return Object.values(bundle.files).reduce((sum, file) => sum + ('link' in file ? 0 : file.size), 0);
}
