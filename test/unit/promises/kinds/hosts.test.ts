import { describe, expect, it } from 'vitest';
import { isLeftOut, targetsForHosts } from '../../../../src/promises/kinds/hosts.ts';

describe('targets with {host}', () => {
  it.each<[string, string[], string[]]>([
    ['without one', ['a.b'], ['a.b']],
    ['at the beginning', ['{host}.b'], ['*.b', '*.*.b', '*.*.*.b']],
    ['in the middle', ['a.{host}.b'], ['a.*.b', 'a.*.*.b', 'a.*.*.*.b']],
    ['several', ['a', '{host}'], ['a', '*', '*.*', '*.*.*']],
    [
      'in functions that want the place of its last part',
      ['applyByNode(x.y.{host}.b,{last},"sum(%.c)")'],
      ['applyByNode(x.y.*.b,2,"sum(%.c)")', 'applyByNode(x.y.*.*.b,3,"sum(%.c)")', 'applyByNode(x.y.*.*.*.b,4,"sum(%.c)")'],
    ],
  ])('%s', (_, targets, expected) => expect(targetsForHosts(targets, 3)).toEqual(expected));
});

describe('hosts that are left out', () => {
  const target = ['f(collectd.{host}.df.*.free)'];
  const hosts = { most_parts: 4, reversed: true, except: [] };
  it.each<[string, string, object, boolean]>([
    ['nobody', 'collectd.org.example.a.df.root.free', {}, false],
    ['one by name', 'collectd.org.example.a.df.root.free', { except: ['a.example.org'] }, true],
    ['another', 'collectd.org.example.b.df.root.free', { except: ['a.example.org'] }, false],
    ['one whose name begins so', 'collectd.org.example.ab.df.root.free', { except: ['a.example.org'] }, false],
    ['those of a domain', 'collectd.org.example.b.df.root.free', { except: ['*.example.org'] }, true],
    ['this one', 'collectd.org.example.a.df.root.free', { apart_from: 'a.example.org' }, true],
    ['as a function names it', 'f(collectd.org.example.a.df.root.free, "x")', { apart_from: 'a.example.org' }, true],
    ['in their own order', 'collectd.a.example.org.df.root.free', { except: ['a.example.org'], reversed: false }, true],
    ['of another metric', 'other.org.example.a.df.root.free', { except: ['a.example.org'] }, false],
  ])('%s', (_, series, change, expected) => expect(isLeftOut(series, target, { ...hosts, ...change })).toBe(expected));

  it('are none where the target is of no host', () => expect(isLeftOut('a.b', ['a.b'], { ...hosts, except: ['*'] })).toBe(false));
});
