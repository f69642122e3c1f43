import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asksForSource, isLicenceName, knownLicence, licenceFilesOf, licenceIdentifiers } from '../../../src/package/licences.ts';
import { npmPackagesOf, statedLicence } from '../../../src/package/npm-packages.ts';
import { thirdPartyList } from '../../../src/package/third-party.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('licence texts', () => {
  it.each(['LICENSE', 'LICENCE.md', 'license', 'COPYING', 'COPYING.LESSER', 'NOTICE.txt', 'copyright'])('%s is one', (name) =>
    expect(isLicenceName(name)).toBe(true),
  );
  it.each(['license.go', 'licenses.json', 'README', 'noticeable.py', 'un-licensed'])('%s is none', (name) => expect(isLicenceName(name)).toBe(false));
  it('are those at the top where the manifest does not say', () => {
    expect(licenceFilesOf(['LICENSE', 'deep/LICENSE', 'bin/x'], [])).toEqual(['LICENSE']);
    expect(licenceFilesOf(['LICENSE', 'deep/LICENSE', 'bin/x'], ['deep/*'])).toEqual(['deep/LICENSE']);
  });
});

describe('licence expressions', () => {
  it.each(['MIT', '(GPL-2.0-only AND MIT) OR Apache-2.0', 'LGPL-2.1-or-later', 'GPL-2.0-only WITH Classpath-exception-2.0'])('%s', (text) =>
    expect(knownLicence('x', text, '')).toBe(text),
  );
  it.each([undefined, '', 'SEE LICENSE IN FILE', 'BSD', 'UNLICENSED'])('%s is refused', (text) => {
    expect(() => knownLicence('the npm package x@1', text, 'hint')).toThrow(
      expect.objectContaining({ code: 'licence-unknown', message: expect.stringContaining('the npm package x@1') as string }),
    );
  });
  it('know their identifiers, and which of them ask for the source', () => {
    expect(licenceIdentifiers('(MIT OR GPL-2.0-only) AND MIT')).toEqual(['MIT', 'GPL-2.0-only']);
    expect(asksForSource('AGPL-3.0')).toBe(true);
    expect(asksForSource('MIT AND MPL-2.0')).toBe(true);
    expect(asksForSource('Apache-2.0 AND BSD-3-Clause')).toBe(false);
  });
});

function packageAt(root: string, name: string, json: object, files: Record<string, string> = {}): string {
  const folder = join(root, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries({ 'package.json': JSON.stringify({ name, version: '1.0.0', ...json }), 'index.js': '', ...files }))
    writeFileSync(join(folder, file), text);
  return join(folder, 'index.js');
}

describe('npm packages', () => {
  it('are found by the files that went in, each version once', async () => {
    const root = temporaryDirectory();
    const inputs = [
      packageAt(root, 'b', { license: 'MIT', author: 'A. Person' }),
      packageAt(root, '@scope/a', { license: 'ISC', repository: { url: 'git+https://example.org/a.git' } }, { LICENSE: 'The ISC licence.', 'other.js': '' }),
      packageAt(join(root, 'node_modules/b'), 'a', { license: 'MIT' }),
      join(root, 'src/own.ts'),
    ];
    const packages = await npmPackagesOf([...inputs, join(root, 'node_modules/@scope/a/other.js')]);
    expect(packages.map(({ name, licence, repository }) => [name, licence, repository])).toEqual([
      ['@scope/a', 'ISC', 'https://example.org/a'],
      ['a', 'MIT', ''],
      ['b', 'MIT', ''],
    ]);
    expect(packages[0]?.texts).toEqual({ LICENSE: 'The ISC licence.' });
    expect(packages[2]?.texts['LICENSE.txt']).toContain('MIT, by A. Person');
  });

  it('fail together, by name, where a licence is not known', async () => {
    const root = temporaryDirectory();
    const inputs = [packageAt(root, 'none', {}), packageAt(root, 'odd', { license: 'Custom' }), packageAt(root, 'fine', { license: 'MIT' })];
    await expect(npmPackagesOf(inputs)).rejects.toMatchObject({
      code: 'licence-unknown',
      message: expect.stringMatching(/none@1\.0\.0: expected a licence, found none\.\n.*odd@1\.0\.0.*"Custom"/) as string,
    });
  });

  it.each([
    [{ license: 'MIT' }, 'MIT'],
    [{ license: { type: 'MIT' } }, 'MIT'],
    [{ licenses: [{ type: 'MIT' }, { type: 'Apache-2.0' }] }, '(MIT OR Apache-2.0)'],
    [{}, undefined],
  ])('%j states %s', (json, licence) => expect(statedLicence(json)).toBe(licence));
});

describe('THIRD-PARTY.md', () => {
  it('says that the executable holds pm2, and under which licence', () => {
    const text = thirdPartyList([], [{ name: 'pm2', version: '7.0.4', licence: 'AGPL-3.0', repository: 'https://example.org/pm2', texts: {} }]);
    expect(text).toContain('- pm2 7.0.4 (AGPL-3.0), inside the executable; its source: https://example.org/pm2');
  });
});
