import { access, constants, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isNotFound, messageOf, systemCodeOf } from '../../base/errors.ts';
import { byCodeUnits, readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import type { PromiseSpec } from '../../contract/promise.ts';
import { readSettings } from '../../contract/settings.ts';
import { loadHostPromises, OWN_TEMPLATES } from '../../manifest/host-promises.ts';
import { loadManifests } from '../../manifest/load.ts';
import { collectPromises } from './collect.ts';
import type { Fault } from './definition.ts';
import type { FolderEntry } from './folder.ts';
import { filler } from './shipped.ts';

/** The promises of an installation, and what is wrong with the files that define them. */
export interface ReadPromises {
  promises: PromiseSpec[];
  faults: Fault[];
}

/**
 * Reads every promise of an installation: of its components, of the machine, of conf/promises.d, with what
 * conf/promises.toml changes. Faults are returned, each with its file; throws only when the installation itself cannot be
 * read (dkm.toml, the manifests in current/).
 */
export async function readPromises(layout: Layout): Promise<ReadPromises> {
  const manifests = join(layout.current, 'vendor-manifests');
  const [settings, components, host, entries, text] = await Promise.all([
    readSettings(layout.settings),
    loadManifests(manifests),
    loadHostPromises(manifests),
    readFolder(layout.promises),
    readIfPresent(layout.promiseSettings),
  ]);
  const path = relative(layout.root, layout.promises);
  return collectPromises({
    manifests: components,
    host,
    settings,
    layout,
    folder: { root: layout.root, path, entries, fill: filler(OWN_TEMPLATES, settings, layout, path) },
    promiseSettings: { text, file: relative(layout.root, layout.promiseSettings) },
  });
}

/** Longer ones are nobody's settings. */
const LONGEST_TEXT_BYTES = 256 << 10;

async function readFolder(folder: string): Promise<FolderEntry[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isNotFound(error)) return [];
    throw error;
  });
  return Promise.all(names.sort(byCodeUnits).map((name) => readEntry(folder, name)));
}

async function readEntry(folder: string, name: string): Promise<FolderEntry> {
  const path = join(folder, name);
  try {
    const status = await stat(path);
    if (status.isDirectory()) return { name, kind: 'directory' };
    // Reading a pipe would wait for whoever writes to it.
    if (!status.isFile()) return { name, kind: 'unusable', why: 'is neither a file nor a link to one' };
    if (/\.(cfg|toml)$/.test(name)) {
      if (status.size > LONGEST_TEXT_BYTES) return { name, kind: 'unusable', why: `is longer than ${LONGEST_TEXT_BYTES} bytes` };
      return { name, kind: 'file', text: await readFile(path, 'utf8') };
    }
    return { name, kind: (await isExecutable(path)) ? 'executable' : 'file' };
  } catch (error) {
    return { name, kind: 'unusable', why: isNotFound(error) ? 'is a link that leads nowhere' : `cannot be read: ${systemCodeOf(error) ?? messageOf(error)}` };
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
