import { expect, it } from 'vitest';
import { isGoAtLeast, targetEnvironment } from '../../../src/sources/go-module/go.ts';
import { buildArguments, goModuleSource, wrapperModule } from '../../../src/sources/go-module/index.ts';
import type { SpecFor } from '../../../src/sources/api.ts';

const spec: SpecFor<'go-module'> = {
  kind: 'go-module',
  platforms: ['linux-x64'],
  module: 'example.com/m',
  package: 'cmd/p',
  output: 'bin/p',
  ldflags_x: { 'main.Version': '{version}' },
};

it('builds the same bytes everywhere', () => {
  expect(buildArguments(spec, '1.2', '/out')).toEqual([
    'build',
    '-modcacherw',
    '-mod=readonly',
    '-trimpath',
    '-buildvcs=false',
    '-ldflags',
    "-s -w -buildid= -X 'main.Version=1.2'",
    '-o',
    '/out',
    'example.com/m/cmd/p',
  ]);
  expect(targetEnvironment('darwin-arm64')).toMatchObject({ GOOS: 'darwin', GOARCH: 'arm64', CGO_ENABLED: '0', GOTOOLCHAIN: 'local' });
});

it('requires the wanted module from an empty one, with its language version', () => {
  expect(wrapperModule('example.com/m@v1.2.0', 'module example.com/m\n\ngo 1.24.1\n\ntoolchain go1.25.0\n')).toBe(
    'module build\n\ngo 1.24.1\n\nrequire example.com/m v1.2.0\n',
  );
  expect(wrapperModule('example.com/m@v1.2.0', 'module example.com/m\n')).toContain('\ngo 1.16\n');
});

it.each<[string, string, boolean]>([
  ['go1.26.8', '1.25', true],
  ['go1.25', '1.25', true],
  ['go1.9.7', '1.25', false],
  ['go1.25rc1', '1.25', true],
  ['go2.0', '1.25', true],
  ['devel go1.27-abc', '1.25', true],
  ['', '1.25', false],
])('tells whether %j is at least Go %s', (version, wanted, expected) => {
  expect(isGoAtLeast(version, wanted)).toBe(expected);
});

it('describes itself', () => {
  expect(goModuleSource.describe(spec, { name: 'p', version: '1.2' }, 'linux-x64')).toBe('Go module example.com/m@v1.2 (package example.com/m/cmd/p)');
});
