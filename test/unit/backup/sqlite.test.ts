import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { copySqlite } from '../../../src/base/sqlite.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/** Adds pairs of rows, each pair in one transaction, until it is ended. */
const WRITER = `
const { DatabaseSync } = require('node:sqlite');
const { workerData, parentPort } = require('node:worker_threads');
const database = new DatabaseSync(workerData, { timeout: 10000 });
database.exec('PRAGMA journal_mode = wal; PRAGMA synchronous = off');
let count = 0;
setInterval(() => {
  database.exec("BEGIN IMMEDIATE; INSERT INTO rows VALUES (" + count + ", randomblob(2000)); INSERT INTO rows VALUES (" + count + ", randomblob(2000)); COMMIT");
  parentPort.postMessage(count += 1);
}, 1);
`;

describe('copySqlite', () => {
  it('copies a database whole while another writes to it, with all that was committed before', async () => {
    const from = join(temporaryDirectory(), 'a.db');
    new DatabaseSync(from).exec('PRAGMA journal_mode = wal; CREATE TABLE rows (pair INTEGER, data BLOB)');
    const writer = new Worker(WRITER, { eval: true, workerData: from });
    beforeRemoval(() => writer.terminate());
    let committed = 0;
    writer.on('message', (count: number) => (committed = count));
    await once(writer, 'message');
    for (let copy = 1; copy <= 5; copy += 1) {
      await eventually('it writes on', () => committed >= copy * 30);
      const before = committed;
      await copySqlite(from, `${from}.copy-${copy}`);
      const database = new DatabaseSync(`${from}.copy-${copy}`, { readOnly: true });
      const { pairs } = database.prepare('SELECT count(DISTINCT pair) AS pairs FROM rows').get() as { pairs: number };
      const halves = database.prepare('SELECT pair FROM rows GROUP BY pair HAVING count(*) <> 2').all();
      database.close();
      expect(pairs).toBeGreaterThanOrEqual(before);
      expect(halves).toEqual([]);
    }
    expect(committed).toBeGreaterThan(150);
  });

  it.each([
    ['no database', (path: string) => writeFileSync(path, 'no database '.repeat(100))],
    ['a damaged one', (path: string) => writeFileSync(path, damagedDatabase(path))],
    ['nothing', () => undefined],
  ])('refuses %s and leaves nothing', async (_, make) => {
    const from = join(temporaryDirectory(), 'a.db');
    make(from);
    await expect(copySqlite(from, `${from}.copy`)).rejects.toMatchObject({ code: 'file-invalid' });
    expect(existsSync(`${from}.copy`)).toBe(false);
  });
});

/** A database whose second page is overwritten. */
function damagedDatabase(path: string): Buffer {
  const database = new DatabaseSync(`${path}.good`);
  database.exec(
    'CREATE TABLE rows (data BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO rows SELECT randomblob(500) FROM n',
  );
  const bytes = Buffer.from(database.serialize());
  database.close();
  return bytes.fill(0xff, 4096, 8192);
}
