/*
 * The whisper file format: a header, then one ring of points per archive, finest first. All numbers are big-endian.
 * https://graphite.readthedocs.io/en/latest/whisper.html#database-format
 */

/** Bytes of the header's first part: aggregation method, longest retention, xFilesFactor, number of archives. */
const METADATA_BYTES = 16;
/** Bytes that tell of one archive: offset, seconds per point, points. */
const ARCHIVE_INFO_BYTES = 12;
/** A point: 4 bytes of time (seconds since the epoch, 0 for none), 8 of value. */
export const POINT_BYTES = 12;
/** More archives than anyone keeps: the count of a damaged header. */
const MOST_ARCHIVES = 64;
/** No header is longer. */
export const LONGEST_HEADER_BYTES = METADATA_BYTES + MOST_ARCHIVES * ARCHIVE_INFO_BYTES;
/** How a file of go-carbon's own compressed format begins: https://github.com/go-graphite/go-whisper, compress.go */
const COMPRESSED_MAGIC = Buffer.from('whisper_compressed');

/** What a whisper file is made to hold: set once, when it is made. */
export interface Shape {
  archives: { stepSeconds: number; points: number }[];
  /** The number of the aggregation method, see aggregation.ts. */
  method: number;
  /** The part of the points of an interval that must be there for it to get a point in the next archive, 0 to 1. */
  xFilesFactor: number;
}

/** An archive and where it lies in its file. */
export interface Archive {
  stepSeconds: number;
  points: number;
  offset: number;
}

/** A file's header. */
export interface Header {
  archives: Archive[];
  method: number;
  xFilesFactor: number;
}

/** What a file turned out to be. `damaged`: not whole, or not whisper; `why` says what is wrong. */
export type ReadHeader = { kind: 'whisper'; header: Header } | { kind: 'compressed' } | { kind: 'damaged'; why: string };

/** Reads a header from a file's first bytes (`LONGEST_HEADER_BYTES`, or the whole of a shorter file). */
export function readHeader(start: Buffer, fileBytes: number): ReadHeader {
  if (start.subarray(0, COMPRESSED_MAGIC.length).equals(COMPRESSED_MAGIC)) return { kind: 'compressed' };
  const damaged = (why: string): ReadHeader => ({ kind: 'damaged', why });
  if (start.length < METADATA_BYTES) return damaged(fileBytes === 0 ? 'it is empty' : 'it is too short for a header');
  const method = start.readUInt32BE(0);
  const xFilesFactor = start.readFloatBE(8);
  const count = start.readUInt32BE(12);
  if (method < 1 || method > 8) return damaged(`its header names an aggregation method ${method}, which there is not`);
  if (!(xFilesFactor >= 0 && xFilesFactor <= 1)) return damaged(`its header has an xFilesFactor of ${xFilesFactor}`);
  if (count < 1 || count > MOST_ARCHIVES) return damaged(`its header speaks of ${count} archives`);
  const headerBytes = METADATA_BYTES + count * ARCHIVE_INFO_BYTES;
  if (start.length < headerBytes) return damaged('it ends within its header');
  const archives = Array.from({ length: count }, (_, index) => archiveAt(start, METADATA_BYTES + index * ARCHIVE_INFO_BYTES));
  const why = misfit(archives, headerBytes, fileBytes);
  return why === undefined ? { kind: 'whisper', header: { archives, method, xFilesFactor } } : damaged(why);
}

function archiveAt(start: Buffer, position: number): Archive {
  return { offset: start.readUInt32BE(position), stepSeconds: start.readUInt32BE(position + 4), points: start.readUInt32BE(position + 8) };
}

function misfit(archives: readonly Archive[], headerBytes: number, fileBytes: number): string | undefined {
  let end = headerBytes;
  for (const [index, { offset, stepSeconds, points }] of archives.entries()) {
    if (stepSeconds === 0 || points === 0) return `archive ${index + 1} of its header has no points`;
    if (index > 0 && stepSeconds <= (archives[index - 1]?.stepSeconds ?? 0)) return 'its archives are not in order, finest first';
    if (offset !== end) return `archive ${index + 1} does not begin where it should (${offset}, not ${end})`;
    end = offset + points * POINT_BYTES;
  }
  return fileBytes < end ? `it is cut off: ${fileBytes} of ${end} bytes` : undefined;
}

/** Bytes of a whole file of this shape. */
export function fileBytesOf({ archives }: Pick<Shape, 'archives'>): number {
  return archives.reduce((bytes, { points }) => bytes + ARCHIVE_INFO_BYTES + points * POINT_BYTES, METADATA_BYTES);
}

/** Where the archives of a file of this shape lie. */
export function layOut(shape: Shape): Header {
  let offset = METADATA_BYTES + shape.archives.length * ARCHIVE_INFO_BYTES;
  const archives = shape.archives.map(({ stepSeconds, points }) => {
    const archive = { stepSeconds, points, offset };
    offset += points * POINT_BYTES;
    return archive;
  });
  return { archives, method: shape.method, xFilesFactor: Math.fround(shape.xFilesFactor) };
}

/** Writes a header to the beginning of a file's bytes. */
export function writeHeader(bytes: Buffer, { archives, method, xFilesFactor }: Header): void {
  bytes.writeUInt32BE(method, 0);
  bytes.writeUInt32BE(longestRetention(archives), 4);
  bytes.writeFloatBE(xFilesFactor, 8);
  bytes.writeUInt32BE(archives.length, 12);
  for (const [index, { offset, stepSeconds, points }] of archives.entries()) {
    const position = METADATA_BYTES + index * ARCHIVE_INFO_BYTES;
    bytes.writeUInt32BE(offset, position);
    bytes.writeUInt32BE(stepSeconds, position + 4);
    bytes.writeUInt32BE(points, position + 8);
  }
}

/** Seconds that the coarsest archive reaches back. */
export function longestRetention(archives: readonly { stepSeconds: number; points: number }[]): number {
  return Math.max(...archives.map(({ stepSeconds, points }) => stepSeconds * points));
}

/** True when a file with this header is what one of this shape would be. xFilesFactor is kept with 32 bits. */
export function hasShape(header: Header, shape: Shape): boolean {
  return (
    header.method === shape.method &&
    header.xFilesFactor === Math.fround(shape.xFilesFactor) &&
    header.archives.length === shape.archives.length &&
    header.archives.every(({ stepSeconds, points }, index) => stepSeconds === shape.archives[index]?.stepSeconds && points === shape.archives[index]?.points)
  );
}
