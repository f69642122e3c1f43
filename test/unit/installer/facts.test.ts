import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { directoryMeant } from '../../../installer/directory.ts';
import { directoryState } from '../../../installer/facts/directory.ts';
import { fullName, machineName } from '../../../src/host/host-name.ts';
import { listeningInodes } from '../../../src/host/port-holders.ts';
import { freeBlock, portProblems } from '../../../src/host/ports.ts';
import { findProgram, findPythons, searchPath } from '../../../src/host/programs.ts';
import { cLibrary } from '../../../src/host/c-library.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

describe('ports', () => {
  const entry = (port: number, protocols: ('tcp' | 'udp')[], address = '127.0.0.1'): Parameters<typeof portProblems>[0][number] => ({
    name: 'carbon',
    title: 'Metrics',
    address,
    port,
    protocols,
  });

  async function listen(address: string): Promise<number> {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  it.each(['127.0.0.1', '0.0.0.0'])('finds a port that is in use on %s, and who holds it', async (address) => {
    const port = await listen(address);
    const [problem, ...others] = await portProblems([entry(port, ['tcp']), entry(port, ['tcp'], '0.0.0.0')]);
    expect(problem).toMatchObject({ port, protocol: 'tcp', reason: 'in-use' });
    if (process.platform === 'linux') expect(problem?.holder).toContain(`(process ${process.pid})`);
    expect(others).toMatchObject([{ address: '0.0.0.0', reason: 'in-use' }]);
  });

  it('finds a UDP port that is in use', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const [problem, ...others] = await portProblems([entry(socket.address().port, ['tcp', 'udp'])]);
    expect(problem).toMatchObject({ protocol: 'udp', reason: 'in-use' });
    if (process.platform === 'linux') expect(problem?.holder).toContain(`(process ${process.pid})`);
    expect(others).toEqual([]);
  });

  it('finds an address that is not of this machine', async () => {
    expect(await portProblems([entry(23_456, ['tcp'], '192.0.2.1')])).toMatchObject([{ reason: 'no-such-address' }]);
  });

  it('proposes a block in which the ports in question are free', async () => {
    const port = await listen('127.0.0.1');
    const block = await freeBlock([entry(port, ['tcp', 'udp'])], port - 1);
    expect(((block ?? 0) - (port - 1)) % 10).toBe(0);
    expect(await portProblems([entry((block ?? 0) + 1, ['tcp', 'udp'])])).toEqual([]);
  });

  it('reads the table of sockets', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:3A98 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:3A98 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1`;
    expect(listeningInodes(table, 15000, 'tcp')).toEqual(['4711']);
    expect(listeningInodes(table, 15001, 'tcp')).toEqual([]);
  });
});

describe('host name', () => {
  it.each([
    ['web1', 'web1.example.org', 'web1.example.org'],
    ['web1', 'WEB1.example.org', 'WEB1.example.org'],
    ['web1', 'localhost', undefined],
    ['web1', 'web10.example.org', undefined],
    ['web1', undefined, undefined],
  ])('of %s, looked up as %s', (own, found, expected) => {
    expect(fullName(own, found)).toBe(expected);
  });

  it('is never waited for long, and the short name where there is no other', async () => {
    expect(await machineName('no-such-host-here')).toBe('no-such-host-here');
    expect(await machineName('full.example.org')).toBe('full.example.org');
  });
});

describe('directoryMeant', () => {
  it.each([
    ['~', '/home/me'],
    ['~/dkm', '/home/me/dkm'],
    ['~/dkm///', '/home/me/dkm'],
    ['/no/such/../place/', '/no/place'],
    ['relative dir', join(process.cwd(), 'relative dir')],
  ])('takes %s as %s', (typed, expected) => {
    expect(directoryMeant(typed, '/home/me')).toBe(expected);
  });

  it.each(['', '  ', '~other/dkm'])('refuses %j', (typed) => {
    expect(() => directoryMeant(typed)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('refuses what the file system refuses', () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('loop', join(folder, 'loop'));
    const refusal = expect.objectContaining({ code: 'preflight-refused' }) as Error;
    expect(() => directoryMeant(join(folder, 'file', 'below'))).toThrow(refusal);
    expect(() => directoryMeant(join(folder, 'loop', 'below'))).toThrow(refusal);
    expect(() => directoryMeant(join(folder, 'x'.repeat(300)))).toThrow(refusal);
  });

  it('resolves links', () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    expect(directoryMeant(join(folder, 'link', 'new'))).toBe(join(folder, 'real', 'new'));
  });
});

describe('directoryState', () => {
  it('tells what is there', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('nowhere', join(folder, 'dangling'));
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'begun', 'run'), { recursive: true });
    writeFileSync(join(folder, 'begun', 'run', 'install.lock.1'), '');
    mkdirSync(join(folder, 'run', 'run'), { recursive: true });
    writeFileSync(join(folder, 'run', 'run', 'precious'), '');
    expect(await directoryState(join(folder, 'absent'))).toEqual({ kind: 'absent' });
    expect(await directoryState(join(folder, 'file'))).toMatchObject({ kind: 'unusable' });
    expect(await directoryState(join(folder, 'dangling'))).toMatchObject({ kind: 'unusable' });
    expect(await directoryState(join(folder, 'empty'))).toEqual({ kind: 'empty' });
    expect(await directoryState(join(folder, 'begun'))).toEqual({ kind: 'empty' });
    expect(await directoryState(join(folder, 'run'))).toEqual({ kind: 'foreign', example: 'run' });
    expect(await directoryState(folder)).toMatchObject({ kind: 'foreign' });
  });
});

describe('programs', () => {
  it('finds an executable file and nothing else', () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'tool'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'text'), '', { mode: 0o644 });
    mkdirSync(join(folder, 'folder'));
    expect(findProgram('tool', ['/nowhere', folder])).toBe(join(folder, 'tool'));
    expect(findProgram('text', [folder])).toBeUndefined();
    expect(findProgram('folder', [folder])).toBeUndefined();
    expect(searchPath('/bin:relative::/sbin')).toEqual(['/bin', '/sbin']);
  });

  it('asks each Python for its version and modules, and leaves out what does not answer', async () => {
    const folder = temporaryDirectory();
    const script = (name: string, text: string): void => writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    script('python3', `echo noise; echo '{"version": "3.11.2", "missingModules": ["distutils"]}'`);
    script('python3.12', 'exit 1');
    script('python3-config', 'echo no');
    expect(await findPythons([folder, '/nowhere'], ['distutils'])).toEqual([
      { path: join(folder, 'python3'), version: '3.11.2', missingModules: ['distutils'] },
    ]);
  });

  it('asks a real Python', async (context) => {
    const pythons = await findPythons(searchPath(), ['json', 'no_such_module_here']);
    if (pythons.length === 0) context.skip('no python3 on PATH; install python3 to run this test');
    expect(pythons[0]).toMatchObject({ version: expect.stringMatching(/^3\.\d+\.\d+$/) as string, missingModules: ['no_such_module_here'] });
  });
});

describe('C library', () => {
  it.runIf(process.platform === 'linux')('is known by name and version', () => {
    const { kind, version } = cLibrary();
    expect(['glibc', 'musl']).toContain(kind);
    if (kind === 'glibc') expect(version).toMatch(/^2\.\d+/);
  });
});
