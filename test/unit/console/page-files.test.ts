import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { oneLine } from '../../../src/console/log.ts';
import { fillIn, readPageFiles } from '../../../src/console/page-files.ts';
import { buildConsolePage } from '../../../src/package/console-page.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

it('builds the pages to the same bytes each time, with nothing from elsewhere', async () => {
  const [first, second] = [temporaryDirectory(), join(temporaryDirectory(), 'made', 'when missing')];
  await Promise.all([buildConsolePage(first), buildConsolePage(second)]);
  const names = readdirSync(first).sort();
  expect(readdirSync(second).sort()).toEqual(names);
  for (const name of names) expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);
  const addresses = names.flatMap((name) => readFileSync(join(first, name), 'utf8').match(/(https?:)?\/\/[a-z0-9-]+\.[a-z0-9.-]+/g) ?? []);
  expect(addresses.filter((address) => address !== 'http://www.w3.org')).toEqual([]); // the name of SVG's namespace, asked by nobody
});

it('loads little for the first page: what its scripts import, too', async () => {
  const directory = temporaryDirectory();
  await buildConsolePage(directory);
  const { public: files } = await readPageFiles(directory);
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    const text = Buffer.from(files.get(path)!.body).toString();
    for (const [, imported] of text.matchAll(/from"\.(\/[\w-]+\.js)"|import"\.(\/[\w-]+\.js)"/g)) if (imported !== undefined) load(imported);
  };
  for (const path of ['/app.js', '/overview.js', '/style.css', '/favicon.svg']) load(path);
  const bytes = [...loaded].reduce((sum, path) => sum + files.get(path)!.gzipped.length, 0);
  expect(loaded.size).toBeGreaterThan(4);
  expect(bytes).toBeLessThan(55_000); // the page itself and its data come on top: 100 kB in all
});

it('serves every script, style sheet and picture that was built, and nothing else; names what is missing', async () => {
  const directory = temporaryDirectory();
  await buildConsolePage(directory);
  writeFileSync(join(directory, 'notes.txt'), 'not served');
  const files = await readPageFiles(directory);
  expect([...files.public.keys()]).toEqual(expect.arrayContaining(['/app.js', '/favicon.svg', '/overview.js', '/style.css']));
  expect([...files.public.keys()].filter((path) => !/\.(js|css|svg)$/.test(path))).toEqual([]);
  rmSync(join(directory, 'app.js'));
  await expect(readPageFiles(directory)).rejects.toThrow(/app\.js/);
});

it('fills a template in without letting markup through', () => {
  expect(fillIn('<h1>{{title}}</h1>{{nothing}}', { title: `<b a="1">&'` })).toBe('<h1>&lt;b a=&quot;1&quot;&gt;&amp;&#39;</h1>');
});

it('keeps a log entry on one line', () => {
  expect(oneLine('login failed: x\r\n2026 login: y\u001b[0m')).toBe('login failed: x\\x0d\\x0a2026 login: y\\x1b[0m');
});
