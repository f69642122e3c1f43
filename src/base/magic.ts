import { open } from 'node:fs/promises';

/*
 * What a file is by its first bytes: a name can lie or be missing, and a server may answer with a web page.
 */

/** What the first bytes of a file tell. */
export type FileKind = 'gzip' | 'xz' | 'zip' | 'deb' | 'tar' | 'elf' | 'mach-o' | 'script' | 'html';

/** As many bytes as `fileKindOf` wants to see: a tar archive says so at byte 257. */
const HEAD_BYTES = 512;

/** The beginning of a file, for `fileKindOf`. */
export async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const BEGINNINGS: readonly (readonly [FileKind, string])[] = [
  ['gzip', '1f8b08'],
  ['xz', 'fd377a585a00'],
  ['zip', '504b0304'],
  ['zip', '504b0506'], // an empty one
  ['deb', Buffer.from('!<arch>\ndebian-binary').toString('hex')],
  ['elf', '7f454c46'],
  ['mach-o', 'cffaedfe'],
  ['mach-o', 'cafebabe'], // for several CPUs in one
  ['script', Buffer.from('#!').toString('hex')],
];

/** The kind of a file that begins with these bytes; undefined when they are none of those known here. */
export function fileKindOf(head: Buffer): FileKind | undefined {
  const known = BEGINNINGS.find(([, bytes]) => head.toString('hex', 0, bytes.length / 2) === bytes);
  if (known !== undefined) return known[0];
  if (head.toString('latin1', 257, 262) === 'ustar') return 'tar';
  return looksLikeHtml(head) ? 'html' : undefined;
}

function looksLikeHtml(head: Buffer): boolean {
  return /^(\uFEFF)?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?(-->|$)\s*)*<(!doctype\s+html|html|head|body)\b/i.test(head.toString('utf8'));
}
