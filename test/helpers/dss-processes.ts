import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes whose command lines are those of DSS: `.../java -Ddku.backend ...`. */
export interface DssProcesses {
  /** Starts another one. */
  start: (kind: 'backend' | 'fek' | 'jek') => ChildProcess;
  /** Ends all of them. */
  stop: () => void;
}

/** The main classes are made up; what collectd looks at comes before them. */
export function dssProcesses(): DssProcesses {
  const folder = mkdtempSync(join(tmpdir(), 'dkm-java-'));
  const java = join(folder, 'java');
  // Waits for its input to end: it ends with whoever started it.
  writeFileSync(java, '#!/bin/sh\nread line\n');
  chmodSync(java, 0o755);
  const started: ChildProcess[] = [];
  return {
    start(kind) {
      const child = spawn(java, [`-Ddku.${kind}`, '-Xmx2g', '-cp', 'dist/*', `org.example.${kind}.Main`], { stdio: ['pipe', 'ignore', 'ignore'] });
      started.push(child);
      return child;
    },
    stop() {
      for (const child of started) child.stdin?.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
