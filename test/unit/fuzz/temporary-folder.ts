import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** One folder for all tests of a file, as properties have thousands of runs. */
export function temporaryFolder(): () => string {
  let folder = '';
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'dkm-fuzz-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => folder;
}
