import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scopeOf } from '../../../src/backup/contents.ts';
import { isBackedUpPath } from '../../../src/contract/backup.ts';
import { loadManifests } from '../../../src/manifest/load.ts';

const manifests = await loadManifests(join(import.meta.dirname, '..', '..', '..', 'vendor-manifests'));

describe('what is backed up', () => {
  it.each([
    [false, ['conf', 'run/generated.json', 'run/generated', 'storage/go-carbon', 'storage/grafana/plugins', 'storage/whisper']],
    [true, ['conf', 'run/generated.json', 'run/generated', 'storage/grafana/plugins']],
  ])('without data %s', (excludeData, paths) => {
    const components = manifests.filter(({ name }) => ['go-carbon', 'grafana', 'collectd'].includes(name));
    expect(scopeOf(components, excludeData)).toEqual({ paths, databases: ['storage/grafana/grafana.db'] });
  });

  it.each(manifests.map((manifest) => [manifest.name, manifest] as const))('%s backs nothing up that a restore would refuse', (_, { backup }) => {
    expect([...backup.paths, ...backup.sqlite].filter((path) => !isBackedUpPath(`${path}/x`))).toEqual([]);
  });
});
