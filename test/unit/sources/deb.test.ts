import { expect, it } from 'vitest';
import { aptConfiguration, aptFolders, parsePrintUris, withoutTrust } from '../../../src/sources/deb/apt-configuration.ts';
import { debSource } from '../../../src/sources/deb/index.ts';
import { fetchContext } from '../../helpers/fetch-context.ts';

it('keeps apt in a folder of its own, for one architecture, without the hooks of the machine', () => {
  const text = aptConfiguration(aptFolders('/vendor/apt'), 'arm64', 'someone');
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Architectures;',
      'APT::Architecture "arm64";',
      'APT::Architectures { "arm64"; };',
      'APT::Sandbox::User "someone";',
      'APT::Get::AllowUnauthenticated "false";',
      'Acquire::AllowInsecureRepositories "false";',
      'Dir::State "/vendor/apt/state";',
      'Dir::State::status "/vendor/apt/status";',
      'Dir::Cache "/vendor/apt/cache";',
    ]),
  );
});

it.each<[string, string, string, string]>([
  ['nothing', 'a.list', 'deb [arch=amd64 signed-by=/k.gpg] http://a b c # note\n', 'deb [arch=amd64 signed-by=/k.gpg] http://a b c # note\n'],
  ['trust beside other options', 'a.list', 'deb [trusted=yes arch=amd64] http://a b c\n', 'deb [arch=amd64] http://a b c\n'],
  ['trust alone', 'a.list', 'deb [ trusted=yes ] http://a b c\n', 'deb http://a b c\n'],
  ['weakness of a signature', 'sources.list', 'deb [allow-weak=yes allow-insecure=yes] http://a ./\n', 'deb http://a ./\n'],
  ['trust in a stanza', 'a.sources', 'Types: deb\nTrusted: yes\nURIs: http://a\n', 'Types: deb\nURIs: http://a\n'],
])('takes %s away from a list of sources', (_, file, text, expected) => {
  expect(withoutTrust(text, file)).toBe(expected);
});

it('reads what apt-get would fetch', () => {
  const output = `'http://a/libcap2_1%253a2.66_arm64.deb' libcap2_1%3a2.66_arm64.deb 27072 SHA256:${'a'.repeat(64)}\n'http://a/x.deb' x.deb 5 MD5Sum:${'b'.repeat(32)}\nW: a warning\n`;
  expect(parsePrintUris(output)).toEqual([{ file: 'libcap2_1%3a2.66_arm64.deb', size: 27072, sha256: 'a'.repeat(64) }]);
});

it('has nothing for macOS', async () => {
  const failing = debSource.fetch({ kind: 'deb', platforms: ['darwin-x64'], packages: ['x'] }, await fetchContext({ platform: 'darwin-x64' }));
  await expect(failing).rejects.toMatchObject({ code: 'source-unavailable', message: expect.stringContaining('no Debian packages for darwin-x64') as string });
});
