import type { Context } from 'hono';

/** A body as text. `too-large`: reading stopped at the limit. `not-text`: it is not UTF-8. */
export type BoundedBody = { kind: 'text'; text: string } | { kind: 'too-large' } | { kind: 'not-text' };

/** Reads a request's body up to a limit, whatever length it claims to have. */
export async function boundedBody(context: Context, mostBytes: number): Promise<BoundedBody> {
  if (Number(context.req.header('content-length') ?? 0) > mostBytes) return { kind: 'too-large' };
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = context.req.raw.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return { kind: 'too-large' };
    chunks.push(chunk);
  }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) };
  } catch {
    return { kind: 'not-text' };
  }
}
