import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { DkmError, EXIT } from '../../base/errors.ts';
import { runInForeground } from '../../base/exec.ts';
import { VERSION } from '../../base/version.ts';
import { commandFacts } from '../../terminal/command-tree.ts';
import { manPage } from '../../terminal/man-page.ts';

/** `dkm man`: the manual page in the machine's `man`, or its source. */
export async function man(program: Command, { source }: { source?: boolean }): Promise<number> {
  const page = manPage(commandFacts(program), VERSION);
  if (source === true || !process.stdout.isTTY) {
    process.stdout.write(page);
    return EXIT.fine;
  }
  const folder = mkdtempSync(join(tmpdir(), 'dkm-man-'));
  try {
    const file = join(folder, 'dkm.1');
    writeFileSync(file, page);
    if ((await runInForeground('man', ['-l', file])) === 0) return EXIT.fine;
    throw new DkmError('command-failed', 'man ended with an error.');
  } catch (error) {
    throw new DkmError('command-failed', 'The page cannot be shown: this machine has no "man" that reads files.', {
      hint: 'Its source: dkm man --source',
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
