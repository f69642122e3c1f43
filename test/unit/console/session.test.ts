import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formToken, IDLE_MS, isSame, openSessions, SESSION_MS, sessionToken, type Sessions } from '../../../src/console/access/session.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const SECRET = 'the secret of the sessions';
const ADA = { name: 'ada', mark: 'of her password' };
const LIMITS = { lastsMs: SESSION_MS, idleMs: IDLE_MS };

interface Place {
  file: string;
  now: number;
  log: string[];
  open: (secret?: string) => Promise<Sessions>;
}

function place(): Place {
  const made: Place = {
    file: join(temporaryDirectory(), 'sessions.json'),
    now: 1_000_000,
    log: [],
    open: (secret = SECRET) =>
      openSessions(
        made.file,
        secret,
        (line) => made.log.push(line),
        LIMITS,
        () => made.now,
      ),
  };
  return made;
}

describe('a session', () => {
  it('goes on while it is used, until it is over', async () => {
    const at = place();
    const sessions = await at.open();
    const key = await sessions.start(ADA);
    const begun = at.now;
    while (at.now + IDLE_MS / 2 < begun + SESSION_MS) {
      at.now += IDLE_MS / 2;
      expect(sessions.find(key)).toMatchObject({ account: 'ada' });
    }
    at.now = begun + SESSION_MS;
    expect(sessions.find(key)).toBeUndefined();
    await sessions.save();
  });

  it('is over when nothing was asked for long', async () => {
    const at = place();
    const sessions = await at.open();
    const key = await sessions.start(ADA);
    at.now += IDLE_MS;
    expect(sessions.find(key)).toBeUndefined();
  });

  it('outlives the console, and no more than it would have lived', async () => {
    const at = place();
    const key = await (await at.open()).start(ADA);
    expect((await at.open()).find(key)).toMatchObject({ account: 'ada', mark: ADA.mark });
    at.now += IDLE_MS;
    expect((await at.open()).find(key)).toBeUndefined();
  });

  it('that was ended stays ended, after a restart too, and no other one with it', async () => {
    const at = place();
    const sessions = await at.open();
    const [first, second] = [await sessions.start(ADA), await sessions.start(ADA)];
    await sessions.end(sessions.find(first)!);
    for (const each of [sessions, await at.open()]) expect([each.find(first), each.find(second)?.account]).toEqual([undefined, 'ada']);
  });

  it('cannot be made from what is in the file, nor from another secret', async () => {
    const at = place();
    const key = await (await at.open()).start(ADA);
    const text = readFileSync(at.file, 'utf8');
    expect(text).not.toContain(key);
    const [stored] = JSON.parse(text) as { digest: string }[];
    expect((await at.open()).find(stored!.digest)).toBeUndefined();
    expect((await at.open('another secret')).find(key)).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"digest":1}', '[{"digest":"a"}]', 'null'])('is none in a file that says %j', async (text) => {
    const at = place();
    writeFileSync(at.file, text);
    const sessions = await at.open();
    expect(sessions.find('a')).toBeUndefined();
    expect(sessions.find(await sessions.start(ADA))).toBeDefined();
  });

  it('is one of a bounded number: the oldest of the account ends', async () => {
    const at = place();
    const sessions = await at.open();
    const other = await sessions.start({ name: 'bob', mark: '' });
    const keys: string[] = [];
    for (let login = 0; login < 25; login += 1) keys.push(await sessions.start(ADA));
    expect(keys.map((key) => sessions.find(key) !== undefined)).toEqual(keys.map((_, index) => index >= 5));
    expect(sessions.find(other)).toBeDefined();
  });

  it('goes on where the file cannot be written, which is said once; what was ended does not come back', async () => {
    const at = place();
    const sessions = await at.open();
    const [kept, ended] = [await sessions.start(ADA), await sessions.start(ADA)];
    // A directory in the file's place fails for root, too.
    rmSync(at.file);
    mkdirSync(join(at.file, 'in the way'), { recursive: true });
    await sessions.end(sessions.find(ended)!);
    await sessions.start(ADA);
    expect([sessions.find(kept)?.account, sessions.find(ended)]).toEqual(['ada', undefined]);
    expect(at.log).toEqual([expect.stringMatching(/^error: sessions cannot be kept in /)]);
  });

  it('has a token for its forms that no other session has', async () => {
    const sessions = await place().open();
    const [first, second] = [sessions.find(await sessions.start(ADA))!, sessions.find(await sessions.start(ADA))!];
    expect(new Set([sessionToken(first, SECRET), sessionToken(second, SECRET), sessionToken(first, 'other')]).size).toBe(3);
  });
});

it('compares texts of any length', () => {
  expect([isSame('a', 'a'), isSame('a', 'b'), isSame('a', 'aa'), isSame('', '')]).toEqual([true, false, false, true]);
});

it('makes a form token that fits one cookie and one secret', () => {
  expect(new Set([formToken('a', 's'), formToken('b', 's'), formToken('a', 't')]).size).toBe(3);
});
