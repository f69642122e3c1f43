import { join } from 'node:path';
import { sha256 } from '../../src/base/digest.ts';
import { readIfPresent, writeAtomic } from '../../src/base/files.ts';
import { writeGenerated as writeRecord } from '../../src/contract/generated.ts';
import type { Perform, StepContext } from './step.ts';

/** Writes a configuration file, unless the one that is there was edited since dkm wrote it. */
export const writeGenerated: Perform<'write-generated'> = async ({ path, content }, context) => {
  const absolute = join(context.layout.root, path);
  const present = await readIfPresent(absolute);
  const digest = sha256(content);
  const written = context.generated.files[path]?.sha256;
  if (present === content) {
    if (written !== digest) await record(path, digest, context);
    return 'present';
  }
  if (present !== undefined && sha256(present) !== written) return 'kept';
  await writeAtomic(absolute, content, 0o600);
  await record(path, digest, context);
  return 'made';
};

async function record(path: string, digest: string, { generated, layout }: StepContext): Promise<void> {
  generated.files[path] = { sha256: digest };
  await writeRecord(layout.generated, generated);
}
