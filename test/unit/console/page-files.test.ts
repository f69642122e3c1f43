import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { oneLine } from '../../../src/console/log.ts';
import { fillIn, readPageFiles } from '../../../src/console/page-files.ts';
import { buildConsolePage } from '../../../src/package/console-page.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const FILES = ['index.html', 'login.html', 'app.js', 'style.css', 'favicon.svg'];

it('builds the page to the same bytes each time, small and with nothing from elsewhere', async () => {
  const [first, second] = [temporaryDirectory(), join(temporaryDirectory(), 'made', 'when missing')];
  await Promise.all([buildConsolePage(first), buildConsolePage(second)]);
  for (const name of FILES) expect(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name).toBe(true);
  const bytes = ['index.html', 'app.js', 'style.css', 'favicon.svg'].reduce((sum, name) => sum + statSync(join(first, name)).size, 0);
  expect(bytes).toBeLessThan(100_000);
  const addresses = FILES.flatMap((name) => readFileSync(join(first, name), 'utf8').match(/(https?:)?\/\/[a-z0-9-]+\.[a-z0-9.-]+/g) ?? []);
  expect(addresses.filter((address) => address !== 'http://www.w3.org')).toEqual([]); // the name of SVG's namespace, asked by nobody
});

it('reads the built page, and names what is missing of it', async () => {
  const directory = temporaryDirectory();
  await buildConsolePage(directory);
  const files = await readPageFiles(directory);
  expect([...files.public.keys()].sort()).toEqual(['/app.js', '/favicon.svg', '/style.css']);
  rmSync(join(directory, 'app.js'));
  await expect(readPageFiles(directory)).rejects.toThrow(/app\.js/);
});

it('fills a template in without letting markup through', () => {
  expect(fillIn('<h1>{{title}}</h1>{{nothing}}', { title: `<b a="1">&'` })).toBe('<h1>&lt;b a=&quot;1&quot;&gt;&amp;&#39;</h1>');
});

it('keeps a log entry on one line', () => {
  expect(oneLine('login failed: x\r\n2026 login: y\u001b[0m')).toBe('login failed: x\\x0d\\x0a2026 login: y\\x1b[0m');
});
