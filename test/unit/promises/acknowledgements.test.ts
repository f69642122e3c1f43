import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../src/base/layout.ts';
import { acknowledge, acknowledgementsFile, readAcknowledgements, versionOfAcknowledgements, withdraw } from '../../../src/promises/acknowledgements.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const LATER = Date.now() + 3_600_000;
const mine = { by: 'me', comment: 'I know', untilMs: LATER };

describe('acknowledgements', () => {
  it.each(['a', '__proto__', 'constructor', 'größe %', 'toString'])('are noted, seen and withdrawn: %s', async (id) => {
    const layout = layoutOf(temporaryDirectory());
    expect(versionOfAcknowledgements(layout)).toBe('');
    expect(await withdraw(layout, id)).toBe(false);
    const noted = await acknowledge(layout, id, mine);
    expect(readAcknowledgements(layout, Date.now()).get(id)).toEqual({ ...mine, sinceMs: noted.sinceMs });
    const version = versionOfAcknowledgements(layout);
    expect(await withdraw(layout, id)).toBe(true);
    expect(versionOfAcknowledgements(layout)).not.toBe(version);
    expect(readAcknowledgements(layout, Date.now()).size).toBe(0);
  });

  it('are over at their end', async () => {
    const layout = layoutOf(temporaryDirectory());
    await acknowledge(layout, 'a', mine);
    expect(readAcknowledgements(layout, LATER - 1).size).toBe(1);
    expect(readAcknowledgements(layout, LATER).size).toBe(0);
  });

  it('that were made anew are not withdrawn with the one before', async () => {
    const layout = layoutOf(temporaryDirectory());
    const { sinceMs } = await acknowledge(layout, 'a', mine);
    expect(await withdraw(layout, 'a', sinceMs - 1)).toBe(false);
    expect(await withdraw(layout, 'a', sinceMs)).toBe(true);
  });

  it('are all there when many are made at once', async () => {
    const layout = layoutOf(temporaryDirectory());
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => acknowledge(layout, id, mine)));
    expect([...readAcknowledgements(layout, Date.now()).keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each(['', '{', '[]', '{"schema":2,"acknowledgements":{}}', '{"schema":1,"acknowledgements":{"a":{"by":1}}}'])(
    'in a damaged file are none, and are written anew: %s',
    async (text) => {
      const layout = layoutOf(temporaryDirectory());
      await acknowledge(layout, 'a', mine);
      writeFileSync(acknowledgementsFile(layout), text);
      expect(readAcknowledgements(layout, Date.now()).size).toBe(0);
      await acknowledge(layout, 'b', mine);
      expect(JSON.parse(readFileSync(acknowledgementsFile(layout), 'utf8'))).toMatchObject({ schema: 1, acknowledgements: { b: mine } });
    },
  );
});
