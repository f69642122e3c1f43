import { describe, expect, it } from 'vitest';
import { judgeMemoryKill } from '../../../src/supervisor/out-of-memory.ts';

// As Linux 6 writes it (mm/oom_kill.c).
const LOG = '[ 1234.5] Out of memory: Killed process 4321 (go-carbon) total-vm:1234kB, anon-rss:1000kB, file-rss:0kB, shmem-rss:0kB, UID:1000';
const IN_A_GROUP = '[ 1234.5] Memory cgroup out of memory: Killed process 4321 (go-carbon) total-vm:1234kB, anon-rss:1000kB, UID:1000';

describe('judgeMemoryKill', () => {
  it.each([
    ['named in the log', 3, 4, LOG, 'named'],
    ['named in the log, killed in a control group', 3, 4, IN_A_GROUP, 'named'],
    ['named, where the kernel does not count', null, null, LOG, 'named'],
    ['another was named', 3, 4, LOG.replace('4321', '43210'), 'likely'],
    ['no log to read', 3, 4, undefined, 'likely'],
    ['nothing was killed', 3, 3, undefined, 'no'],
    ['nothing is known', null, null, undefined, 'unknown'],
  ] as const)('%s', (_, before, after, log, expected) => {
    expect(judgeMemoryKill(4321, before, after, log)).toBe(expected);
  });
});
