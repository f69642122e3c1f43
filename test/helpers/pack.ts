import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create } from 'tar';

/** A tar.gz that holds these files, as bytes. */
export async function pack(files: Record<string, string>): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'dkm-pack-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
      writeFileSync(join(folder, 'in', path), text);
    }
    await create({ file: join(folder, 'out.tar.gz'), cwd: join(folder, 'in'), gzip: true, portable: true }, Object.keys(files));
    return readFileSync(join(folder, 'out.tar.gz'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
