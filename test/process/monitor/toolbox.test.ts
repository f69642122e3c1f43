import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readHistory } from '../../../src/monitor/read.ts';
import { monitorTree, type MonitorTree } from '../../../src/monitor/tree.ts';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import { monitored, monitoredDirectory } from '../../helpers/monitored.ts';
import { promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';
import { slaposToolbox, TOOLBOX_WITHIN_MS, WHY_NO_TOOLBOX, type Toolbox } from '../../helpers/slapos-toolbox.ts';
import { beforeRemoval, temporaryDirectory } from '../../helpers/temporary.ts';
import { eventually } from '../../helpers/wait.ts';

/* Our files read by the original programs of slapos.toolbox, and theirs by ours. */

let toolbox: Toolbox | undefined;
beforeAll(async () => {
  toolbox = await slaposToolbox();
}, TOOLBOX_WITHIN_MS);

const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Texts that files of others may hold. */
const ODD = ']]>&amp;<b>"\' 100 % \u00e9\u4e2d\u6587 \u{1f600} \ud800\n  second line\n2026-11-21 10:00:00 - ERROR - 1795255200-123 - forged';
const promises = ['plain', 'odd.sh', 'failing.py', 'unknown', '100%'].map((id) => promiseSpecOf(id));
const [plain, odd, failing, unknown, percent] = promises as [
  (typeof promises)[0],
  (typeof promises)[0],
  (typeof promises)[0],
  (typeof promises)[0],
  (typeof promises)[0],
];
const START = Date.parse('2026-11-20T10:00:00Z');

/** Two builds: the second one changes a state and a message. */
const ROUNDS = [
  [
    resultOf(plain, {}, START),
    resultOf(odd, { message: ODD }, START + 1000),
    resultOf(failing, { state: 'failed', message: 'x'.repeat(6000), error: 'on standard error' }, START),
    resultOf(unknown, { state: 'no-data', message: '' }, START),
    resultOf(percent, { message: '%(title)s %d' }, START),
  ],
  [
    resultOf(plain, { state: 'failed', message: 'down' }, START + 60_000),
    resultOf(odd, { message: ODD }, START + 61_000),
    resultOf(failing, { state: 'failed', message: 'another' }, START + 60_000),
    resultOf(unknown, {}, START + 60_000),
    resultOf(percent, { message: '%(title)s %d' }, START + 60_000),
  ],
];

/** A copy of a tree in which everything that is made of results is missing; monitor.conf names the copy. */
function copyWithoutStates({ root }: Layout): Layout {
  const copy = layoutOf(join(temporaryDirectory(), 'copy'));
  const tree = monitorTree(copy);
  cpSync(root, copy.root, { recursive: true, verbatimSymlinks: true });
  writeFileSync(tree.configuration, readFileSync(tree.configuration, 'utf8').replaceAll(`${root}/`, `${copy.root}/`));
  for (const path of [tree.promiseStatus, tree.publicState, tree.privateState, tree.feed, join(tree.documents, 'monitor_state.data.json')]) rmSync(path);
  for (const name of readdirSync(tree.public)) if (name.endsWith('.history.json')) rmSync(join(tree.public, name));
  return copy;
}

const READ_FEED = `
import feedparser, json, sys
feed = feedparser.parse(sys.argv[1])
keys = ('title', 'link', 'description', 'id', 'published_parsed', 'category')
print(json.dumps({'bozo': bool(feed.bozo), 'title': feed.feed.title, 'description': feed.feed.description, 'entries': sorted(
  [{**{key: entry.get(key) for key in keys}, 'source': [entry.source.get('href') or entry.source.get('url'), entry.source.title]} for entry in feed.entries], key=lambda e: e['title'])}))`;

interface Feed {
  bozo: boolean;
  title: string;
  entries: { title: string; id: string; category: string; published_parsed: number[] | null; description: string }[];
}

/** What builds make, without the dates of the builds themselves. */
async function made({ documents, ...tree }: MonitorTree, { evaluate }: Toolbox): Promise<Record<string, unknown>> {
  const undated = (path: string): unknown => ({ ...json<Record<string, unknown>>(path), date: 'a date' });
  const histories = readdirSync(tree.public).filter((name) => name.endsWith('.history.json'));
  const lists = [tree.public, tree.private].map((folder) =>
    readFileSync(join(folder, '_document_list'), 'utf8')
      .split('\n')
      .filter((name) => !name.endsWith('.stats'))
      .sort(),
  );
  return {
    states: json<Record<string, unknown>>(tree.promiseStatus),
    global: [undated(tree.publicState), undated(tree.privateState)],
    histories: Object.fromEntries(histories.map((name) => [name, json<{ data: unknown }>(join(tree.public, name)).data])),
    lists,
    counts: json<{ data: string[] }>(join(documents, 'monitor_state.data.json'))
      .data.slice(-1)
      .map((line) => line.replace(/^[^,]*/, '')),
    feed: await evaluate<Feed>(READ_FEED, [tree.feed]),
  };
}

describe('monitor.genstate', () => {
  it('makes of our results what we make of them', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, log } = await monitored([]);
    let peer: Layout | undefined;
    for (const round of ROUNDS) {
      const { monitor } = await monitored(promises, { title: 'A & B <c> 100%' }, layout);
      for (const result of round) await monitor.record(result);
      await monitor.end();
      const tree = monitorTree(layout);
      if (peer === undefined) peer = copyWithoutStates(layout);
      else for (const folder of ['public', '.slapgrid'] as const) copyResults(tree, monitorTree(peer), folder);
      const finished = await toolbox.tool('monitor.genstate', [monitorTree(peer).configuration]);
      expect(finished).toMatchObject({ code: 0, stderr: '' });
      const [ours, theirs] = [await made(tree, toolbox), await made(monitorTree(peer), toolbox)];
      expect(ours.feed).toMatchObject({ bozo: false });
      // Their dates are ISO, which the reader of feeds understands, too.
      expect(ours).toEqual(theirs);
    }
    expect(readHistory(layout, 'plain')).toMatchObject([{ state: 'ok' }, { state: 'failed', message: 'down', atMs: START + 60_000 }]);
    expect(readHistory(layout, 'unknown')).toMatchObject([{ state: 'no-data' }, { state: 'ok' }]);
    expect(log).toEqual([]);
  });
});

describe('two hundred promises', () => {
  it('are one build each for us and for monitor.genstate, with the same outcome', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const many = Array.from({ length: 200 }, (_, index) => promiseSpecOf(`promise ${index}.${index % 7}`));
    const { layout, monitor } = await monitored(many);
    await Promise.all(many.map((spec, index) => monitor.record(resultOf(spec, { state: index % 10 === 0 ? 'failed' : 'ok', message: `${index} % ]]>` }))));
    await monitor.end();
    const peer = copyWithoutStates(layout);
    expect(await toolbox.tool('monitor.genstate', [monitorTree(peer).configuration])).toMatchObject({ code: 0 });
    expect(await made(monitorTree(layout), toolbox)).toEqual(await made(monitorTree(peer), toolbox));
    expect(json(monitorTree(layout).privateState)).toMatchObject({ status: 'ERROR', state: { error: 20, success: 180 } });
  });
});

/** New results for the copy, which makes its own states of them. */
function copyResults(from: MonitorTree, to: MonitorTree, folder: 'public' | '.slapgrid'): void {
  if (folder === '.slapgrid') cpSync(from.results, to.results, { recursive: true });
  else for (const name of readdirSync(from.public)) if (name.endsWith('.status.json')) cpSync(join(from.public, name), join(to.public, name));
}

const PLUGIN = `
from slapos.promise.plugin.check_file_state import RunPromise
extra_config_dict = {'filename': %FILE%, 'state': 'not-empty'}
`;

describe('monitor.runpromise', () => {
  it('leaves results that we read, and keeps off what our runner has just checked', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const layout = monitoredDirectory();
    const tree = monitorTree(layout);
    const legacy = join(tree.legacyPromises, 'legacy.sh');
    const own = promiseSpecOf('own', { check: { kind: 'executable', path: join(tree.legacyPromises, 'own') }, schedule: '*/5 * * * *' });
    const { monitor } = await monitored([own], {}, layout);
    writeFileSync(legacy, '#!/bin/sh\necho "line one"; echo "\u4e2d ]]>&<" >&2; exit 3\n', { mode: 0o755 });
    writeFileSync(join(tree.legacyPromises, 'own'), '#!/bin/sh\necho checked again\n', { mode: 0o755 });
    writeFileSync(join(tree.plugins, 'file_state.py'), PLUGIN.replace('%FILE%', JSON.stringify(legacy)));
    await monitor.record(resultOf(own, { message: 'by our runner' }));
    const finished = await toolbox.tool('monitor.runpromise', ['-c', tree.configuration]);
    expect(finished.code).toBe(1);
    await monitor.end();
    expect(json<Record<string, unknown>>(tree.privateState)).toMatchObject({ status: 'ERROR', state: { error: 1, success: 2 } });
    expect(readHistory(layout, 'legacy.sh')).toMatchObject([{ state: 'failed', message: 'line one\n\u4e2d ]]>&<' }]);
    expect(readHistory(layout, 'file_state.py')).toMatchObject([{ state: 'ok' }]);
    expect(readHistory(layout, 'own')).toMatchObject([{ state: 'ok', message: 'by our runner' }]);
    // A later configuration leaves what is not ours.
    const again = await monitored([own], {}, layout);
    await again.monitor.end();
    expect(json<Record<string, unknown>>(tree.privateState)).toMatchObject({ state: { error: 1, success: 2 } });
  });

  it('computes the result of a run from our log', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, monitor } = await monitored([odd]);
    for (const result of [resultOf(odd, { state: 'failed', message: 'before' }), resultOf(odd, { state: 'failed', message: 'first\nsecond' })])
      await monitor.record(result);
    await monitor.end();
    const script = `
import json, sys, queue
from slapos.grid.promise.generic import GenericPromise
class Promise(GenericPromise):
  def sense(self): pass
tree = sys.argv[1]
promise = Promise({'log-folder': tree + '/.slapgrid/promise/log', 'partition-folder': tree, 'name': 'odd.sh', 'path': '/x', 'queue': queue.Queue(), 'debug': False})
print(json.dumps([[r['status'], r['message']] for r in promise.getLastPromiseResultList(result_count=3)[0]]))`;
    expect(await toolbox.evaluate(script, [layout.monitor])).toEqual([['ERROR', 'first\nsecond']]);
  });
});

const READ_OPML = `
import listparser, json, sys
feeds = listparser.parse(open(sys.argv[1], 'rb').read())
print(json.dumps({'bozo': bool(feeds.bozo), 'title': feeds.meta.title, 'feeds': [[feed.title, feed.url] for feed in feeds.feeds]}))`;

describe('feed readers', () => {
  it('understand the feed; a guid stays while nothing changes', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, monitor } = await monitored(promises);
    const tree = monitorTree(layout);
    for (const result of ROUNDS[0]!) await monitor.record(result);
    const before = await eventually('a feed', () => toolbox!.evaluate<Feed>(READ_FEED, [tree.feed]).then((feed) => feed.entries.length === 5 && feed), 10_000);
    expect(before).toMatchObject({ bozo: false, title: 'store 1' });
    expect(before.entries.map(({ title }) => title)).toEqual(['[ERROR] failing', '[ERROR] unknown', '[OK] 100%', '[OK] odd', '[OK] plain']);
    expect(before.entries.every(({ published_parsed: date }) => date?.[0] === 2026)).toBe(true);
    for (const result of ROUNDS[1]!) await monitor.record(result);
    await monitor.end();
    const after = await toolbox.evaluate<Feed>(READ_FEED, [tree.feed]);
    const same = (title: string): boolean => before.entries.find((each) => each.title === title)?.id === after.entries.find((each) => each.title === title)?.id;
    expect(['[OK] odd', '[OK] 100%', '[ERROR] failing'].map(same)).toEqual([true, true, false]);
  });

  it('understand it whatever a promise says', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const characters = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('');
    const { layout, monitor } = await monitored([plain], { title: characters, rootTitle: ']]>' });
    await monitor.record(resultOf(plain, { message: `${characters}\ufffe\uffff\udc00` }));
    await monitor.end();
    expect(await toolbox.evaluate<Feed>(READ_FEED, [monitorTree(layout).feed])).toMatchObject({ bozo: false, entries: [{ title: '[OK] plain' }] });
    expect(await toolbox.evaluate(READ_OPML, [monitorTree(layout).feeds])).toMatchObject({ bozo: false, title: ']]>' });
  });

  it.for([
    ['ok', 0],
    ['failed', 1],
  ] as const)('check-feed-as-promise: %s ends with %i', async ([state, code], { skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, monitor } = await monitored([plain]);
    await monitor.record(resultOf(plain, { state }));
    await monitor.end();
    const args = ['--feed-path', monitorTree(layout).feed, '--title', '--ok-pattern', '[OK]', '--ko-pattern', '[ERROR]'];
    expect(await toolbox.tool('check-feed-as-promise', args)).toMatchObject({ code });
  });
});

/** Serves files of a tree as the console does, collapsing double slashes. */
async function served(tree: MonitorTree, requests: string[] = []): Promise<string> {
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    try {
      response.end(readFileSync(join(tree.root, normalize(request.url ?? ''))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  beforeRemoval(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('sub-monitors', () => {
  it('are listed by name; a dead one delays and breaks nothing', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const sub = await monitored([plain], { title: 'A & B <c> "d" \u4e2d' });
    await sub.monitor.end();
    const url = await served(monitorTree(sub.layout));
    const dead = 'http://127.0.0.1:9';
    const before = performance.now();
    const { layout, monitor } = await monitored([plain], { rootTitle: 'all & more', instances: [dead, url, 'ftp://127.0.0.1'] });
    expect(performance.now() - before, 'nobody waits for other monitors').toBeLessThan(5_000);
    const { feeds } = monitorTree(layout);
    const read = (): Promise<{ bozo: boolean; title: string; feeds: string[][] }> => toolbox!.evaluate(READ_OPML, [feeds]);
    expect(await eventually('titles', () => read().then((found) => found.feeds[2]?.[0] !== 'Unknown Instance' && found))).toEqual({
      bozo: false,
      title: 'all & more',
      feeds: [
        ['store 1', 'http://127.0.0.1:15005/public/feed'],
        ['Unknown Instance', `${dead}/public/feed`],
        ['A & B <c> "d" \u4e2d', `${url}/public/feed`],
        ['Unknown Instance', 'ftp://127.0.0.1/public/feed'],
      ],
    });
    await monitor.end();
  });

  it('monitor.bootstrap takes our instance for one, and works on our tree', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const sub = await monitored([plain], { title: 'a store' });
    await sub.monitor.end();
    const requests: string[] = [];
    const url = await served(monitorTree(sub.layout), requests);
    const directory = temporaryDirectory();
    const file = join(directory, 'motd');
    writeFileSync(file, 'hello');
    const parameters = [
      { type: 'raw', key: 'room', value: '12 %' },
      { type: 'file', key: 'motd', path: file },
    ] as const;
    const { layout, monitor } = await monitored([plain], { instances: [url], parameters: [...parameters] });
    await monitor.end();
    const tree = monitorTree(layout);
    const [ours, parts] = [json<Record<string, unknown>>(tree.config), json<Record<string, unknown>>(tree.configParameters)];
    const finished = await toolbox.tool('monitor.bootstrap', ['-c', tree.configuration]);
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining('SUCCESS') as string });
    expect(requests).toContain('/public//monitor.global.json');
    expect(await toolbox.evaluate(READ_OPML, [tree.feeds])).toMatchObject({
      bozo: false,
      feeds: [
        ['store 1', expect.anything()],
        ['a store', `${url}/public/feed`],
      ],
    });
    expect(json<Record<string, unknown>>(tree.config)).toEqual(ours);
    expect(json<Record<string, unknown>>(tree.configParameters)).toEqual(parts);
    expect(readFileSync(tree.parameterFile, 'utf8')).toBe('[public]\nmotd = hello\n');
  });
});

describe('the schema of slapos.toolbox', () => {
  it('allows our private/monitor.global.json', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout, monitor } = await monitored(promises, { instances: ['http://127.0.0.1:9'], parameters: [{ type: 'raw', key: 'room', value: '12' }] });
    for (const result of ROUNDS[0]!) await monitor.record(result);
    await monitor.end();
    const script = `
import json, sys, jsonschema
schema = json.load(open(sys.argv[2]))
print(json.dumps([error.message for error in jsonschema.Draft4Validator(schema).iter_errors(json.load(open(sys.argv[1])))]))`;
    const schema = join(toolbox.site, 'slapos', 'monitor', 'doc', 'monitor_instance.schema.json');
    expect(await toolbox.evaluate(script, [monitorTree(layout).privateState, schema])).toEqual([]);
  });
});

describe('monitor.statistic', () => {
  it('counts the days of a history as we do', async ({ skip }) => {
    if (toolbox === undefined) return skip(WHY_NO_TOOLBOX);
    const { layout } = await monitored([]);
    for (const round of ROUNDS) {
      const { monitor } = await monitored(promises, {}, layout);
      for (const result of round) await monitor.record(result);
      await monitor.end();
    }
    const copy = temporaryDirectory();
    const tree = monitorTree(layout);
    for (const name of readdirSync(tree.public)) if (name.endsWith('.history.json')) cpSync(join(tree.public, name), join(copy, name));
    expect(await toolbox.tool('monitor.statistic', ['--history_folder', copy])).toMatchObject({ code: 0 });
    // The next start counts the days that have passed; those before had counted this one while it went on.
    for (const name of readdirSync(tree.public)) if (name.endsWith('.stats.json')) rmSync(join(tree.public, name));
    const again = await monitored(promises, {}, layout);
    await again.monitor.end();
    type Days = { data: { 'change-time'?: number }[] };
    const days = (folder: string, name: string): unknown => json<Days>(join(folder, name)).data.map(({ 'change-time': _, ...day }) => day);
    const names = readdirSync(copy).filter((name) => name.endsWith('.stats.json'));
    expect(names).toHaveLength(promises.length);
    for (const name of names) expect(days(tree.public, name), name).toEqual(days(copy, name));
  });
});
