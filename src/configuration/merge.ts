import TOML from '@iarna/toml';
import { diff3Merge } from 'node-diff3';
import { sha256 } from '../base/digest.ts';

/*
 * What becomes of a configuration file when dkm would write it anew: the text it wrote last, what the administrator
 * made of that, and what it would write now are merged line by line, as `diff3 -m` does. An edit is never lost: where
 * both changed the same lines, the administrator's file stays and the new text is put beside it.
 */

/** One file at the time of a merge. */
export interface MergeInput {
  /** Relative to the installed directory. */
  path: string;
  /** SHA-256 of the text dkm wrote last; undefined when it never wrote this file. */
  writtenDigest?: string | undefined;
  /** That text itself; undefined when it is not known any more. */
  written?: string | undefined;
  /** What is there; undefined when nothing is. */
  present?: string | undefined;
  /** What dkm would write now; undefined when this file is not generated any more. */
  generated?: string | undefined;
}

/** What is to become of one configuration file. */
export type FileChange =
  /** It is as it should be. */
  | { kind: 'unchanged'; path: string }
  /** Edited, and what dkm would write is as it was: it stays. */
  | { kind: 'kept'; path: string }
  /** `missing`: it was not there. `unedited`: nobody edited it. `merged`: the edits and the new text go together. */
  | { kind: 'write'; path: string; content: string; why: 'missing' | 'unedited' | 'merged' }
  /** Edit and new text concern the same lines: the edited file stays, the new text is for `<path>.new`. */
  | { kind: 'conflict'; path: string; content: string }
  /** Not generated any more, and not edited: it goes. */
  | { kind: 'remove'; path: string }
  /** Not generated any more, but edited: it stays and is the administrator's. */
  | { kind: 'obsolete'; path: string };

/** Decides about one file. Pure. */
export function mergeFile(input: MergeInput): FileChange {
  return input.generated === undefined ? withoutGenerated(input) : withGenerated(input, input.generated);
}

function withoutGenerated({ path, writtenDigest, present }: MergeInput): FileChange {
  if (present === undefined) return { kind: 'unchanged', path };
  return { kind: sha256(present) === writtenDigest ? 'remove' : 'obsolete', path };
}

function withGenerated({ path, writtenDigest, written, present }: MergeInput, generated: string): FileChange {
  if (present === undefined) return { kind: 'write', path, content: generated, why: 'missing' };
  if (present === generated) return { kind: 'unchanged', path };
  if (sha256(present) === writtenDigest) return { kind: 'write', path, content: generated, why: 'unedited' };
  if (sha256(generated) === writtenDigest) return { kind: 'kept', path };
  const merged = written === undefined ? undefined : mergedText(path, { written, present, generated });
  if (merged === undefined) return { kind: 'conflict', path, content: generated };
  // Edits that are in the new text already, or that contain it: nothing is left to do.
  return merged === present ? { kind: 'kept', path } : { kind: 'write', path, content: merged, why: 'merged' };
}

/**
 * Comparing lines costs the product of their numbers when many are equal, as in dashboards: beyond this, files are told
 * as conflicts.
 */
const MOST_LINES = 20_000;

/** Both changes in one text; undefined when they concern the same lines or the result cannot be read. */
function mergedText(path: string, { written, present, generated }: { written: string; present: string; generated: string }): string | undefined {
  const [mine, base, theirs] = [present, written, generated].map((text) => text.split('\n')) as [string[], string[], string[]];
  if (mine.length + base.length + theirs.length > MOST_LINES) return undefined;
  const regions = diff3Merge(mine, base, theirs, { excludeFalseConflicts: true });
  if (regions.some((region) => region.conflict)) return undefined;
  const merged = regions.flatMap((region) => region.ok ?? []).join('\n');
  return isReadable(path, merged) ? merged : undefined;
}

/** Two changes that go together line by line may still be no JSON or TOML together: a comma less, a key twice. */
function isReadable(path: string, text: string): boolean {
  try {
    if (path.endsWith('.json')) JSON.parse(text);
    if (path.endsWith('.toml')) TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}
