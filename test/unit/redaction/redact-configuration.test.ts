import { describe, expect, it } from 'vitest';
import { HIDDEN } from '../../../src/redaction/redact-text.ts';
import { isHarmless, redactConfiguration } from '../../../src/redaction/redact-configuration.ts';

const SECRET = 'Xq7-planted-0815';

const redacted = (path: string, text: string, written?: string): { text: string; secrets: string[] } => redactConfiguration({ path, text, written });

describe('redactConfiguration', () => {
  it.each<[string, string, string]>([
    ['TOML', 'conf/x/x.toml', `port = 5\n[a]\npassword = "${SECRET}"\n`],
    ['TOML, in a table of a list', 'conf/x/x.toml', `[[a]]\nb = [{ token = "${SECRET}" }]\n`],
    ['TOML, as a key nobody knows', 'conf/x/x.toml', `mine = "${SECRET}"\n`],
    ['TOML, in a comment', 'conf/x/x.toml', `port = 5 # ${SECRET}\n`],
    ['TOML, over several lines', 'conf/x/x.toml', `port = 5\nmine = """\na\n${SECRET}\n"""\n`],
    ['dkm.toml, in an environment', 'conf/dkm.toml', `[services.web]\nenvironment = { HARMLESS = "${SECRET}" }\n`],
    ['dkm.toml, in an environment of its own table', 'conf/dkm.toml', `[services.web.environment]\nNAME = "${SECRET}"\n`],
    ['JSON', 'conf/x.json', `{"a":{"password":"${SECRET}"}}`],
    ['JSON, as a key nobody knows', 'conf/x.json', `{"a":["${SECRET}"]}`],
    ['YAML', 'conf/x.yaml', `a:\n  - password: ${SECRET}\n`],
    ['YAML, folded', 'conf/x.yml', `a:\n  mine: >\n    one\n    ${SECRET}\n`],
    ['YAML, in secureJsonData', 'conf/x.yml', `secureJsonData:\n  anything: ${SECRET}\n`],
    ['YAML, in a comment', 'conf/x.yml', `a: 1 # ${SECRET}\n`],
    ['INI', 'conf/x/x.ini', `[database]\npassword = ${SECRET}\n`],
    ['INI, with spaces', 'conf/x/x.ini', `[database]\npassword = my ${SECRET} word\n`],
    ['INI, as a key nobody knows', 'conf/x/x.ini', `[database]\nmine = ${SECRET}\n`],
    ['INI, in a comment', 'conf/x/x.ini', `; ${SECRET}\n# ${SECRET}\n`],
    ['INI, as a line of its own', 'conf/x/x.ini', `password =\n  ${SECRET}\n`],
    ['INI, as a section', 'conf/x/x.ini', `[${SECRET}!]\n`],
    ['collectd', 'conf/collectd/collectd.conf', `<Plugin network>\n  Server "127.0.0.1"\n  Password "${SECRET}"\n</Plugin>\n`],
    ['collectd, in a tag', 'conf/collectd/collectd.conf', `<Node "${SECRET}">\n</Node>\n`],
    ['collectd, continued', 'conf/collectd.d/x.conf', `Password "a\\\n${SECRET}"\n`],
    ['collectd, with two values', 'conf/collectd.d/x.conf', `ProcessMatch "x" "${SECRET}"\n`],
    ['storage-schemas', 'conf/whisper/storage-schemas.conf', `[mine]\npattern = ${SECRET}\nretentions = 10s:6h\n`],
    ['telegraf', 'conf/telegraf/telegraf.conf', `[[outputs.x]]\n  password = "${SECRET}"\n  urls = ["http://u:${SECRET}@example.org"]\n`],
  ])('keeps no secret of %s', (_, path, text) => {
    const result = redacted(path, text);
    expect(result.text).not.toContain(SECRET);
  });

  it('tells the secrets that it found, so that they are looked for elsewhere', () => {
    expect(redacted('conf/dkm.toml', `[services.web.environment]\nNAME = "${SECRET}"\nTZ = "UTC"\n`).secrets).toEqual([SECRET]);
    expect(redacted('conf/x/x.ini', `[a]\nadmin_password = "${SECRET}"\n`).secrets).toContain(SECRET);
    expect(redacted('conf/x.yaml', `auth:\n  user: me2\n  pass: ${SECRET}\n`).secrets).toEqual(['me2', SECRET]);
  });

  it.each<[string, string, string]>([
    ['TOML', 'conf/x/x.toml', 'a = 1\nb = "warn"\nc = "/srv/dkm/storage"\nd = "127.0.0.1:15001"\ne = "10s"\n'],
    ['YAML', 'conf/x.yaml', 'a: 1\nb:\n  - 10s\n'],
    ['INI', 'conf/x/x.ini', '[a]\nb = 5\nc = true\n\nretentions = 10s:6h,1m:7d\n'],
    ['collectd', 'conf/collectd.conf', '<Plugin df>\n  Interval 10\n  ValuesAbsolute true\n</Plugin>\n'],
  ])('keeps what is harmless in %s', (_, path, text) => expect(redacted(path, text).text).toBe(text));

  it('keeps what dkm wrote, and values of keys that it wrote', () => {
    const written = '# How long\n[default]\npattern = .*\nretentions = 10s:6h\n';
    expect(redacted('conf/whisper/storage-schemas.conf', written, written).text).toBe(written);
    const edited = '# How long\n[mine]\npattern = ^mine\\.\nretentions = 10s:1h\nmore = words\n';
    expect(redacted('conf/whisper/storage-schemas.conf', edited, written).text).toBe(edited.replace('words', HIDDEN));
    expect(redacted('conf/x/x.toml', 'title = "another title"\nmine = "words of mine"\n', 'title = "a title"\n').text).toBe(
      `title = "another title"\nmine = "${HIDDEN}"\n`,
    );
  });

  it('keeps of programs the lines that dkm wrote', () => {
    expect(redacted('conf/x/settings.py', `import os\nSECRET_KEY = "${SECRET}"\n`, 'import os\nx = 1\n').text).toBe('import os\n[a line, left out]\n');
    expect(() => redacted('conf/x/settings.py', 'import os\n')).toThrow('cannot be read for certain');
  });

  it.each([
    ['TOML', 'conf/x/x.toml', 'a = = 1'],
    ['JSON', 'conf/x.json', '{'],
    ['YAML', 'conf/x.yaml', 'a: b: c'],
    ['a YAML bomb', 'conf/x.yaml', 'a: &a [1]\nb: [*a, *a]\n'],
    ['INI with a text over several lines', 'conf/x.ini', 'a = """\nb\n"""\n'],
    ['an unknown format', 'conf/x.sh', 'echo'],
  ])('refuses %s that it cannot read for certain', (_, path, text) => expect(() => redacted(path, text)).toThrow('cannot be read for certain'));
});

describe('isHarmless', () => {
  it.each(['', 'true', '5', '10s', '1.5', '64 MiB', '127.0.0.1', '0.0.0.0:80', '::1', '[::1]:80', 'http://127.0.0.1:80', '/srv/dkm/x-1.conf', '10s:6h,1m:7d'])(
    '%s is',
    (value) => expect(isHarmless(value)).toBe(true),
  );
  it.each(['hunter2', 'a b', 'https://hooks.example.org/services/T0/B0/x', 'user:1234', '/x/7fQ9zKp2LmX4vR8tWb3N', 'deadbeef'])('%s is not', (value) =>
    expect(isHarmless(value)).toBe(false),
  );
});
