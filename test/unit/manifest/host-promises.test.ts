import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadHostPromises, parseHostPromises, PROMISES_FILE } from '../../../src/manifest/host-promises.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const PROMISE = '[[promises]]\nid = "a"\ntitle = "A"\nkind = "tcp"\n';

describe('_promises.toml', () => {
  it('is read from beside the manifests, where it is', async () => {
    const folder = temporaryDirectory();
    expect(await loadHostPromises(folder)).toEqual([]);
    writeFileSync(join(folder, PROMISES_FILE), `${PROMISE}types = ["agent"]\nsettings = { port = 1 }\n`);
    expect(await loadHostPromises(folder)).toEqual([{ id: 'a', title: 'A', kind: 'tcp', enabled: true, types: ['agent'], settings: { port: 1 } }]);
  });

  it.each([
    ['an unknown key', `${PROMISE}frequencey = "x"`, 'f.toml: promises[0].frequencey: unknown key'],
    ['an unknown table', '[[promise]]', 'f.toml: promise: unknown key'],
    ['an id with spaces', PROMISE.replace('"a"', '"a b"'), 'f.toml: promises[0].id: lower-case letters, digits and dashes, beginning with a letter'],
    ['a severity that there is not', `${PROMISE}severity = "bad"`, 'f.toml: promises[0].severity: '],
    ['an install type that there is not', `${PROMISE}types = ["alll"]`, 'f.toml: promises[0].types[0]: '],
  ])('refuses %s', (_, text, message) => expect(() => parseHostPromises(text, 'f.toml')).toThrow(message));
});

describe('a component', () => {
  it("is not called as dkm's own templates", () => {
    const text =
      'name = "dkm"\ntitle = "D"\ndescription = "D"\nhomepage = "https://example.org"\nversion = "1"\nlicence = "MIT"\nrole = "extra"\npreference = 1\n[[sources]]\nkind = "built-in"\n';
    expect(() => parseManifest(text, 'dkm.toml')).toThrow('dkm.toml: name: another name than dkm');
  });
});
