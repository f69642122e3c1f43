import { readSources, type Source } from '../whisper/convert.ts';
import { LONGEST_HEADER_BYTES, readHeader, type Header } from '../whisper/format.ts';

/** A file's header and points, or why they cannot be read. */
export function openSources(bytes: Buffer): { header: Header; sources: Source[] } | { why: string } {
  const read = readHeader(bytes.subarray(0, LONGEST_HEADER_BYTES), bytes.length);
  if (read.kind === 'compressed') return { why: "it is compressed (go-carbon's own format), which dkm does not convert" };
  if (read.kind === 'damaged') return { why: `it is damaged: ${read.why}` };
  const sources = readSources(bytes, read.header);
  return 'why' in sources ? { why: `it is damaged: ${sources.why}` } : { header: read.header, sources };
}
