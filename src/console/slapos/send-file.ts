import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { contentTypeOf } from './content-type.ts';

/*
 * Files that others wrote, as they are. Whatever is in them, a browser runs none of it in the console's name: the
 * sandbox gives them an origin of their own and no scripts.
 */

const FOREIGN_CONTENT_POLICY =
  "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Files up to this size are read at once: what is replaced or cut short meanwhile is still answered whole. */
const AT_ONCE_BYTES = 256 * 1024;

/** What tells one content of a file from the next. */
export function etagOf({ size, mtimeNs }: Pick<BigIntStats, 'size' | 'mtimeNs'>): string {
  return `"${size.toString(36)}-${mtimeNs.toString(36)}"`;
}

/** Date of a file's content as HTTP writes it. */
export function lastModifiedOf({ mtimeMs }: Pick<BigIntStats, 'mtimeMs'>): string {
  return new Date(Number(mtimeMs)).toUTCString();
}

/** Answers with an open file, or a part of it, or that it has not changed; closes it. */
export async function sendFile(context: Context, name: string, handle: FileHandle, status: BigIntStats): Promise<Response> {
  const etag = etagOf(status);
  const headers: Record<string, string> = {
    'Content-Type': contentTypeOf(name),
    'Content-Security-Policy': FOREIGN_CONTENT_POLICY,
    ETag: etag,
    'Last-Modified': lastModifiedOf(status),
    'Accept-Ranges': 'bytes',
  };
  const size = Number(status.size);
  const range = isUnchanged(context, etag, status) ? 'unchanged' : wantedRange(context, etag, status, size);
  if (typeof range === 'string' || context.req.method === 'HEAD') await handle.close();
  if (range === 'unchanged') return context.body(null, 304, headers);
  if (range === 'outside') return context.body(null, 416, { ...headers, 'Content-Range': `bytes */${size}` });
  const { first, last } = range ?? { first: 0, last: size - 1 };
  headers['Content-Length'] = `${last - first + 1}`;
  if (range !== undefined) headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
  const body = context.req.method === 'HEAD' ? null : await contentOf(handle, first, last - first + 1);
  // Read at once, it may have become shorter.
  if (body instanceof Uint8Array) headers['Content-Length'] = `${body.byteLength}`;
  return new Response(body, { status: range === undefined ? 200 : 206, headers });
}

async function contentOf(handle: FileHandle, start: number, length: number): Promise<Uint8Array<ArrayBuffer> | ReadableStream> {
  if (length > AT_ONCE_BYTES) return Readable.toWeb(handle.createReadStream({ start, end: start + length - 1 })) as ReadableStream;
  try {
    const buffer = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2 for GET and HEAD. */
function isUnchanged(context: Context, etag: string, status: BigIntStats): boolean {
  const tags = context.req.header('if-none-match');
  if (tags !== undefined) return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
  const since = Date.parse(context.req.header('if-modified-since') ?? '');
  return Number.isFinite(since) && seconds(Number(status.mtimeMs)) <= seconds(since);
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

interface Range {
  first: number;
  last: number;
}

/** One range of bytes; several, or what is not understood, is answered with the whole file, as the standard allows. */
function wantedRange(context: Context, etag: string, status: BigIntStats, size: number): Range | 'outside' | undefined {
  const condition = context.req.header('if-range');
  if (condition !== undefined && condition !== etag && condition !== lastModifiedOf(status)) return undefined;
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(context.req.header('range') ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') return Number(to) === 0 || size === 0 ? 'outside' : { first: Math.max(0, size - Number(to)), last: size - 1 };
  const first = Number(from);
  if (first >= size) return 'outside';
  const last = to === '' ? size - 1 : Math.min(size - 1, Number(to));
  return last < first ? undefined : { first, last };
}
