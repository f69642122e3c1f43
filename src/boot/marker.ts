/*
 * The line by which an installation knows its own files among those of others: two installations may not share a
 * name, and what is removed is what was made.
 */

/** A string of JSON: it may have a line separator in it (U+2028), which a dot does not match. */
const MARKER = /dkm-directory: ("(?:[^"\\\n]|\\[^\n])*")/;

/** Says which installation a file belongs to; for a comment. No two dashes in a row, which would end a comment of XML. */
export function markerOf(directory: string): string {
  return `dkm-directory: ${JSON.stringify(directory).replaceAll('--', '-\\u002d')}`;
}

/** The installed directory a file was made for; undefined when it is not dkm's. */
export function directoryOf(text: string): string | undefined {
  try {
    const directory: unknown = JSON.parse(MARKER.exec(text)?.[1] ?? 'null');
    return typeof directory === 'string' ? directory : undefined;
  } catch {
    return undefined;
  }
}
