import { gunzipSync, gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { DkmError } from '../../base/errors.ts';
import type { Redactor } from '../../redaction/redact-text.ts';

/** A file of the archive. */
export interface Entry {
  /** With `/` between the names. */
  name: string;
  text: string;
}

const BLOCK_BYTES = 512;
/** Longer names would be cut in two in a tar header, and a secret with them. */
const LONGEST_NAME = 95;
/** Numbers of a tar header may hold any few digits. */
const SOUGHT_IN_HEADERS_BYTES = 8;

/** These files as a tar.gz, all of them the owner's alone. Names are made short and unique. */
export function packEntries(entries: readonly Entry[], atMs: number): Buffer {
  const taken = new Set<string>();
  const blocks = entries.flatMap(({ name, text }) => {
    const content = Buffer.from(text);
    const header = new Header({ path: uniqueName(name, taken), size: content.length, type: 'File', mode: 0o600, uid: 0, gid: 0, mtime: new Date(atMs) });
    const block = Buffer.alloc(BLOCK_BYTES);
    header.encode(block);
    return [block, content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]));
}

function uniqueName(wanted: string, taken: Set<string>): string {
  const safe = wanted.replace(/[^\w.@+/[\]-]/g, '_').replace(/(^|\/)\.\.?(?=\/|$)/g, '$1_');
  const short = safe.length <= LONGEST_NAME ? safe : `${safe.slice(0, 40)}...${safe.slice(-(LONGEST_NAME - 43))}`;
  let name = short;
  for (let number = 2; taken.has(name); number += 1) name = `${short}~${number}`;
  taken.add(name);
  return name;
}

/**
 * Looks for every known secret once more: in each file and its name, and in the finished archive. Throws
 * `redaction-failed` when one is there.
 */
export function refuseSecrets(archive: Buffer, entries: readonly Entry[], { finds, known }: Redactor): void {
  const guilty = entries.find(({ name, text }) => finds(Buffer.from(name)) || finds(Buffer.from(text)));
  if (guilty === undefined && !finds(gunzipSync(archive), SOUGHT_IN_HEADERS_BYTES)) return;
  const where = guilty === undefined ? 'the finished archive' : `its file ${known(guilty.name)}`;
  throw new DkmError('redaction-failed', `A secret would have been in ${where}. No archive was written.`, {
    hint: 'This is a defect of dkm: please report it, with the name of that file alone.',
  });
}
