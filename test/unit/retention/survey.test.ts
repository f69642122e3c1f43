import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRules } from '../../../src/retention/rules.ts';
import { survey } from '../../../src/retention/survey.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const FILES = { dialect: 'go-carbon', schemasFile: 'storage-schemas.conf', aggregationFile: 'storage-aggregation.conf' } as const;

describe('survey', () => {
  it('goes on where a directory cannot be read, as the lost+found of a disk of its own, and says so', async () => {
    const root = temporaryDirectory();
    symlinkSync('around', join(root, 'around')); // root may read everything else
    mkdirSync(join(root, 'host'));
    symlinkSync('missing', join(root, 'host', 'cpu.wsp'));
    const rules = parseRules({ schemas: '[all]\npattern = .*\nretentions = 10s:1d\n', aggregations: '' }, FILES);
    const found = await survey(root, rules);
    expect(found.obstacles).toMatchObject({ unreadable: 1 });
    expect(found.files).toBe(0);
    expect(found.examples).toEqual([{ file: 'around', why: expect.stringContaining('ELOOP') as string }]);
  });
});
