import { describe, expect, it } from 'vitest';
import type { Answers } from '../../../installer/answers.ts';
import type { HostFacts } from '../../../installer/host-facts.ts';
import { preflight } from '../../../installer/preflight.ts';
import type { InstallRequest } from '../../../installer/request.ts';
import type { Bundle } from '../../../src/contract/bundle.ts';
import { parseManifest } from '../../../src/manifest/load.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';

function component(requires: string, name = 'store'): Manifest {
  return parseManifest(
    `name = "${name}"
title = "Store"
description = "d"
homepage = "https://example.org"
version = "1"
licence = "MIT"
role = "store"
preference = 1
requires = { ${requires} }
[[sources]]
kind = "built-in"`,
    'store.toml',
  );
}

const BUNDLE: Bundle = {
  schema: 1,
  name: 'dkm',
  version: '1.0.0',
  platform: 'linux-x64',
  components: [],
  missing: [{ name: 'go-carbon', role: 'store', reasons: ['http: no answer', 'go-module: go is not installed'] }],
  files: { installer: { sha256: '0'.repeat(64), size: 1 << 30, executable: true } },
};

const FACTS: HostFacts = {
  platform: 'linux-x64',
  cLibrary: { kind: 'glibc', version: '2.36' },
  isRoot: false,
  userId: 1000,
  hostname: 'host.example.org',
  directory: { path: '/srv/dkm', state: { kind: 'absent' }, nearest: '/srv', nearestWritable: true, freeBytes: 10 * 2 ** 30, canLink: false },
  portProblems: [],
  pythons: [],
  programs: {},
};

const ANSWERS: Answers = { type: 'all', port: 15000, listen: { dashboards: '0.0.0.0', carbon: '0.0.0.0', query: '127.0.0.1' }, systemCollectd: false };

interface Case {
  facts?: Partial<HostFacts>;
  directory?: Partial<HostFacts['directory']>;
  answers?: Partial<Answers>;
  request?: Partial<InstallRequest>;
  components?: Manifest[];
}

function findings({ facts, directory, answers, request, components = [] }: Case): string[] {
  const found = preflight({
    bundle: { root: '/opt/bundle', bundle: BUNDLE },
    facts: { ...FACTS, ...facts, directory: { ...FACTS.directory, ...directory } },
    request: { directory: '/srv/dkm', answers: { ...ANSWERS, ...answers }, choice: { components, providers: {}, lacking: [] }, allowRoot: false, ...request },
  });
  return found.map(({ check, problem, hint }) => `${check}: ${problem} | ${hint}`);
}

const port = { port: 15001, address: '0.0.0.0', protocol: 'tcp' as const, title: 'Metrics' };

describe('preflight', () => {
  it('finds nothing where nothing is in the way', () => {
    expect(findings({})).toEqual([]);
  });

  it.each<[string, Case, RegExp]>([
    ['another CPU', { facts: { platform: 'linux-arm64' } }, /^platform: .*linux-x64.*linux-arm64\. \| Take the bundle dkm-1\.0\.0-linux-arm64/],
    ['an old C library', { components: [component('glibc = "2.38"')] }, /^c-library: Store needs glibc 2\.38 or newer; this machine has glibc 2\.36/],
    ['musl', { components: [component('glibc = "2.4"')], facts: { cLibrary: { kind: 'musl', version: '' } } }, /^c-library: .* has musl/],
    ['root', { facts: { isRoot: true, userId: 0 } }, /^root: .*--allow-root/],
    ['a directory that is not ours', { directory: { state: { kind: 'foreign', example: 'photos' } } }, /^directory: \/srv\/dkm is not empty \("photos"\)/],
    ['a file', { directory: { state: { kind: 'unusable', why: 'is a file' } } }, /^directory: \/srv\/dkm is a file/],
    ['another user', { directory: { state: { kind: 'empty' }, owner: 1 } }, /^directory: .*another user\. \| Name another/],
    [
      "another user's directory, for root",
      { facts: { isRoot: true, userId: 0 }, request: { allowRoot: true }, directory: { state: { kind: 'empty' }, owner: 1000 } },
      /^directory: .*another user\. \| Install as the user it belongs to/,
    ],
    [
      'a parent that is not writable',
      { directory: { nearestWritable: false } },
      /^directory: \/srv\/dkm cannot be made: \/srv is not writable.*sudo install -d -o "\$USER" \/srv\/dkm/,
    ],
    ['a directory that is not writable', { directory: { nearest: '/srv/dkm', nearestWritable: false } }, /^directory: \/srv\/dkm is not writable/],
    ['a line break in its name', { request: { directory: '/srv/a\nb' } }, /^directory-name: .*"\/srv\/a\\nb"/],
    ['a colon in its name', { request: { directory: '/srv/a:b' } }, /^directory-name: .*":"/],
    ['a percent sign in its name', { request: { directory: '/srv/100%' } }, /^directory-name: .*"%"/],
    ['a full disk', { directory: { freeBytes: 2 ** 30 } }, /^disk: \/srv has 1\.0 GiB free; 1\.1 GiB are needed/],
    ['a full disk, with hard links', { directory: { freeBytes: 2 ** 20, canLink: true } }, /^disk: .*64\.0 MiB are needed/],
    [
      'a role without provider',
      { request: { choice: { components: [], providers: {}, lacking: ['store'] } } },
      /^components: The type all needs a store[^]*go-carbon: http: no answer; go-module: go is not installed/,
    ],
    ['an agent without server', { answers: { type: 'agent' } }, /^carbon-server: .*agent.*--carbon-server HOST/],
    ['a server that is its own', { answers: { carbonServer: { host: 'h', port: 1, query_port: 2 } } }, /^carbon-server: .*no meaning/],
    ['a machine called localhost', { facts: { hostname: 'localhost' } }, /^hostname: This machine's own name is localhost.*--hostname host/],
    ['localhost.localdomain', { answers: { hostname: 'localhost.localdomain' } }, /^hostname: --hostname is localhost/],
    ['a bad host name', { answers: { hostname: 'a b' } }, /^hostname: --hostname is "a b"/],
    ['no host name at all', { facts: { hostname: '' } }, /^hostname: /],
    ["no collectd of the system's", { answers: { systemCollectd: true } }, /^system-collectd: No collectd.*collectd-core/],
    [
      "a type that needs no collectd of the system's",
      { answers: { systemCollectd: true, type: 'server' } },
      /^system-collectd: The type server has no collector/,
    ],
    ['no Python', { components: [component('python = ">=3.9 <3.12"')] }, /^python: Store runs on Python >=3\.9 <3\.12; there is none on PATH/],
    [
      'a Python that is too new',
      { components: [component('python = "<3.12"')], facts: { pythons: [{ path: '/p', version: '3.13.0', missingModules: [] }] } },
      /^python: .*on PATH there is \/p \(3\.13\.0\)/,
    ],
    [
      'a Python without a module',
      {
        components: [component('python = ">=3", python_modules = ["distutils"]')],
        facts: { pythons: [{ path: '/p', version: '3.11.2', missingModules: ['distutils'] }] },
      },
      /^python: .*\/p \(3\.11\.2\) lacks the module distutils.*python3-distutils/,
    ],
    ['a missing program', { components: [component('programs = ["ss"]')] }, /^programs: Store needs the program ss/],
    [
      'a port in use',
      { facts: { portProblems: [{ ...port, reason: 'in-use', holder: 'nc (process 7)' }], freeBlock: 15010 } },
      /^ports: Port 15001\/tcp on 0\.0\.0\.0 \(Metrics\) is in use by nc \(process 7\)\. \| Ports 15010 to 15019 are free: -p 15010/,
    ],
    ['an address of another machine', { facts: { portProblems: [{ ...port, reason: 'no-such-address' }] } }, /^ports: .*no such address/],
    [
      'a port that is for root',
      { answers: { port: 80 }, facts: { portProblems: [{ ...port, port: 81, reason: 'not-allowed' }] } },
      /^ports: .*-p 1024 or higher/,
    ],
  ])('finds %s', (_, situation, expected) => {
    const found = findings(situation);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it.each<[string, Case]>([
    ['root where it is allowed', { facts: { isRoot: true, userId: 0 }, request: { allowRoot: true } }],
    ['a C library of the right version', { components: [component('glibc = "2.36"')] }],
    ['macOS, without a C library that is asked for', { components: [component('glibc = "2.36"')], facts: { cLibrary: { kind: 'none', version: '' } } }],
    ['a name that needs no domain', { facts: { hostname: 'web-1_a' } }],
    ['a directory begun before', { directory: { state: { kind: 'empty' }, owner: 1000 } }],
    [
      "the system's collectd in place of a bundled one for a newer machine",
      {
        answers: { systemCollectd: true },
        facts: { systemCollectd: '/usr/sbin/collectd' },
        components: [component('glibc = "2.99", programs = ["x"]', 'collectd')],
      },
    ],
    [
      'a Python that will do',
      { components: [component('python = ">=3.9 <3.12"')], facts: { pythons: [{ path: '/p', version: '3.11.2', missingModules: [] }] } },
    ],
  ])('lets %s pass', (_, situation) => {
    expect(findings(situation)).toEqual([]);
  });

  it('tells all findings together', () => {
    const found = findings({ facts: { isRoot: true, platform: 'darwin-arm64', hostname: 'localhost' }, directory: { freeBytes: 0 } });
    expect(found.map((line) => line.split(':')[0])).toEqual(['platform', 'root', 'disk', 'hostname']);
  });

  it('refuses a directory inside the bundle', () => {
    expect(findings({ directory: { path: '/opt/bundle' } })[0]).toContain('inside the bundle');
    expect(findings({ directory: { path: '/opt/bundle/x' } })[0]).toContain('inside the bundle');
    expect(findings({ directory: { path: '/opt/bundle-2' } })).toEqual([]);
  });
});
