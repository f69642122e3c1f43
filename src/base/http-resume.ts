import { rm, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { readIfPresent, sizeIfPresent } from './files.ts';
import type { ResumePoint } from './http-policy.ts';

/*
 * What is needed to continue a partly fetched file lies beside it (`<file>.resume`) until it is complete.
 */

const resumeSchema = z.object({ url: z.string(), validator: z.string() });

function resumePath(path: string): string {
  return `${path}.resume`;
}

/** Takes a partly fetched file and what is beside it away. */
export async function discard(path: string): Promise<void> {
  await rm(path, { force: true });
  await forgetResumePoint(path);
}

/** The file is complete: nothing is to be continued. */
export async function forgetResumePoint(path: string): Promise<void> {
  await rm(resumePath(path), { force: true });
}

/** Begins a file anew. Without a validator it cannot be continued later. */
export async function writeResumePoint(url: string, path: string, validator: string | undefined): Promise<void> {
  await discard(path);
  if (validator !== undefined) await writeFile(resumePath(path), JSON.stringify({ url, validator }), { mode: 0o600 });
}

/** Where a partly fetched file goes on; undefined when there is none of this address. */
export async function readResumePoint(url: string, path: string): Promise<ResumePoint | undefined> {
  const text = await readIfPresent(resumePath(path));
  const offset = await sizeIfPresent(path);
  if (text === undefined || offset === 0) return undefined;
  const point = resumeSchema.safeParse(parsed(text));
  return point.success && point.data.url === url ? { offset, validator: point.data.validator } : undefined;
}

/** The text as JSON; undefined when a kill cut it off. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
