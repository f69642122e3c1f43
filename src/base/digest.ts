import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of bytes or text, as 64 lower-case hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 of a file's content, read as a stream. */
export async function sha256File(path: string): Promise<string> {
  return (await digestFile(path, createHash('sha256'))).digest('hex');
}

/** Feeds a file's content to a hash and returns that hash. */
export async function digestFile(path: string, hash: Hash): Promise<Hash> {
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks) => {
    for await (const chunk of chunks) hash.update(chunk as Buffer);
  });
  return hash;
}
