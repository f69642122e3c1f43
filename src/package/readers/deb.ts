import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { DkmError } from '../../base/errors.ts';
import type { EntryWriter } from '../entry-writer.ts';
import { decompressed, readTar, type TarCompression } from './tar.ts';

/*
 * A Debian package is an ar archive of `debian-binary`, `control.tar.*` and `data.tar.*`; the files are in the last.
 * Format: deb(5) and ar(5).
 */

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;

const COMPRESSIONS: Record<string, TarCompression> = { 'data.tar': 'none', 'data.tar.gz': 'gz', 'data.tar.xz': 'xz', 'data.tar.zst': 'zst' };

interface Member {
  name: string;
  start: number;
  size: number;
}

/** Feeds every entry of a Debian package's data to a writer; its control files and scripts are not looked at. */
export async function readDebFile(path: string, writer: EntryWriter): Promise<void> {
  const data = (await members(path)).find(({ name }) => name in COMPRESSIONS);
  const compression = COMPRESSIONS[data?.name ?? ''];
  if (data === undefined || compression === undefined) {
    throw new DkmError('archive-refused', 'a Debian package should hold data.tar, packed with gzip, xz or zstd; found none.');
  }
  const packed = createReadStream(path, { start: data.start, end: data.start + data.size - 1 });
  await readTar(await decompressed(packed, compression), writer);
}

async function members(path: string): Promise<Member[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const at = async (position: number, length: number): Promise<string> =>
      (await file.read(Buffer.alloc(length), 0, length, position)).buffer.toString('latin1');
    if ((await at(0, MAGIC.length)) !== MAGIC) throw new DkmError('archive-refused', 'it is no ar archive.');
    const found: Member[] = [];
    for (let position = MAGIC.length; position + HEADER_BYTES <= size;) {
      const header = await at(position, HEADER_BYTES);
      const member = { name: header.slice(0, 16).trim().replace(/\/$/, ''), start: position + HEADER_BYTES, size: Number(header.slice(48, 58).trim()) };
      if (header.slice(58) !== '`\n' || !Number.isInteger(member.size) || member.start + member.size > size)
        throw new DkmError('archive-refused', `it is damaged at byte ${position}.`);
      found.push(member);
      position = member.start + member.size + (member.size % 2);
    }
    return found;
  } finally {
    await file.close();
  }
}
