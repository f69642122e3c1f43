import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/digest.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { mergeFile, type FileChange } from '../../../src/configuration/merge.ts';
import { templateContext } from '../../../src/manifest/context.ts';
import { loadRetention } from '../../../src/manifest/retention.ts';
import { decide, parseRules } from '../../../src/retention/rules.ts';
import { fixedSettings } from '../../helpers/fixed-settings.ts';
import { renderTemplates } from '../../helpers/render-templates.ts';

/* How the groups reach installations that were made before there were any: an update merges the files, edits included. */

const BEFORE = join(import.meta.dirname, '../../fixtures/retention/before-groups');
const [SCHEMAS, AGGREGATION] = ['conf/whisper/storage-schemas.conf', 'conf/whisper/storage-aggregation.conf'] as const;
const written = { [SCHEMAS]: readBefore('storage-schemas.conf'), [AGGREGATION]: readBefore('storage-aggregation.conf') };

function readBefore(file: string): string {
  return readFileSync(join(BEFORE, file), 'utf8');
}

async function generated(path: string): Promise<string> {
  const retention = await loadRetention(join(import.meta.dirname, '../../../vendor-manifests'));
  const files = await renderTemplates('go-carbon', templateContext('go-carbon', fixedSettings('all'), layoutOf('/srv/dkm'), retention));
  return files.get(path) ?? '';
}

async function updated(path: typeof SCHEMAS | typeof AGGREGATION, present: string): Promise<FileChange> {
  return mergeFile({ path, writtenDigest: sha256(written[path]), written: written[path], present, generated: await generated(path) });
}

function archivesOf(schemas: string, metric: string): string {
  const rules = parseRules({ schemas, aggregations: '' }, { dialect: 'go-carbon', schemasFile: 'schemas', aggregationFile: 'aggregation' });
  const decision = decide(metric, rules);
  return decision.kind === 'ruled'
    ? `${decision.rule.name}: ${decision.shape.archives.map((each) => `${each.stepSeconds}x${each.points}`).join(',')}`
    : decision.kind;
}

describe('an update of an installation from before the groups', () => {
  it.each([SCHEMAS, AGGREGATION] as const)('replaces %s where nobody edited it', async (path) => {
    expect(await updated(path, written[path])).toEqual({ kind: 'write', path, content: await generated(path), why: 'unedited' });
  });

  const OWN = '[web]\npattern = ^collectd\\.org\\.example\\.web\nretentions = 10s:7d\n\n';

  it('keeps a rule that the administrator put before all others', async () => {
    const change = await updated(SCHEMAS, `${OWN}${written[SCHEMAS]}`);
    expect(change).toMatchObject({ kind: 'write', why: 'merged' });
    const content = change.kind === 'write' ? change.content : '';
    expect(archivesOf(content, 'collectd.org.example.web1.x')).toBe('web: 10x60480');
    expect(archivesOf(content, 'collectd.org.example.db1.x')).toMatch(/^host: /);
  });

  // Whether it is to come before the groups or after them nobody can tell: the administrator's file stays in force.
  it.each(['carbon', 'default'])('leaves the file as it is, and the new text beside it, where the administrator put a rule before [%s]', async (section) => {
    const edited = written[SCHEMAS].replace(`[${section}]`, `${OWN}[${section}]`);
    expect(await updated(SCHEMAS, edited)).toEqual({ kind: 'conflict', path: SCHEMAS, content: await generated(SCHEMAS) });
  });

  it('keeps another retention of everything else beside the groups', async () => {
    const edited = written[SCHEMAS].replace('retentions = 10s:6h,1m:7d,10m:1y', 'retentions = 10s:6h,1m:90d');
    const change = await updated(SCHEMAS, edited);
    expect(change).toMatchObject({ kind: 'write', why: 'merged' });
    const content = change.kind === 'write' ? change.content : '';
    expect(archivesOf(content, 'my.own')).toBe('default: 10x2160,60x129600');
    expect(archivesOf(content, 'collectd.a.x')).toBe('host: 10x8640,60x20160,600x52560');
  });

  it('leaves the file as it is, and the new text beside it, where the same rule was edited', async () => {
    const change = await updated(SCHEMAS, written[SCHEMAS].replace('retentions = 1m:7d,10m:1y', 'retentions = 1m:1d'));
    expect(change).toEqual({ kind: 'conflict', path: SCHEMAS, content: await generated(SCHEMAS) });
  });
});
