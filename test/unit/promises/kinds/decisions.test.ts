import { describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../../../src/contract/status.ts';
import { certificateOutcome, type CertificateSettings, type FoundCertificate } from '../../../../src/promises/kinds/certificate.ts';
import { clockOutcome, jumpSeconds, type ClockFacts, type ClockSettings } from '../../../../src/promises/kinds/clock.ts';
import { commandOutcome, type CommandSettings } from '../../../../src/promises/kinds/command.ts';
import { diskOutcome, type DiskSettings, type Room } from '../../../../src/promises/kinds/disk.ts';
import { fileOutcome, type FileSettings, type FoundFile } from '../../../../src/promises/kinds/file.ts';
import { httpOutcome, type HttpSettings } from '../../../../src/promises/kinds/http.ts';
import { excerpt, namesInWords } from '../../../../src/promises/kinds/outcome.ts';
import { parseFileHandles, parseMemory, parseProcesses, resourceOutcome } from '../../../../src/promises/kinds/resource.ts';
import { parsePs, processOf, processOutcome, type ProcessSettings, type SeenProcess } from '../../../../src/promises/kinds/processes.ts';
import { serviceOutcome, type ServiceSettings } from '../../../../src/promises/kinds/service.ts';
import { tcpOutcome } from '../../../../src/promises/kinds/tcp.ts';
import { whisperOutcome } from '../../../../src/promises/kinds/whisper.ts';
import { pauseFor } from '../../../../src/promises/kinds/with-service.ts';
import { NOW_MS, serviceOf } from './scene.ts';

const GIB = 2 ** 30;
const DAY_MS = 86_400_000;

describe('tcp', () => {
  it.each([
    ['127.0.0.1', undefined, 'ok', '127.0.0.1:80 takes connections.'],
    ['::1', 'refuses connections', 'failed', '[::1]:80 refuses connections.'],
  ])('%s %s', (host, fault, state, message) => expect(tcpOutcome({ host, port: 80 }, fault, 3)).toMatchObject({ state, message }));
});

describe('http', () => {
  const settings: HttpSettings = { url: 'https://h/', method: 'GET', status: [200], headers: {}, follow_redirects: true, verify_tls: true };
  const reply = { kind: 'answered', status: 200, body: 'all is well', isWhole: true, dateMs: undefined, certificateUntilMs: undefined, elapsedMs: 20 } as const;
  it.each<[string, Partial<HttpSettings>, object, string, string]>([
    ['well', {}, {}, 'ok', 'https://h/ answers as it should.'],
    ['another status', {}, { status: 503, body: '<h1>Down</h1>\nfor now' }, 'failed', 'https://h/ answers with status 503, expected 200: Down for now.'],
    ['one of several', { status: [401, 403] }, { status: 403 }, 'ok', 'https://h/ answers as it should.'],
    ['contains', { contains: 'is well' }, {}, 'ok', 'https://h/ answers as it should.'],
    ['contains not', { contains: 'ill' }, {}, 'failed', 'https://h/ answers with a body that does not contain "ill".'],
    ['matches', { matches: '^all\\b' }, {}, 'ok', 'https://h/ answers as it should.'],
    ['matches not', { matches_not: 'w.ll$' }, {}, 'failed', 'https://h/ answers with a body that matches /w.ll$/.'],
    [
      'a body that was cut',
      { contains: 'ill' },
      { isWhole: false },
      'failed',
      'https://h/ answers with a body that does not contain "ill" in its first 1048576 bytes.',
    ],
    ['a certificate', { certificate_days: 14 }, { certificateUntilMs: NOW_MS + 15 * DAY_MS }, 'ok', 'https://h/ answers as it should.'],
    [
      'a certificate that ends',
      { certificate_days: 14 },
      { certificateUntilMs: NOW_MS + 3.5 * DAY_MS },
      'failed',
      'https://h/ has a certificate that ends in 3 days, expected at least 14.',
    ],
    ['a certificate that ended', { certificate_days: 14 }, { certificateUntilMs: NOW_MS - 1 }, 'failed', 'https://h/ has a certificate that has expired.'],
    ['no certificate', { certificate_days: 14 }, {}, 'failed', 'https://h/ has no certificate: it was not asked over TLS.'],
    ['slow', { answer_ms: 10 }, {}, 'failed', 'https://h/ took longer than 10 ms to answer.'],
  ])('%s', (_, change, answer, state, message) =>
    expect(httpOutcome({ ...settings, ...change }, { ...reply, ...answer }, NOW_MS)).toMatchObject({ state, message }),
  );

  it('says why nothing came back', () =>
    expect(httpOutcome(settings, { kind: 'failed', why: 'refuses connections' }, NOW_MS)).toEqual({
      state: 'failed',
      message: 'https://h/ refuses connections.',
    }));
});

describe('certificate', () => {
  const settings: CertificateSettings = { host: 'h', port: 443, days: 14, required: true };
  const ending = (days: number, from = -1): FoundCertificate => ({ kind: 'certificate', fromMs: NOW_MS + from * DAY_MS, untilMs: NOW_MS + days * DAY_MS });
  it.each<[string, Partial<CertificateSettings>, FoundCertificate, string]>([
    ['holds', {}, ending(20), 'ok'],
    ['ends', {}, ending(13), 'failed'],
    ['ended', {}, ending(-1), 'failed'],
    ['does not hold yet', {}, ending(20, 1), 'failed'],
    ['is not there', {}, { kind: 'none', why: 'does not speak TLS' }, 'failed'],
    ['need not be there', { required: false }, { kind: 'none', why: 'does not speak TLS' }, 'ok'],
    ['cannot be had', { required: false }, { kind: 'failed', why: 'refuses connections' }, 'failed'],
  ])('%s', (_, change, found, state) => expect(certificateOutcome({ ...settings, ...change }, found, NOW_MS).state).toBe(state));
});

describe('file', () => {
  const settings: FileSettings = { path: '/f', state: 'exists', last_lines: 2 };
  const there = (change: object = {}): FoundFile => ({ kind: 'there', isRegular: true, bytes: 100, ageSeconds: 60, text: 'one\ntwo\nthree\n', ...change });
  it.each<[string, Partial<FileSettings>, FoundFile, string, string]>([
    ['is there', {}, there(), 'ok', '/f is as it should be.'],
    ['is not there', {}, { kind: 'missing' }, 'failed', '/f is not there.'],
    ['should not be there', { state: 'absent' }, there(), 'failed', '/f is there, and should not be.'],
    ['is not there, as it should', { state: 'absent' }, { kind: 'missing' }, 'ok', '/f is not there, as it may be.'],
    ['need not be there', { state: 'any', max_bytes: 1 }, { kind: 'missing' }, 'ok', '/f is not there, as it may be.'],
    ['is there, and too large', { state: 'any', max_bytes: 99 }, there(), 'failed', '/f is larger than 99 B.'],
    ['too small', { min_bytes: 101 }, there(), 'failed', '/f is smaller than 101 B.'],
    ['too old', { max_age_s: 59 }, there(), 'failed', '/f was not written for more than 59 s.'],
    ['too young', { min_age_s: 61 }, there(), 'failed', '/f was written less than 1 m 1 s ago.'],
    ['the last lines count', { contains: 'one' }, there(), 'failed', '/f does not contain "one".'],
    ['and they do', { contains: 'two' }, there(), 'ok', '/f is as it should be.'],
    ['a line that must not be', { matches_not: '^th' }, there(), 'failed', '/f matches /^th/.'],
    ['a directory has no text', { contains: 'x' }, there({ isRegular: false, text: undefined }), 'failed', '/f is not a file that can be read.'],
    ['may not be looked at', {}, { kind: 'unreadable', why: 'EACCES' }, 'failed', '/f cannot be looked at: EACCES.'],
  ])('%s', (_, change, found, state, message) => expect(fileOutcome({ ...settings, ...change }, found)).toMatchObject({ state, message }));
});

describe('command', () => {
  const settings: CommandSettings = { command: ['/bin/x', 'y'], exit_code: [0], directory: '/', environment: {} };
  const tail = (text: string) => ({ bytes: Buffer.from(text), isCut: false });
  const ending = (code: number | null, stdout = '', stderr = '') => ({
    code,
    signal: code === null ? ('SIGSEGV' as const) : null,
    stdout: tail(stdout),
    stderr: tail(stderr),
  });
  it.each<[string, Partial<CommandSettings>, ReturnType<typeof ending>, object]>([
    ['well', {}, ending(0, 'fine'), { state: 'ok', message: '/bin/x ended as it should.' }],
    ['another code', {}, ending(3, 'out', 'went\nwrong'), { state: 'failed', message: '/bin/x ended with exit code 3, expected 0.', error: 'went wrong' }],
    ['a code that is expected', { exit_code: [1, 3] }, ending(3), { state: 'ok' }],
    ['a signal', {}, ending(null), { state: 'failed', message: '/bin/x was ended by SIGSEGV.' }],
    ['what it prints', { contains: 'OK' }, ending(0, 'bad'), { state: 'failed', message: '/bin/x printed what does not contain "OK".', error: 'bad' }],
  ])('%s', (_, change, end, expected) => expect(commandOutcome({ ...settings, ...change }, end)).toMatchObject(expected));
});

describe('service', () => {
  const settings: ServiceSettings = { services: [], may_be_stopped: true, max_restarts: 3, settled_s: 900 };
  it.each<[string, Partial<ServiceSettings>, ServiceStatus[], string, string]>([
    ['well', {}, [serviceOf('a'), serviceOf('b')], 'ok', 'All services are as they should be.'],
    ['one', { services: ['a'] }, [serviceOf('a'), serviceOf('b', { state: 'FATAL' })], 'ok', 'a is as it should be.'],
    ['given up', {}, [serviceOf('a', { state: 'FATAL' })], 'failed', 'a does not stay up and was given up (FATAL).'],
    ['ended', {}, [serviceOf('a', { state: 'BACKOFF', restarts: 1 })], 'failed', 'a ended and is to be started again (BACKOFF).'],
    [
      'starting',
      {},
      [serviceOf('a', { state: 'STARTING', ready: false })],
      'ok',
      'All services are as they should be.'.replace('All services are as they', 'a is as it'),
    ],
    [
      'starting after a failure',
      {},
      [serviceOf('a', { state: 'STARTING', restarts: 2, reason: 'exit code 1' })],
      'failed',
      'a is started again after it failed (STARTING).',
    ],
    ['stopped by somebody', {}, [serviceOf('a', { state: 'STOPPED' })], 'ok', 'a is as it should be.'],
    ['stopped, and should not be', { may_be_stopped: false }, [serviceOf('a', { state: 'STOPPED' })], 'failed', 'a is stopped.'],
    ['held', {}, [serviceOf('a', { state: 'STOPPED', held: true })], 'failed', 'a was stopped by dkm until there is space on the disk.'],
    ['unhealthy', {}, [serviceOf('a', { health: 'unhealthy' })], 'failed', 'a runs and does not answer as it should (unhealthy).'],
    ['restarted long ago', {}, [serviceOf('a', { restarts: 9 })], 'ok', 'a is as it should be.'],
    [
      'restarted lately',
      {},
      [serviceOf('a', { restarts: 3, startedAtMs: NOW_MS - 60_000 })],
      'failed',
      'a does not stay up: it was restarted 3 times or more, the last time less than 15 m ago.',
    ],
    ['restarted twice lately', {}, [serviceOf('a', { restarts: 2, startedAtMs: NOW_MS - 60_000 })], 'ok', 'a is as it should be.'],
    ['not known', { services: ['x'] }, [serviceOf('a')], 'failed', 'There is no service x here.'],
    ['nothing runs', {}, [], 'no-data', 'No service is known: dkm does not run.'],
  ])('%s', (_, change, services, state, message) => expect(serviceOutcome({ ...settings, ...change }, services, NOW_MS)).toMatchObject({ state, message }));
});

describe('a check about a service', () => {
  it.each<[string, ServiceStatus[], string | undefined]>([
    ['runs', [serviceOf('a')], undefined],
    ['is not known', [], undefined],
    ['starts', [serviceOf('a', { state: 'STARTING', ready: false })], 'Not looked at: a is starting.'],
    ['is not ready yet', [serviceOf('a', { ready: false })], 'Not looked at: a is starting.'],
    ['starts after a failure', [serviceOf('a', { state: 'STARTING', restarts: 1, reason: 'exit code 1' })], undefined],
    ['is stopped', [serviceOf('a', { state: 'STOPPED' })], 'Not looked at: a is stopped, as somebody wanted.'],
    ['is held', [serviceOf('a', { state: 'STOPPED', held: true })], undefined],
    ['is being stopped', [serviceOf('a', { state: 'STOPPING' })], 'Not looked at: a is stopping.'],
    ['has failed', [serviceOf('a', { state: 'FATAL' })], undefined],
    ['is to be tried again', [serviceOf('a', { state: 'BACKOFF' })], undefined],
  ])('that %s', (_, services, message) => expect(pauseFor('a', services)?.message).toBe(message));
});

describe('disk', () => {
  const settings: DiskSettings = { path: '/s', min_free_percent: 10, enough_free_mib: 10_240, min_free_inodes_percent: 5 };
  const room: Room = { freeBytes: 50 * GIB, totalBytes: 100 * GIB, freeInodes: 500, totalInodes: 1000 };
  it.each<[string, Partial<Room>, string, string]>([
    ['enough', {}, 'ok', 'There is room where /s is.'],
    ['little of a small disk', { freeBytes: 9 * GIB }, 'failed', 'Less than 10 % is free where /s is.'],
    ['little of a large disk, but enough', { freeBytes: 50 * GIB, totalBytes: 1000 * GIB }, 'ok', 'There is room where /s is.'],
    ['little of a large disk', { freeBytes: 9 * GIB, totalBytes: 1000 * GIB }, 'failed', 'Less than 10.0 GiB is free where /s is.'],
    ['few files', { freeInodes: 49 }, 'failed', 'Less than 5 % of the files that can be made are left where /s is.'],
    ['files made as needed', { freeInodes: 0, totalInodes: 0 }, 'ok', 'There is room where /s is.'],
    ['full', { freeBytes: 0 }, 'failed', 'Less than 10 % is free where /s is.'],
  ])('%s', (_, change, state, message) => expect(diskOutcome(settings, { ...room, ...change })).toMatchObject({ state, message }));
});

describe('resource', () => {
  const meminfo = (available: number, swap: number, swapFree: number): string =>
    `MemTotal:       1000 kB\nMemAvailable:   ${available} kB\nSwapTotal:      ${swap} kB\nSwapFree:       ${swapFree} kB\n`;
  const settings = { resource: 'memory', min_free_percent: 10, max_load_per_core: 4 } as const;
  it.each<[string, 'memory' | 'swap', Parameters<typeof resourceOutcome>[1], string]>([
    ['memory', 'memory', parseMemory(meminfo(500, 0, 0), 'memory'), 'ok'],
    ['little memory', 'memory', parseMemory(meminfo(99, 0, 0), 'memory'), 'failed'],
    ['no swap', 'swap', parseMemory(meminfo(99, 0, 0), 'swap'), 'ok'],
    ['full swap', 'swap', parseMemory(meminfo(99, 100, 1), 'swap'), 'failed'],
    ['full swap beside free memory', 'swap', parseMemory(meminfo(500, 100, 1), 'swap', 25), 'ok'],
    ['full swap beside little memory', 'swap', parseMemory(meminfo(200, 100, 1), 'swap', 25), 'failed'],
    ['another format', 'memory', parseMemory('nothing', 'memory'), 'no-data'],
    ['file handles', 'memory', parseFileHandles('1024\t0\t9223372036854775807\n'), 'ok'],
    ['hardly any file handles', 'memory', parseFileHandles('960 0 1000'), 'failed'],
    ['handles that are taken, but unused', 'memory', parseFileHandles('960 500 1000'), 'ok'],
    ['no file handles', 'memory', parseFileHandles(''), 'no-data'],
    ['process ids', 'memory', parseProcesses('0.1 0.2 0.3 1/523 4711', '32768\n'), 'ok'],
    ['hardly any process ids', 'memory', parseProcesses('0.1 0.2 0.3 1/31000 4711', '32768\n'), 'failed'],
    ['no process ids', 'memory', parseProcesses('', ''), 'no-data'],
    ['load', 'memory', { kind: 'load', perCore: 4 }, 'ok'],
    ['too much load', 'memory', { kind: 'load', perCore: 4.1 }, 'failed'],
  ])('%s', (_, resource, measured, state) => expect(resourceOutcome({ ...settings, resource }, measured).state).toBe(state));
});

describe('process', () => {
  const settings: ProcessSettings = { name: 'java', min: 1 };
  const java = (pid: number, more = ''): SeenProcess => ({ pid, name: 'java', argv: ['/usr/bin/java', '-Dx', more], residentBytes: 100 * 2 ** 20 });
  it.each<[string, Partial<ProcessSettings>, SeenProcess[], { pid: number | undefined } | undefined, string, string]>([
    ['one', {}, [java(1)], undefined, 'ok', 'As many as there should be: process java.'],
    ['none', {}, [], undefined, 'failed', 'There is no process java.'],
    ['too few', { min: 2 }, [java(1)], undefined, 'failed', 'There are fewer than 2 of: process java.'],
    ['too many', { max: 1 }, [java(1), java(2)], undefined, 'failed', 'There are more than 1 of: process java.'],
    ['should be none', { min: 0, max: 0 }, [java(1)], undefined, 'failed', 'There is a process java, and should be none.'],
    [
      'by its arguments',
      { name: undefined, pattern: 'dku\\.backend ' },
      [java(1), java(2, '-Ddku.backend x')],
      undefined,
      'ok',
      'As many as there should be: process /dku\\.backend /.',
    ],
    ['of a pid file', { name: undefined, pid_file: '/p' }, [java(1), java(2)], { pid: 2 }, 'ok', 'As many as there should be: process of /p.'],
    ['of a pid file that is old', { name: undefined, pid_file: '/p' }, [java(1)], { pid: 99 }, 'failed', 'There is no process of /p.'],
    ['of no pid file', { name: undefined, pid_file: '/p' }, [java(1)], { pid: undefined }, 'failed', 'There is no process of /p.'],
    ['too much memory', { max_memory_mib: 150 }, [java(1), java(2)], undefined, 'failed', 'More than 150 MiB of memory are used by: process java.'],
    [
      'a long name, which Linux cuts',
      { name: 'a-rather-long-name' },
      [{ ...java(1), name: 'a-rather-long-n', argv: [] }],
      undefined,
      'ok',
      'As many as there should be: process a-rather-long-name.',
    ],
  ])('%s', (_, change, seen, pidFile, state, message) => expect(processOutcome({ ...settings, ...change }, seen, pidFile)).toMatchObject({ state, message }));

  it('reads /proc', () => {
    expect(processOf(7, 'Name:\tbash\nVmRSS:\t    2048 kB\n', '/bin/bash\0-c\0a b\0')).toEqual({
      pid: 7,
      name: 'bash',
      argv: ['/bin/bash', '-c', 'a b'],
      residentBytes: 2 * 2 ** 20,
    });
  });

  it('reads ps', () => {
    expect(parsePs('    1   512 /sbin/launchd /sbin/launchd -x\n\n')).toEqual([
      { pid: 1, name: 'launchd', argv: ['/sbin/launchd', '-x'], residentBytes: 512 * 1024 },
    ]);
  });
});

describe('clock', () => {
  const settings: ClockSettings = { server: 'http://h/', max_offset_s: 10, synchronised: true, max_jump_s: 10, told_h: 1, no_data: 'no-data' };
  const facts: ClockFacts = { aheadSeconds: 1, unasked: undefined, isSynchronised: true, moved: undefined, upSeconds: 1e6 };
  it.each<[string, Partial<ClockSettings>, Partial<ClockFacts>, string, RegExp]>([
    ['well', {}, {}, 'ok', /agrees with http:\/\/h\/ to within 10 s, and something keeps it\.$/],
    ['behind', {}, { aheadSeconds: 11 }, 'failed', /by more than 10 s: it is behind/],
    ['ahead', {}, { aheadSeconds: -11 }, 'failed', /it is ahead/],
    ['moved', {}, { moved: { bySeconds: -3600, agoSeconds: 5 } }, 'failed', /set back by 1 h/],
    ['not kept', {}, { isSynchronised: false }, 'failed', /Nothing keeps the clock/],
    ['not kept, just after the machine was started', {}, { isSynchronised: false, upSeconds: 60 }, 'ok', /not moved/],
    ['nobody tells whether it is kept', {}, { isSynchronised: undefined }, 'ok', /Not known: this machine does not tell/],
    [
      'the server cannot be asked',
      {},
      { aheadSeconds: undefined, unasked: 'refuses connections' },
      'no-data',
      /could not be compared\. Not known: http:\/\/h\/ refuses connections/,
    ],
    [
      'the server need not be asked',
      { no_data: 'ok' },
      { aheadSeconds: undefined, unasked: 'refuses connections' },
      'ok',
      /Not known: http:\/\/h\/ refuses connections/,
    ],
  ])('%s', (_, change, fact, state, message) => expect(clockOutcome({ ...settings, ...change }, { ...facts, ...fact })).toMatchObject({ state, message }));

  it.each([
    [undefined, 5_000, 0],
    [5_000, 5_000, 0],
    [5_000, 65_000, 60],
    [65_000, 5_000, -60],
  ])('a move from %s to %s', (before, now, seconds) => expect(jumpSeconds(before, now)).toBe(seconds));
});

describe('whisper', () => {
  it.each([
    [[], 'ok', 'No file of /w that was looked at is damaged.'],
    [
      [
        { path: 'b.wsp', why: 'it is empty' },
        { path: 'a.wsp', why: 'x' },
      ],
      'failed',
      'Damaged in /w: a.wsp (x), b.wsp (it is empty).',
    ],
  ])('%j', (damaged, state, message) => expect(whisperOutcome('/w', damaged, { files: 1, rounds: 0 })).toMatchObject({ state, message }));
});

describe('words', () => {
  it('cut and clean what others said', () => expect(excerpt(`a\u0000b\n\u001b[31mc${'x'.repeat(300)}`, 10)).toBe('a b [31mc…'));
  it('count the rest', () => expect(namesInWords(['a', 'b', 'c'], 2)).toBe('a, b and 1 more'));
});
