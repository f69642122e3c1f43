import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];
const endings: (() => Promise<unknown>)[] = [];

/** Has something done after the test, before its temporary directories are removed. */
export function beforeRemoval(ending: () => Promise<unknown>): void {
  endings.push(ending);
}

/** A new empty directory that is removed after the test. */
export function temporaryDirectory(name = 'dkm-test-'): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), name)));
  made.push(path);
  return path;
}

afterEach(async () => {
  for (const ending of endings.splice(0)) await ending();
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});
