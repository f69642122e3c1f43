import { DkmError } from '../base/errors.ts';

/*
 * Decides whether an archive's entry may be written. Knows nothing of disks: it keeps in mind what it admitted, and
 * an entry is judged against that. What it admits can be written below a directory of one's own in the order in which it
 * was admitted, and nothing will appear outside that directory, whatever the archive says.
 */

/** One entry as its archive describes it. */
export interface ArchiveEntry {
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'device' | 'fifo' | 'other';
  /** Unix permission bits; only whether it is executable is taken over. */
  mode: number;
  /** For links: where it leads, as the archive has it. */
  target?: string;
}

/** An entry that may be written: its path is clean, and a hard link's target is a file that was admitted before. */
export type Admitted =
  | { kind: 'file'; path: string; executable: boolean }
  | { kind: 'directory'; path: string }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'hardlink'; path: string; target: string };

export interface UnpackLimits {
  /** Bytes of all files together. */
  totalBytes: number;
  entries: number;
  /** Unpacked bytes per packed byte, looked at beyond the first 64 MiB. */
  ratio: number;
}

/** Grafana, the largest of the components, has 1.4 GB in 20,000 files, three times its packed size. */
export const UNPACK_LIMITS: UnpackLimits = { totalBytes: 8 * 2 ** 30, entries: 200_000, ratio: 200 };
const RATIO_FREE_BYTES = 64 * 2 ** 20;

/** What an archive is judged by. */
export interface GuardOptions {
  /** The archive's name, for messages. */
  archive: string;
  packedBytes: number;
  limits: UnpackLimits;
  /** True where the files end up on a file system that does not tell `README` from `readme` (macOS). */
  foldsCase: boolean;
}

export interface EntryGuard {
  /** The entry as it may be written; undefined for the root itself. Throws `archive-refused`. */
  admit(entry: ArchiveEntry): Admitted | undefined;
  /** Counts bytes as they are unpacked (what an archive says of its sizes need not be true). Throws `archive-refused`. */
  count(bytes: number, path: string): void;
}

type Known = 'file' | 'directory' | 'symlink';

/** A guard for one archive. */
export function entryGuard(options: GuardOptions): EntryGuard {
  const { archive, limits, packedBytes } = options;
  const known = new Map<string, Known>();
  const folded = new Map<string, string>();
  let entries = 0;
  let bytes = 0;

  const refuse = (path: string, why: string): never => {
    throw new DkmError('archive-refused', `${archive}: ${shown(path)}: ${why}`, {
      hint: 'Nothing of it was kept. Get the archive from its publisher again, or look into it before you trust it.',
    });
  };
  const refuseCollision = (path: string): void => {
    if (!options.foldsCase) return;
    const key = path.normalize('NFC').toLowerCase();
    const other = folded.get(key);
    if (other !== undefined && other !== path) refuse(path, `on macOS it would be the same file as ${shown(other)}.`);
    folded.set(key, path);
  };
  const note = (path: string, kind: Known): void => {
    known.set(path, kind);
    refuseCollision(path);
  };
  /** The directories above are made as needed; none of them may be a link or a file. */
  const openParents = (path: string): void => {
    const names = path.split('/').slice(0, -1);
    names.forEach((_, index) => {
      const parent = names.slice(0, index + 1).join('/');
      const kind = known.get(parent);
      if (kind === 'symlink') refuse(path, `it lies behind the link ${shown(parent)}.`);
      if (kind === 'file') refuse(path, `it lies below ${shown(parent)}, which is a file.`);
      if (kind === undefined) note(parent, 'directory');
    });
  };
  const admitNew = (path: string, kind: Known): void => {
    if (isTooLong(path))
      refuse(
        path.slice(0, LONGEST_NAME_BYTES),
        `its name is too long for a file system (${LONGEST_NAME_BYTES} bytes; ${LONGEST_PATH_BYTES} with its directories).`,
      );
    openParents(path);
    const before = known.get(path);
    if (before !== undefined && !(before === 'directory' && kind === 'directory')) refuse(path, 'it appears twice.');
    note(path, kind);
  };

  return {
    admit: (entry) => {
      entries += 1;
      if (entries > limits.entries) refuse(entry.path, `the archive has more than ${limits.entries} entries.`);
      const path = cleanPath(entry.path) ?? refuse(entry.path, 'its path leads out of the archive.');
      if (path === '') return entry.kind === 'directory' ? undefined : refuse(entry.path, 'it has no name.');
      switch (entry.kind) {
        case 'directory':
          admitNew(path, 'directory');
          return { kind: 'directory', path };
        case 'file':
          admitNew(path, 'file');
          return { kind: 'file', path, executable: (entry.mode & 0o111) !== 0 };
        case 'symlink': {
          const target =
            cleanLink(path, entry.target ?? '') ?? refuse(path, `its target ${shown(entry.target ?? '')} leads, or could lead, out of the archive.`);
          admitNew(path, 'symlink');
          return { kind: 'symlink', path, target };
        }
        case 'hardlink': {
          const target = cleanPath(entry.target ?? '') ?? refuse(path, `its target ${shown(entry.target ?? '')} leads out of the archive.`);
          if (known.get(target) !== 'file') refuse(path, `its target ${shown(target)} is no file that comes before it.`);
          openParents(target);
          admitNew(path, 'file');
          return { kind: 'hardlink', path, target };
        }
        case 'device':
        case 'fifo':
        case 'other':
          return refuse(path, entry.kind === 'other' ? 'it is neither file, directory nor link.' : `it is a ${entry.kind} file.`);
      }
    },
    count: (more, path) => {
      bytes += more;
      if (bytes > limits.totalBytes) refuse(path, `the archive unpacks to more than ${limits.totalBytes} bytes.`);
      if (bytes > RATIO_FREE_BYTES && bytes > packedBytes * limits.ratio) refuse(path, `the archive unpacks to more than ${limits.ratio} times its size.`);
    },
  };
}

/** The path without `.` and double slashes; undefined when it is absolute, leads upwards, or is no path at all. */
function cleanPath(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return names.includes('..') ? undefined : names.join('/');
}

/** What every file system that dkm runs on can hold; the path leaves room for the directory that it is unpacked into. */
const LONGEST_NAME_BYTES = 255;
const LONGEST_PATH_BYTES = 2048;

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > LONGEST_PATH_BYTES || path.split('/').some((name) => Buffer.byteLength(name) > LONGEST_NAME_BYTES);
}

/**
 * The target of a link at `path`; undefined when it could lead out. Upward steps are allowed at its beginning only:
 * there they climb real directories (no entry lies behind a link), while after a name they would climb from
 * wherever that name, itself perhaps a link, leads.
 */
function cleanLink(path: string, target: string): string | undefined {
  if (target === '' || target.startsWith('/') || target.includes('\0') || isTooLong(target)) return undefined;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const firstName = names.findIndex((name) => name !== '..');
  const ups = firstName < 0 ? names.length : firstName;
  const depth = path.split('/').length - 1;
  if (ups > depth || names.slice(ups).includes('..')) return undefined;
  return names.length === 0 ? '.' : names.join('/');
}

/** A path as it can be printed: control characters (an archive's names are anybody's) made visible. */
function shown(path: string): string {
  return JSON.stringify(path).slice(1, -1);
}
