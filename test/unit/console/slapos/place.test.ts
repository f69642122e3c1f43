import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { membersOf, openPlace, placeOf, type Area } from '../../../../src/console/slapos/place.ts';
import { temporaryDirectory } from '../../../helpers/temporary.ts';

let root: string;
let area: Area;
const at = (...names: string[]): string => join(root, ...names);

/** A tree with links as path lists make them, and others. */
beforeEach(() => {
  root = temporaryDirectory();
  for (const folder of ['tree/public/id/below', 'tree/private', 'secrets', 'elsewhere/sub', 'elsewhere/logs']) mkdirSync(at(folder), { recursive: true });
  for (const file of ['tree/public/a.json', 'tree/private/p.json', 'secrets/password', 'elsewhere/sub/x.log', 'elsewhere/logs/y.log', 'outside.txt'])
    writeFileSync(at(file), file);
  symlinkSync(at('elsewhere/sub'), at('tree/public/sub'));
  symlinkSync(at('elsewhere/logs/y.log'), at('tree/public/id/y.log'));
  symlinkSync(at('outside.txt'), at('tree/public/id/below/deep'));
  symlinkSync('../logs', at('elsewhere/sub/logs'));
  symlinkSync('x.log', at('elsewhere/sub/again'));
  symlinkSync(at('secrets'), at('tree/public/secrets'));
  symlinkSync(root, at('tree/public/all'));
  symlinkSync(at('tree/private'), at('tree/public/private'));
  symlinkSync(at('nowhere'), at('tree/public/broken'));
  symlinkSync('loop', at('tree/public/loop'));
  area = { folder: at('tree/public'), never: [at('secrets'), at('tree/private')] };
});

describe('a place', () => {
  it.each([
    ['a file', ['a.json'], 'tree/public/a.json'],
    ['the folder itself', [], 'tree/public'],
    ['what a path list links to', ['sub', 'x.log'], 'elsewhere/sub/x.log'],
    ['what a promise’s path list links to', ['id', 'y.log'], 'elsewhere/logs/y.log'],
    ['a link within what is linked to', ['sub', 'again'], 'elsewhere/sub/x.log'],
    ['anything below a directory that is linked to', ['all', 'outside.txt'], 'outside.txt'],
  ])('is found: %s', async (_, names, expected) => {
    expect(await placeOf(area, names)).toBe(at(expected));
  });

  it.each([
    ['nothing', ['none']],
    ['a file as a directory', ['a.json', 'x']],
    ['a link out of what is linked to', ['sub', 'logs', 'y.log']],
    ['a link deeper than path lists make', ['id', 'below', 'deep']],
    ['secrets that are linked to', ['secrets', 'password']],
    ['secrets below a directory that is linked to', ['all', 'secrets', 'password']],
    ['what is private, in public', ['private', 'p.json']],
    ['what is private, by a way around', ['all', 'tree', 'private', 'p.json']],
    ['a link to nowhere', ['broken']],
    ['a link to itself', ['loop']],
    ['a name that is too long', ['a'.repeat(300)]],
  ])('is not: %s', async (_, names) => {
    expect(await placeOf(area, names)).toBeUndefined();
  });

  it('lists what may be shown, and no more', async () => {
    const listed = await membersOf(area, [], () => true);
    expect(listed?.members.map(({ name }) => name)).toEqual(['a.json', 'all', 'id', 'sub']);
  });

  it('opens files and directories, and no pipe, which would never answer', async () => {
    execFileSync('mkfifo', [at('tree/public/pipe')]);
    expect(await openPlace(at('tree/public/pipe'))).toBeUndefined();
    expect((await openPlace(at('tree/public')))?.kind).toBe('directory');
    const file = await openPlace(at('tree/public/a.json'));
    expect(file?.kind).toBe('file');
    if (file?.kind === 'file') await file.handle.close();
    expect(await openPlace(at('tree/public/sub'))).toBeUndefined(); // a link that came in between
  });
});
