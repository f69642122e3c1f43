import { chmodSync, constants, linkSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, type Stats } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as otherWork } from 'node:timers/promises';
import { systemCodeOf } from '../../src/base/errors.ts';
import { BUNDLE_FILE, type BundledFile, type BundledLink } from '../../src/contract/bundle.ts';
import { partOf } from '../plan.ts';
import type { Perform, Performed, StepContext } from './step.ts';

/** How many files are placed before signals are looked at. */
const BATCH = 200;

/** Places one part of the bundle below versions/: hard links where they can be had, copies elsewhere. */
export const placeFiles: Perform<'place-files'> = async ({ path: place, from }, context) => {
  const placer = new Placer(context, join(context.layout.root, place.slice(0, -from.length - 1)));
  for (const [index, [path, file]] of filesOf(from, context).entries()) {
    if (index % BATCH === BATCH - 1) await otherWork();
    context.signal.throwIfAborted();
    await placer.place(path, file);
  }
  return placer.performed;
};

function filesOf(part: string, { bundle }: StepContext): [string, BundledFile | BundledLink][] {
  // bundle.json cannot hold its own digest and is not in its list.
  if (part === BUNDLE_FILE) return [[BUNDLE_FILE, { sha256: bundle.digest, size: 0, executable: false }]];
  return Object.entries(bundle.bundle.files).filter(([path]) => partOf(path) === part);
}

class Placer {
  performed: Performed = 'present';
  readonly #context: StepContext;
  readonly #destination: string;
  readonly #foldersMade = new Set<string>();
  /** False as soon as one hard link was refused: the others would be, too. */
  #canLink = true;

  constructor(context: StepContext, destination: string) {
    this.#context = context;
    this.#destination = destination;
    this.#foldersMade.add(this.#destination);
  }

  async place(path: string, file: BundledFile | BundledLink): Promise<void> {
    const to = join(this.#destination, path);
    const present = lstatSync(to, { throwIfNoEntry: false });
    if ('link' in file) this.#placeLink(to, file.link, present);
    else await this.#placeFile(join(this.#context.bundle.root, path), to, file.executable ? 0o755 : 0o644, present);
  }

  #placeLink(to: string, target: string, present: Stats | undefined): void {
    if (present?.isSymbolicLink() && readlinkSync(to) === target) return;
    this.#clear(to, present);
    symlinkSync(target, to);
  }

  async #placeFile(from: string, to: string, mode: number, present: Stats | undefined): Promise<void> {
    const source = lstatSync(from);
    if (present && this.#isPlaced(source, present, mode)) return;
    this.#clear(to, present);
    if (!this.#linked(from, to, source)) await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    chmodSync(to, mode);
  }

  /** The same file, or a copy that was finished: one of an interrupted installation may have been cut short. */
  #isPlaced(source: Stats, present: Stats, mode: number): boolean {
    if ((present.mode & 0o777) !== mode || !present.isFile()) return false;
    const isLinked = present.ino === source.ino && present.dev === source.dev;
    return isLinked || (this.#context.isInstalled && present.size === source.size);
  }

  #clear(to: string, present: Stats | undefined): void {
    this.performed = 'made';
    this.#makeFolder(dirname(to));
    if (present) rmSync(to, { recursive: true });
  }

  #makeFolder(folder: string): void {
    if (this.#foldersMade.has(folder)) return;
    this.#makeFolder(dirname(folder));
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    chmodSync(folder, 0o755);
    this.#foldersMade.add(folder);
  }

  /** Another user's file is copied: that user could change it later. */
  #linked(from: string, to: string, source: Stats): boolean {
    if (!this.#canLink || source.uid !== process.geteuid?.()) return false;
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (!NO_HARD_LINKS.includes(systemCodeOf(error) ?? '')) throw error;
      this.#canLink = false;
      return false;
    }
  }
}

/** Another file system, one without hard links, one that allows them to root alone, too many links to one file. */
const NO_HARD_LINKS = ['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];
