import { ABOUT_FILE, isBackedUpPath, SUMS_FILE } from '../contract/backup.ts';

/*
 * Which of an archive's entries may be looked at. A backup that dkm made holds regular files below conf/, storage/ and
 * run/generated/ and nothing else, so everything else is refused: links of any kind, directories, devices, paths that
 * lead elsewhere, a path twice, a file where another file's directory is. What is admitted can be written below a
 * directory of one's own, and nothing appears outside it.
 */

const LONGEST_PATH_BYTES = 4000;
const LONGEST_NAME_BYTES = 255;
/** More than anyone has metrics; each is kept in mind until the end. */
const MOST_FILES = 20_000_000;

/** Says why an entry is refused; undefined when it may be read. Keeps in mind what it admitted. */
export function admission(): (path: string, type: string) => string | undefined {
  const files = new Set<string>();
  const folders = new Set<string>();
  let hasEnded = false;
  return (path, type) => {
    const why = faultOf(path, type, files.size === 0, hasEnded) ?? collision(path, files, folders);
    if (why !== undefined) return why;
    if (files.size >= MOST_FILES) return `it is more than ${MOST_FILES} files.`;
    hasEnded = path === SUMS_FILE;
    files.add(path);
    for (const folder of foldersOf(path)) folders.add(folder);
    return undefined;
  };
}

function faultOf(path: string, type: string, isFirst: boolean, hasEnded: boolean): string | undefined {
  if (type !== 'File') return `it is no regular file (${type}).`;
  if (hasEnded) return `it comes after ${SUMS_FILE}, which is the end.`;
  if (isFirst !== (path === ABOUT_FILE)) return isFirst ? `a backup begins with ${ABOUT_FILE}.` : 'it appears twice.';
  const names = path.split('/');
  if (path.includes('\0') || names.some((name) => ['', '.', '..'].includes(name))) return 'its path leads elsewhere.';
  if (Buffer.byteLength(path) > LONGEST_PATH_BYTES || names.some((name) => Buffer.byteLength(name) > LONGEST_NAME_BYTES)) return 'its path is too long.';
  return path === ABOUT_FILE || path === SUMS_FILE || isBackedUpPath(path) ? undefined : 'no backup holds such a file.';
}

function collision(path: string, files: ReadonlySet<string>, folders: ReadonlySet<string>): string | undefined {
  if (files.has(path)) return 'it appears twice.';
  if (folders.has(path)) return 'it is a file and a directory.';
  return foldersOf(path).some((folder) => files.has(folder)) ? 'it lies below a file.' : undefined;
}

function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}
