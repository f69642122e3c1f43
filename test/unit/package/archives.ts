import { crc32, gzipSync } from 'node:zlib';
import { Header } from 'tar';
import type { ArchiveEntry } from '../../../src/package/entry-guard.ts';

/*
 * Archives as nobody's tools would write them: every field as the test wants it.
 */

export interface RawEntry {
  path: string;
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'BlockDevice' | 'FIFO';
  content?: string | Buffer;
  target?: string;
  mode?: number;
}

/** A tar archive's bytes. */
export function tarOf(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

/** A gzipped tar archive's bytes. */
export function tarGzOf(entries: readonly RawEntry[]): Buffer {
  return gzipSync(tarOf(entries));
}

function tarEntry({ path, type = 'File', content = '', target, mode }: RawEntry): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  new Header({
    path,
    type,
    size: body.length,
    mode: mode ?? (type === 'Directory' ? 0o755 : 0o644),
    mtime: new Date(0),
    uid: 0,
    gid: 0,
    ...(target !== undefined && { linkpath: target }),
  }).encode(header);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const ZIP_MODES: Partial<Record<NonNullable<RawEntry['type']>, number>> = {
  Directory: 0o040000,
  SymbolicLink: 0o120000,
  CharacterDevice: 0o020000,
  FIFO: 0o010000,
};

/** A zip archive's bytes, nothing compressed. */
export function zipOf(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { path, type = 'File', content = '', target, mode = 0o644 } of entries) {
    const name = Buffer.from(path);
    const body = Buffer.from(target ?? content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt32LE(crc32(body), 10);
    shared.writeUInt32LE(body.length, 14);
    shared.writeUInt32LE(body.length, 18);
    shared.writeUInt16LE(name.length, 22);
    locals.push(Buffer.from('PK\x03\x04'), shared, name, body);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((((ZIP_MODES[type] ?? 0o100000) | mode) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), shared, rest, name);
    offset += 30 + name.length + body.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** A Debian package's bytes, its data as given. */
export function debOf(data: Buffer, name = 'data.tar.gz'): Buffer {
  const member = (file: string, body: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(`${file.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(body.length).padEnd(10)}\`\n`),
      body,
      Buffer.alloc(body.length % 2, '\n'),
    ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), member('debian-binary', Buffer.from('2.0\n')), member('control.tar.gz', tarGzOf([])), member(name, data)]);
}

/** An entry as the guard sees it. */
export function entryOf({ path, type = 'File', target, mode = 0o644 }: RawEntry): ArchiveEntry {
  const kinds = {
    File: 'file',
    Directory: 'directory',
    SymbolicLink: 'symlink',
    Link: 'hardlink',
    CharacterDevice: 'device',
    BlockDevice: 'device',
    FIFO: 'fifo',
  } as const;
  return { path, kind: kinds[type], mode, ...(target !== undefined && { target }) };
}
