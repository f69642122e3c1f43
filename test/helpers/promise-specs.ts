import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PromiseSpec } from '../../src/contract/promise.ts';

/** An executable promise with everything filled in. */
export function promiseSpec(id: string, more: Partial<PromiseSpec> = {}): PromiseSpec {
  return {
    id,
    title: id,
    origin: `conf/promises.d/${id}`,
    severity: 'warning',
    schedule: '* * * * *',
    jitterMs: 0,
    timeoutMs: 20_000,
    check: { kind: 'executable', path: `/nowhere/${id}` },
    publicPaths: [],
    privatePaths: [],
    ...more,
  };
}

/** Writes a shell script and returns the promise that runs it. */
export function scriptPromise(directory: string, id: string, script: string, more: Partial<PromiseSpec> = {}): PromiseSpec {
  const path = join(directory, id);
  writeFileSync(path, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return promiseSpec(id, { check: { kind: 'executable', path }, ...more });
}
