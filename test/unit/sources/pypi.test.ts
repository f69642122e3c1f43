import { expect, it } from 'vitest';
import { isFileOf, pipArguments, requirementsText, wheelPlatforms, type PypiPackage } from '../../../src/sources/pypi/pip-arguments.ts';

const wheel = (name: string, version: string, sha256: string[] = []): PypiPackage => ({ name, version, sha256, licence: 'MIT' });
const sdist = (name: string, version: string, sha256: string[] = []): PypiPackage => ({ ...wheel(name, version, sha256), sdist: { a: 'b' } });
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];

it('asks for all packages at once, of source distributions only those that say so', () => {
  const args = pipArguments([wheel('six', '1'), sdist('carbon', '1'), sdist('whisper', '1')], '3.11', 'linux-arm64', '/files', '/r.txt').join(' ');
  expect(args).toContain('-m pip download --no-deps --dest /files --requirement /r.txt --only-binary :all: --no-binary carbon,whisper --no-build-isolation');
  expect(args).toContain('--implementation cp --python-version 3.11 --platform manylinux2014_aarch64 --platform manylinux_2_17_aarch64');
  expect(args).not.toContain('--require-hashes');
});

it('has pip check the digests where every package has one', () => {
  const pinned = [wheel('six', '1', [A, B]), sdist('carbon', '2', [A])];
  expect(pipArguments(pinned, '3.11', 'darwin-x64', '/f', '/r')).toContain('--require-hashes');
  expect(requirementsText(pinned)).toBe(`six==1 --hash=sha256:${A} --hash=sha256:${B}\ncarbon==2 --hash=sha256:${A}\n`);
  expect(requirementsText([...pinned, wheel('x', '1')])).toBe('six==1\ncarbon==2\nx==1\n');
});

it('knows the wheels of each platform', () => {
  expect(wheelPlatforms('darwin-arm64')).toEqual(['macosx_13_0_arm64']);
  expect(wheelPlatforms('darwin-x64')).toEqual(['macosx_13_0_x86_64']);
  expect(wheelPlatforms('linux-x64').slice(0, 2)).toEqual(['manylinux2014_x86_64', 'manylinux_2_17_x86_64']);
  expect(wheelPlatforms('linux-x64')).toContain('manylinux_2_28_x86_64');
});

it.each<[string, PypiPackage, boolean]>([
  ['Django-3.0-py3-none-any.whl', wheel('django', '3.0'), true],
  ['zope_interface-8.0.1-cp311-cp311-manylinux2014_x86_64.whl', wheel('zope.interface', '8.0.1'), true],
  ['six-1.16-py2.py3-none-any.whl', wheel('six', '1.16.0'), true],
  ['six-1.17.0-py2.py3-none-any.whl', wheel('six', '1.16.0'), false],
  ['six-1.16.0.tar.gz', wheel('six', '1.16.0'), false],
  ['graphite-web-1.1.10.tar.gz', sdist('graphite_web', '1.1.10'), true],
  ['web-1.1.10.tar.gz', sdist('graphite-web', '1.1.10'), false],
  ['graphite_web-1.1.10-py3-none-any.whl', sdist('graphite-web', '1.1.10'), false],
])('tells whether %s is the file of %o', (file, each, expected) => {
  expect(isFileOf(file, each)).toBe(expected);
});
