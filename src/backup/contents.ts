import { lstatSync, readdirSync, statSync, type Dirent, type Stats } from 'node:fs';
import { posix, join } from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { byCodeUnits } from '../base/files.ts';
import { isNotFound } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { companionsOf } from '../base/sqlite.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A file that goes into a backup. */
export interface BackedUpFile {
  /** Relative to the installed directory, with `/` between the names. */
  path: string;
  /** Where it is read from; another place than `path` for copies of databases. */
  absolute: string;
  /** Bytes when it was found; it may have more or fewer when it is read. */
  size: number;
}

/** Something that lies where backed-up files lie and is not in the backup. */
export interface LeftOut {
  path: string;
  why: string;
}

/** What a backup will hold. */
export interface Contents {
  files: BackedUpFile[];
  leftOut: LeftOut[];
  /** True when files of the store have holes. */
  sparse: boolean;
}

/** What of an installation is backed up, by its manifests. */
export interface Scope {
  /** Files and directories, relative to the installed directory. */
  paths: string[];
  databases: string[];
}

/** What of an installation with these components is backed up: conf/ and dkm's records of it always. Pure. */
export function scopeOf(components: readonly Pick<Manifest, 'role' | 'backup'>[], excludeData: boolean): Scope {
  const kept = components.filter(({ role }) => !(excludeData && role === 'store'));
  const unique = (paths: readonly string[]): string[] => [...new Set(paths.map((path) => path.replace(/\/+$/, '')))].sort(byCodeUnits);
  return {
    paths: ['conf', 'run/generated.json', 'run/generated', ...unique(kept.flatMap(({ backup }) => backup.paths))],
    databases: unique(components.flatMap(({ backup }) => backup.sqlite)),
  };
}

/** Finds the files of these paths; databases are not among them. What a path itself links to is followed, and so are links to files. */
export async function contentsOf(layout: Layout, { paths, databases }: Scope, signal: AbortSignal): Promise<Contents> {
  const finder = new Finder(
    layout.root,
    databases.flatMap((path) => [path, ...companionsOf(path)]),
  );
  for (const path of paths) await finder.find(path, signal);
  return finder.contents;
}

/** As `writeAtomic` calls a file that is being written. */
const TEMPORARY = /\.[0-9a-f]{8}\.tmp$/;

class Finder {
  readonly contents: Contents = { files: [], leftOut: [], sparse: false };
  readonly #root: string;
  readonly #seen: Set<string>;

  constructor(root: string, except: readonly string[]) {
    this.#root = root;
    this.#seen = new Set(except);
  }

  async find(path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stat = statSync(join(this.#root, path), { throwIfNoEntry: false });
    if (stat?.isDirectory()) await this.#descend(path, signal);
    else if (stat) this.#add(path, stat);
  }

  async #descend(folder: string, signal: AbortSignal): Promise<void> {
    await otherWork(); // signals, progress
    signal.throwIfAborted();
    const entries = readdirIfThere(join(this.#root, folder));
    if (entries === undefined && folder.includes('\uFFFD')) this.#leaveOut(folder, 'its name is not UTF-8');
    for (const entry of entries ?? []) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) await this.#descend(path, signal);
      else if (!TEMPORARY.test(entry.name)) this.#look(path);
    }
  }

  #look(path: string): void {
    const absolute = join(this.#root, path);
    const stat = statSync(absolute, { throwIfNoEntry: false });
    if (stat) this.#add(path, stat);
    else if (lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink()) this.#leaveOut(path, 'a link that leads nowhere');
    else if (path.includes('\uFFFD')) this.#leaveOut(path, 'its name is not UTF-8');
  }

  #add(path: string, stat: Stats): void {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    if (stat.isDirectory()) this.#leaveOut(path, 'a link to a directory');
    else if (!stat.isFile()) this.#leaveOut(path, 'neither a file nor a directory');
    else {
      this.contents.files.push({ path, absolute: join(this.#root, path), size: stat.size });
      if (path.startsWith('storage/') && stat.blocks * 512 + 4096 < stat.size) this.contents.sparse = true;
    }
  }

  #leaveOut(path: string, why: string): void {
    this.contents.leftOut.push({ path, why });
  }
}

/** A directory may go while we look. */
function readdirIfThere(folder: string): Dirent[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
