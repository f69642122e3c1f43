import { describe, expect, it } from 'vitest';
import { programOf } from '../../src/programs.ts';

describe('programOf', () => {
  it.each([
    ['/opt/x/bin/dkm', ['status'], 'dkm', ['status']],
    ['dkm', [], 'dkm', []],
    ['./dkm-1.0/installer', ['-d', 'x'], 'installer', ['-d', 'x']],
    ['dkmadmin', ['remove-boot'], 'dkmadmin', ['remove-boot']],
    ['/tmp/whatever', ['-d', 'dkm'], 'installer', ['-d', 'dkm']],
    ['installer', ['dkm', 'start'], 'dkm', ['start']],
    ['installer', ['console', '--config', 'x'], 'console', ['--config', 'x']],
    ['/opt/x/bin/dkm', ['console', 'token', 'list'], 'dkm', ['console', 'token', 'list']],
    ['dkm', ['constructor'], 'dkm', ['constructor']],
  ])('called as %s with %j it is %s with %j', (calledAs, args, name, rest) => {
    expect(programOf(calledAs, args)).toEqual({ name, args: rest });
  });
});
