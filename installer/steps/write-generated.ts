import type { FileChange } from '../../src/configuration/merge.ts';
import { applyChange, changeOf } from '../../src/configuration/written.ts';
import type { Perform, Performed } from './step.ts';

/** Writes a configuration file; edits of the one that is there stay, and are merged with what changed. */
export const writeGenerated: Perform<'write-generated'> = async ({ path, content }, { layout, generated }) => {
  const change = await changeOf(layout, generated, path, content);
  await applyChange(layout, generated, change, content);
  return performedBy(change);
};

function performedBy({ kind }: FileChange): Performed {
  if (kind === 'write' || kind === 'remove') return 'made';
  return kind === 'unchanged' ? 'present' : 'kept';
}
