/** The names in an address's path, decoded; empty ones (a doubled slash) are left out. */
export interface WebPath {
  names: string[];
  /** It ends in a slash: a directory is meant. */
  isDirectory: boolean;
}

/** Most names that a path may have, and bytes of each: what file systems allow. */
const MOST_NAMES = 64;
const LONGEST_NAME = 255;

/**
 * Takes a path as it stands in an address apart. Undefined when a name in it cannot be one of a file here: bad percent
 * encoding, an encoded slash or control character, `.` and `..`. Real tools ask for `/public//monitor.global.json`.
 */
export function webPath(pathname: string): WebPath | undefined {
  const names = pathname
    .split('/')
    .filter((name) => name !== '')
    .map(decoded);
  if (names.length > MOST_NAMES || !names.every(isFileName)) return undefined;
  return { names, isDirectory: pathname.endsWith('/') };
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function isFileName(name: string | undefined): name is string {
  return name !== undefined && name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;
}

/** The path of these names, encoded. */
export function pathOf(names: readonly string[], isDirectory: boolean): string {
  return `/${names.map(encodeURIComponent).join('/')}${isDirectory && names.length > 0 ? '/' : ''}`;
}
