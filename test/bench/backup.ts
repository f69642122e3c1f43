import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentsOf } from '../../src/backup/contents.ts';
import { readArchive } from '../../src/backup/read-archive.ts';
import { unpack } from '../../src/backup/unpack.ts';
import { writeArchive } from '../../src/backup/write-archive.ts';
import { run, runOrThrow } from '../../src/base/exec.ts';
import { layoutOf } from '../../src/base/layout.ts';
import type { BackupAbout } from '../../src/contract/backup.ts';
import { fileBytesOf, layOut, POINT_BYTES, writeHeader } from '../../src/whisper/format.ts';

/*
 * A backup against `tar -czf` of the same files. Run it with: node test/bench/backup.ts [FILES]
 * Whisper files of the default retention's first archive, half full, each value with two decimals.
 */

const SHAPE = { archives: [{ stepSeconds: 10, points: 2160 }], method: 1, xFilesFactor: 0 };

const ABOUT: BackupAbout = {
  schema: 1,
  name: 'dkm-backup',
  at: new Date(0).toISOString(),
  version: '1.0.0',
  bundle: '0'.repeat(64),
  platform: 'linux-x64',
  hostname: 'host.example.org',
  root: '/srv/dkm',
  port: 15000,
  excludesData: false,
  databases: [],
  sparse: false,
};

function whisperFile(seed: number): Buffer {
  const bytes = Buffer.alloc(fileBytesOf(SHAPE));
  const header = layOut(SHAPE);
  writeHeader(bytes, header);
  for (let point = 0; point < 1080; point += 1) {
    const at = (header.archives[0]?.offset ?? 0) + point * POINT_BYTES;
    bytes.writeUInt32BE(1_700_000_000 + 10 * point, at);
    bytes.writeDoubleBE(((seed * 7919 + point * point * 31) % 10_000) / 100, at + 4);
  }
  return bytes;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

/** Measures a backup of `files` metrics against tar; in seconds, bytes, and as dkm's part of tar's. */
export async function benchBackup(files: number): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'dkm-bench-backup-'));
  try {
    const layout = layoutOf(join(folder, 'dkm'));
    for (let metric = 0; metric < files; metric += 1) {
      const directory = join(layout.storage, 'whisper', `host-${metric % 100}`);
      if (metric < 100) mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, `metric-${metric}.wsp`), whisperFile(metric));
    }
    const { signal } = new AbortController();
    const quiet = { signal, onBytes: (): void => undefined };
    const [ours, theirs] = [join(folder, 'dkm.tar.gz'), join(folder, 'tar.tar.gz')];
    let contentBytes = 0;
    let restBytes = 0;
    const dkmSeconds = await seconds(async () => {
      const contents = await contentsOf(layout, { paths: ['storage/whisper'], databases: [] }, signal);
      restBytes = process.memoryUsage().rss;
      ({ contentBytes } = await writeArchive(ours, ABOUT, contents.files, quiet));
    });
    const rssBytes = process.resourceUsage().maxRSS * 1024;
    const tarSeconds = await seconds(() => runOrThrow('tar', ['-czf', theirs, '-C', layout.root, 'storage']));
    const tarFast = await seconds(() => run('tar', ['-I', 'gzip -1', '-cf', `${theirs}1`, '-C', layout.root, 'storage']));
    const verifySeconds = await seconds(() => readArchive(ours, quiet));
    const unpackSeconds = await seconds(() => unpack(ours, join(folder, 'out'), ABOUT, quiet));
    const [dkmBytes, tarBytes] = [statSync(ours).size, statSync(theirs).size];
    return {
      files,
      contentBytes,
      dkmSeconds,
      tarSeconds,
      timeRatio: dkmSeconds / tarSeconds,
      tarGzip1Seconds: tarFast,
      dkmBytes,
      tarBytes,
      sizeRatio: dkmBytes / tarBytes,
      verifySeconds,
      unpackSeconds,
      listedRssBytes: restBytes,
      maxRssBytes: rssBytes,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchBackup(Number(process.argv[2] ?? 20_000)), null, 1)}\n`);
