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
    [
      'conf/collectd.d/a.conf: it cannot be read: Permission denied\nconf/collectd.d/b.conf, line 2: block not closed',
      'its configuration is not right: conf/collectd.d/a.conf: it cannot be read: Permission denied',
    ],
    ['sh: 1: cannot open conf/x.toml: No such file or directory', 'a file it needs is missing'],
    ['OSError: [Errno 24] Too many open files', 'the limit of open files'],
    ['2026/11/21 04:54:36 listen tcp 10.9.9.9:15001: bind: cannot assign requested address', 'an address it shall listen on'],
    ['2026-11-21T04:54:44.811Z\tFATAL\tmain\tlisten tcp :80: bind: permission denied', 'it may not use port 80: ports below 1024 take root'],
    ['open /data/conf/x: permission denied', 'permission denied): open /data/conf/x: permission denied'],
    ['sqlite3: attempt to write: read-only file system', 'is read-only'],
    ['failed to check table existence: database disk image is malformed', 'its database is damaged'],
    ['dyld[1]: Library not loaded: /usr/local/lib/libz.dylib', 'the library /usr/local/lib/libz.dylib is missing'],
    ["No module named 'x'\n[ERROR] Worker (pid:1) exited with code 3.\n[ERROR] Reason: Worker failed to boot.", 'the Python module x is missing'],
    ['panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:', 'it has a defect: panic: runtime error: index out of range'],
  ])('%s', (lastLines, expected) => {
    expect(likelyCause({ code: 1, signal: null, lastLines })).toContain(expected);
  });

  // As the programs print it, run with files that are wrong in these ways: go-carbon 0.19.1, carbonapi 0.18.2, carbon 1.1.10, gunicorn 27.0.1.
  it.each([
    ['2026/11/21 04:54:36 toml: line 6 (last key "common.max-cpu"): expected value but found \'=\' instead', 'toml: line 6 (last key '],
    [
      '2026/11/21 04:54:36 toml: line 6 (last key "common.max-cpu"): incompatible types: TOML value has type string; destination has type integer',
      'toml: line 6 (last key ',
    ],
    [
      '2026/11/21 04:54:44 [persister] Failed to parse retentions "nonsense" for [default]: bad retentions spec "nonsense"',
      'Failed to parse retentions "nonsense" for [default]: bad retentions spec "nonsense"',
    ],
    [
      '2026/11/21 04:54:44 [persister] Failed to parse pattern "(" for [default]: error parsing regexp: missing closing ): `(`',
      'Failed to parse pattern "(" for [default]',
    ],
    [
      'T\tFATAL\tmain\tfailed to parse config\t{"config_path": "a.yaml", "error": "While parsing config: yaml: line 4: found unexpected end of stream"}',
      'yaml: line 4: found unexpected end of stream',
    ],
    [
      'T\tFATAL\tmain\tfailed to parse config\t{"config_path": "c.yaml", "error": "While parsing config: yaml: line 1: did not find expected \',\' or \']\'"}',
      "yaml: line 1: did not find expected ',' or ']'",
    ],
    [
      'T\tFATAL\tmain\tfailed to parse config\t{"error": "decoding failed due to the following error(s):\\n\\n\'cpus\' cannot parse value as \'int\': strconv.ParseInt: invalid syntax"}',
      "'cpus' cannot parse value as 'int'",
    ],
    ['T\tFATAL\tmain\tno backends specified for upstreams!', 'no backends specified for upstreams!'],
    [
      "    raise e\nconfigparser.ParsingError: Source contains parsing errors: '/conf/carbon.conf'\n\t[line  2]: 'nonsense line\\n'",
      "/conf/carbon.conf, line 2: 'nonsense line",
    ],
    ["    port = int(settings.get('%s_RECEIVER_PORT' % plugin_up, 0))\nValueError: invalid literal for int() with base 10: 'abc'", "base 10: 'abc'"],
    [
      '  File "<frozen importlib._bootstrap>", line 241, in _call_with_frames_removed\n  File "/conf/gunicorn.conf.py", line 2\n    workers = = 2\n              ^\nSyntaxError: invalid syntax',
      '/conf/gunicorn.conf.py, line 2: SyntaxError: invalid syntax',
    ],
    ["Invalid value for workers: a\n\n\nError: invalid literal for int() with base 0: 'a'", 'Invalid value for workers: a'],
  ])('tells where a configuration is wrong: %s', (lastLines, where) => {
    const cause = likelyCause({ code: 1, signal: null, lastLines });
    expect(cause).toMatch(/^its configuration is not right: /);
    expect(cause).toContain(where);
  });

  it.each([
    ['named', 'memory ran out and the kernel killed it'],
    ['likely', 'memory ran out: the kernel'],
    ['no', 'a person or another program'],
    ['unknown', 'when that was not a person, memory ran out'],
  ] as const)('of a SIGKILL that is %s, whatever stands in the log', (memoryKill, expected) => {
    expect(likelyCause({ code: null, signal: 'SIGKILL', lastLines: 'permission denied', memoryKill })).toContain(expected);
  });

  it.each([
    [{ code: null, signal: 'SIGSEGV', lastLines: '' }, 'it crashed (SIGSEGV)'],
    [{ code: 125, signal: null, lastLines: '' }, 'a limit of conf/dkm.toml'],
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
