import * as z from 'zod';
import { readIfPresent, writeAtomic } from '../base/files.ts';
import { checked, insidePath, parseJson } from '../base/structured.ts';

/*
 * `run/generated.json`: the digest of every configuration file as dkm wrote it. A file that has another digest by now
 * was edited by the administrator and is never overwritten.
 */

const generatedSchema = z.strictObject({
  schema: z.literal(1),
  /** By path relative to the installed directory. */
  files: z.record(insidePath('the installed directory'), z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type Generated = z.output<typeof generatedSchema>;

/** Reads run/generated.json; a missing one records no file. */
export async function readGenerated(path: string): Promise<Generated> {
  const text = await readIfPresent(path);
  return text === undefined ? { schema: 1, files: {} } : checked(generatedSchema, parseJson(text, path), path);
}

/** Writes run/generated.json. */
export async function writeGenerated(path: string, generated: Generated): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(generated, null, 1)}\n`);
}
