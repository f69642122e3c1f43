import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { tokensFile } from '../../../../src/console/accounts/account-files.ts';
import { monitorTree, type MonitorTree } from '../../../../src/monitor/tree.ts';
import { ADMIN_PASSWORD, appUnderTest, type AppUnderTest } from '../../../helpers/console-app.ts';

/* The interface of SlapOS, asked without a server: what is answered to whom, with which headers. */

const BASIC = { authorization: `Basic ${btoa(`admin:${ADMIN_PASSWORD}`)}` };
const TOKEN = `dkm_${'A'.repeat(43)}`;
/** An operator; passwords are slow on purpose. */
const ADMIN = { authorization: `Bearer ${TOKEN}` };
const CONFIG = '/share/private/config/.jio_documents/config.tmp.json';
const EDITED = JSON.stringify([{ key: 'name', title: 'Name', value: 'Änderung 100 %' }]);

let under: AppUnderTest;
let tree: MonitorTree;
beforeEach(async () => {
  under = await appUnderTest({ cors_domains: ['example.org'] });
  tree = monitorTree(under.parts.layout);
  const tokens = tokensFile(under.parts.layout);
  mkdirSync(dirname(tokens), { recursive: true });
  const digest = createHash('sha256').update(TOKEN).digest('hex');
  writeFileSync(tokens, `[[token]]\nname = "t"\nrole = "operator"\ntoken_sha256 = "${digest}"\ncreated = "2026-01-01T00:00:00Z"\n`);
  for (const folder of [tree.public, tree.configDocuments, tree.webdav, join(tree.private, 'id/interface')]) mkdirSync(folder, { recursive: true });
  writeFileSync(tree.haljson, '{}');
  writeFileSync(tree.publicState, '{"status":"OK"}');
  writeFileSync(tree.privateState, '{"state":{}}');
  writeFileSync(tree.feed, '<rss version="2.0"/>');
  writeFileSync(tree.feeds, '<opml/>');
  writeFileSync(join(tree.public, 'page.html'), '<script>alert(1)</script>');
  writeFileSync(join(tree.public, '.hidden'), 'x');
  writeFileSync(join(tree.public, '<b>&"\'.txt'), 'odd');
  writeFileSync(join(tree.private, '.htpasswd'), 'x');
  writeFileSync(join(tree.private, 'id/interface/index.html'), '<p>mine</p>');
});

/** Status, and the realm that is asked for. */
const asked = async (path: string, init: RequestInit = {}): Promise<[number, string?]> => {
  const response = await under.ask(path, init);
  const realm = /realm="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1];
  return realm === undefined ? [response.status] : [response.status, realm];
};

describe('who may ask for what', () => {
  it.each<[string, RequestInit, [number, string?]]>([
    ['/', {}, [401, 'Private access']],
    ['/', { headers: BASIC }, [200]],
    ['/share/', { method: 'PROPFIND', headers: { depth: '1', ...BASIC } }, [207]],
    ['/', { headers: { accept: 'text/html' } }, [303]],
    ['/monitor.haljson', {}, [401, 'Private access']],
    ['/monitor.haljson', { headers: ADMIN }, [200]],
    ['/default-promise-interface.html?service_name=x', {}, [401, 'Private access']],
    ['/public/monitor.global.json', {}, [200]],
    ['/public//monitor.global.json', {}, [200]],
    ['//public//monitor.global.json', {}, [200]],
    ['/public', {}, [301]],
    ['/public/', {}, [200]],
    ['/public/none', {}, [404]],
    ['/public/.hidden', {}, [403]],
    ['/feed', {}, [200]],
    ['/feeds', {}, [200]],
    ['/private/', {}, [401, 'Private access']],
    ['//private/', {}, [401, 'Private access']],
    ['/%70rivate/monitor.global.json', {}, [401, 'Private access']],
    ['/private/monitor.global.json', { headers: BASIC }, [200]],
    ['/private/monitor.global.json', { headers: ADMIN }, [200]],
    ['/private/.htpasswd', { headers: ADMIN }, [403]],
    ['/private/config/.jio_documents/', { headers: ADMIN }, [403]],
    ['/private/id/interface/', { headers: ADMIN }, [200]],
    ['/private/monitor.global.json', { method: 'OPTIONS' }, [204]],
    ['/cgi-bin/monitor-logout.cgi', {}, [401, 'Private access']],
    ['/cgi-bin/monitor-logout.cgi', { headers: ADMIN }, [401, 'Private access']],
    ['/cgi-bin/monitor-run-promise.cgi?service=x', { method: 'POST' }, [401, 'Private access']],
    ['/cgi-bin/monitor-run-promise.cgi?service=x', { method: 'POST', headers: { authorization: 'Basic eDp5' } }, [401, 'Private access']],
    ['/cgi-bin/monitor-run-promise.cgi?service=x', { method: 'POST', headers: ADMIN }, [404]],
    ['/cgi-bin/monitor-run-promise.cgi?service=x', { headers: ADMIN }, [405]],
    ['/cgi-bin/other.cgi', { headers: ADMIN }, [404]],
    ['/share/', {}, [401, 'webdav']],
    ['/share/', { method: 'OPTIONS' }, [200]],
    ['/share/private/', { method: 'OPTIONS' }, [200]],
    ['/share/public/', { method: 'PROPFIND', headers: { depth: '1' } }, [207]],
    ['/share/public/', { method: 'REPORT' }, [403]],
    ['/share/public/feed', {}, [200]],
    ['/share/jio_public/', { method: 'PROPFIND', headers: { depth: '0' } }, [404]],
    ['/share/private/', { method: 'PROPFIND', headers: { depth: '1' } }, [401, 'webdav']],
    ['/share/public/../private/', { method: 'PROPFIND', headers: { depth: '1' } }, [401, 'webdav']],
    ['/share/private/', { method: 'PROPFIND', headers: { depth: '1', ...ADMIN } }, [207]],
    ['/share/', { method: 'PROPFIND', headers: { depth: 'infinity', ...ADMIN } }, [403]],
    ['/share/', { method: 'PROPFIND', headers: ADMIN }, [403]],
    ['/share/', { method: 'PROPFIND', headers: { depth: '2', ...ADMIN } }, [400]],
    ['/share/private/config/.jio_documents/', { method: 'PROPFIND', headers: { depth: '1', ...ADMIN } }, [207]],
    ...['LOCK', 'UNLOCK', 'MKCOL', 'DELETE', 'MOVE', 'COPY', 'PROPPATCH', 'PATCH', 'POST'].map((method): [string, RequestInit, [number]] => [
      CONFIG,
      { method, headers: ADMIN },
      [405],
    ]),
    [CONFIG, { method: 'PUT', body: EDITED }, [401, 'webdav']],
    [CONFIG, { method: 'PUT', body: EDITED, headers: { authorization: 'Basic eDp5' } }, [401, 'webdav']],
    ['/share/public/x.json', { method: 'PUT', body: EDITED, headers: ADMIN }, [405]],
    ['/share/private/config/.jio_documents/config.json', { method: 'PUT', body: EDITED, headers: ADMIN }, [405]],
  ])('%s %o', async (path, init, expected) => {
    expect(await asked(path, init)).toEqual(expected);
  });

  it('lets a reader read, and put nothing', async () => {
    const headers = { authorization: `Bearer ${await under.token('looker', 'reader')}` };
    expect(await asked('/private/monitor.global.json', { headers })).toEqual([200]);
    expect(await asked(CONFIG, { method: 'PUT', body: EDITED, headers })).toEqual([403]);
    expect(readdirSync(tree.configDocuments)).toEqual([]);
  });
});

describe('files', () => {
  it.each([
    ['/public/monitor.global.json', 'application/json; charset=utf-8'],
    ['/feed', 'application/rss+xml; charset=utf-8'],
    ['/feeds', 'text/x-opml; charset=utf-8'],
    ['/share/public/page.html', 'text/html; charset=utf-8'],
  ])('%s has its type, and runs nothing', async (path, type) => {
    const { headers } = await under.ask(path);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(headers.get('content-security-policy')).not.toContain('allow-scripts');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, max-age=40');
    expect(headers.get('access-control-max-age')).toBe('40');
    expect(headers.get('vary')).toContain('Origin');
  });

  it('are hal+json where the contract says so', async () => {
    expect((await under.ask('/monitor.haljson', { headers: ADMIN })).headers.get('content-type')).toMatch(/^application\/hal\+json/);
  });

  it('come again only when they changed', async () => {
    const first = await under.ask('/public/monitor.global.json');
    const etag = first.headers.get('etag') ?? '';
    const modified = first.headers.get('last-modified') ?? '';
    const statusOf = async (headers: Record<string, string>): Promise<number> => (await under.ask('/public/monitor.global.json', { headers })).status;
    expect(await statusOf({ 'if-none-match': `"x", W/${etag}` })).toBe(304);
    expect(await statusOf({ 'if-none-match': '*' })).toBe(304);
    expect(await statusOf({ 'if-modified-since': modified })).toBe(304);
    expect(await statusOf({ 'if-none-match': '"x"', 'if-modified-since': modified })).toBe(200);
    writeFileSync(tree.publicState, '{"status":"ERROR"}');
    expect(await statusOf({ 'if-none-match': etag })).toBe(200);
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-100', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=3-1', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['bytes=-', 200, '0123456789', null],
    ['lines=0-1', 200, '0123456789', null],
    [`bytes=${'9'.repeat(30)}-`, 200, '0123456789', null],
  ])('in parts: %s', async (range, status, text, told) => {
    writeFileSync(join(tree.public, 'digits.txt'), '0123456789');
    const response = await under.ask('/public/digits.txt', { headers: { range } });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([status, text, told]);
  });

  it('that are large come whole, and HEAD tells their size', async () => {
    const text = 'x'.repeat(1_000_000);
    writeFileSync(join(tree.public, 'large.log'), text);
    expect(await (await under.ask('/public/large.log')).text()).toBe(text);
    const head = await under.ask('/public/large.log', { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['1000000', '']);
  });

  it('are listed without those that are hidden, every name made harmless', async () => {
    const page = await (await under.ask('/public/')).text();
    expect(page).toContain('href="/public/monitor.global.json"');
    expect(page).toContain('&lt;b&gt;&amp;&quot;');
    expect(page).not.toContain('<b>');
    expect(page).not.toContain('.hidden');
  });

  it('behind a link that leads out are shown where a path list made it, and secrets never', async () => {
    const logs = join(under.root, 'logs');
    for (const folder of [logs, under.parts.layout.secrets]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(logs, 'a.log'), 'a line');
    writeFileSync(join(under.parts.layout.secrets, 'admin-password'), 'x');
    symlinkSync(logs, join(tree.public, 'logs'));
    symlinkSync(under.root, join(tree.public, 'root'));
    expect(await asked('/public/logs/a.log')).toEqual([200]);
    for (const prefix of ['/public', '/share/public']) {
      expect(await asked(`${prefix}/root/conf/secrets/admin-password`)).toEqual([404]);
      expect(await asked(`${prefix}/root/storage/monitor/private/monitor.global.json`)).toEqual([404]);
    }
  });
});

describe('the edited configuration', () => {
  const put = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
    under.ask(CONFIG, { method: 'PUT', body, headers: { ...ADMIN, ...headers } });

  it('is put there whole, and replaced', async () => {
    expect((await put(EDITED)).status).toBe(201);
    expect(readFileSync(tree.configEdit, 'utf8')).toBe(EDITED);
    expect((await put('[]')).status).toBe(204);
    expect((await put('[]', { 'if-none-match': '*' })).status).toBe(412);
    expect(readdirSync(tree.configDocuments)).toEqual(['config.tmp.json']);
  });

  it.each([
    ['no JSON', '{', 400],
    ['no list', '{"key":"a"}', 400],
    ['a list of other things', '[1]', 400],
    ['a value that is no text', '[{"key":"a","title":"a","value":{}}]', 400],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400],
    ['nothing', '', 400],
    ['too much', `["${'x'.repeat(300_000)}"]`, 413],
    ['far too much', 'x'.repeat(2_000_000), 413],
  ])('is refused and leaves nothing behind: %s', async (_, body, status) => {
    expect((await put(body)).status).toBe(status);
    expect(readdirSync(tree.configDocuments)).toEqual([]);
  });

  it('is refused while its folder is not there', async () => {
    rmSync(tree.configDocuments, { recursive: true });
    expect((await put(EDITED)).status).toBe(409);
  });
});

describe('another origin', () => {
  const allowed = async (path: string, init: RequestInit): Promise<unknown[]> => {
    const response = await under.ask(path, init);
    return [response.status, response.headers.get('access-control-allow-origin'), response.headers.get('access-control-allow-credentials')];
  };

  it.each([
    ['https://example.org', 'https://example.org', 'true'],
    ['https://app.example.org', 'https://app.example.org', 'true'],
    ['https://evil.example', null, null],
    ['null', null, null],
  ])('%s may read: %s', async (origin, told, credentials) => {
    expect(await allowed('/share/private/', { method: 'OPTIONS', headers: { origin } })).toEqual([200, told, credentials]);
    expect(await allowed('/private/', { headers: { origin } })).toEqual([401, told, credentials]);
    expect(await allowed('/public/feed', { headers: { origin } })).toEqual([200, told, credentials]);
  });

  it('may change something only when it is configured', async () => {
    const put = (origin: string): Promise<unknown[]> => allowed(CONFIG, { method: 'PUT', body: EDITED, headers: { ...ADMIN, origin } });
    expect(await put('https://app.example.org')).toEqual([201, 'https://app.example.org', 'true']);
    expect((await put('https://evil.example'))[0]).toBe(403);
  });

  it('gets nothing of the console itself', async () => {
    const { headers } = await under.ask('/api/v1/status', { headers: { origin: 'https://example.org' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a bearer of a session', () => {
  let cookie: string;
  beforeEach(async () => {
    cookie = await under.logIn('ada', 'operator');
  });

  it('reads what is private', async () => {
    expect(await asked('/private/monitor.global.json', { headers: { cookie } })).toEqual([200]);
  });

  it('is logged out by the logout of the contract', async () => {
    expect(await asked('/cgi-bin/monitor-logout.cgi', { headers: { cookie } })).toEqual([401, 'Private access']);
    expect(await asked('/private/monitor.global.json', { headers: { cookie } })).toEqual([401, 'Private access']);
  });
});
