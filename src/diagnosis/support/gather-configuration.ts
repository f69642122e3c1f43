import { join } from 'node:path';
import { isNotFound, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { writtenText } from '../../configuration/written.ts';
import { readGenerated, type Generated } from '../../contract/generated.ts';
import { configurationEntries, type ConfigurationEntry } from '../../redaction/configuration-files.ts';
import type { Entry } from './archive.ts';
import { candidatesIn, textOrReason } from './known-secrets.ts';
import { redactConfiguration } from '../../redaction/redact-configuration.ts';

/** Configuration for the archive, and every secret that was found in it. Known secrets are still to be taken out of the texts. */
export interface GatheredConfiguration {
  entries: Entry[];
  secrets: string[];
  leftOut: { what: string; why: string }[];
}

const MOST_BYTES = 512 << 10;

/** Reads all configuration but conf/secrets. What is not a plain file, too large, no text or cannot be parsed is left out. */
export async function gatherConfiguration(layout: Layout): Promise<GatheredConfiguration> {
  const gathered: GatheredConfiguration = { entries: [], secrets: [], leftOut: [] };
  // Without it every line is taken for one that somebody wrote.
  const generated = await readGenerated(layout.generated).catch((): Generated => ({ schema: 1, files: {} }));
  for (const entry of await entriesOf(layout)) await gatherFile(layout, generated, entry, gathered);
  return gathered;
}

async function entriesOf(layout: Layout): Promise<ConfigurationEntry[]> {
  try {
    return await configurationEntries(layout);
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function gatherFile(layout: Layout, generated: Generated, { path, kind }: ConfigurationEntry, gathered: GatheredConfiguration): Promise<void> {
  const leaveOut = (why: string): void => void gathered.leftOut.push({ what: path, why });
  if (kind !== 'file') return leaveOut(kind === 'link' ? 'is a link' : 'is not a regular file');
  const read = await textOrReason(join(layout.root, path), MOST_BYTES);
  if ('reason' in read) return leaveOut(read.reason);
  const written = await writtenText(layout, generated, path).catch(() => undefined);
  try {
    const { text, secrets } = redactConfiguration({ path, text: read.text, written });
    gathered.entries.push({ name: path, text });
    gathered.secrets.push(...secrets);
  } catch (error) {
    // It may hold secrets all the same, which must not be found elsewhere.
    gathered.secrets.push(...candidatesIn(read.text));
    leaveOut(messageOf(error));
  }
}
