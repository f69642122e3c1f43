import { describe, expect, it } from 'vitest';
import { endingInWords, likelyCause } from '../../../src/supervisor/causes.ts';

describe('likelyCause', () => {
  it.each([
    ['listen tcp 0.0.0.0:15001: bind: address already in use', 'a port it needs is taken'],
    ["twisted.internet.error.CannotListenError: Couldn't listen on 0.0.0.0:15001: [Errno 98] Address already in use.", 'a port it needs is taken'],
    [
      'collectd: error while loading shared libraries: libcap.so.2: cannot open shared object file: No such file or directory',
      'the library libcap.so.2 is missing',
    ],
    ["/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by collectd)", "this machine's C library is older than GLIBC_2.34"],
    ["ModuleNotFoundError: No module named 'distutils'", 'the Python module distutils is missing'],
    ['write /data/whisper/a.wsp: no space left on device', 'the disk is full'],
    ['open /data/conf/x: permission denied', 'it may not use a file or port'],
    ["Parse error in file `collectd.conf', line 12 near `<newline>'", 'its configuration is not right'],
    ['sh: 1: cannot open conf/x.toml: No such file or directory', 'a file it needs is missing'],
    ['OSError: [Errno 24] Too many open files', 'the limit of open files'],
  ])('%s', (lastLines, expected) => {
    expect(likelyCause({ code: 1, signal: null, lastLines })).toContain(expected);
  });

  it.each([
    [{ code: null, signal: 'SIGKILL', lastLines: '' }, 'memory ran out'],
    [{ code: null, signal: 'SIGTERM', lastLines: '' }, 'ended by SIGTERM'],
    [{ code: 127, signal: null, lastLines: '' }, 'program is missing'],
    [{ code: 126, signal: null, lastLines: '' }, 'cannot be executed'],
    [{ code: 3, signal: null, lastLines: 'bye' }, 'unknown'],
  ])('%j', (ending, expected) => {
    expect(likelyCause(ending)).toContain(expected);
  });

  it('says how it ended', () => {
    expect(endingInWords({ code: 3, signal: null })).toBe('exit code 3');
    expect(endingInWords({ code: null, signal: 'SIGTERM' })).toBe('SIGTERM');
  });
});
