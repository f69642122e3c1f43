import { describe, expect, it } from 'vitest';
import { platformOfBinary } from '../../../src/package/binary-header.ts';

function elf(machine: number): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head.writeUInt16LE(machine, 18);
  return head;
}

function machO(cpu: number): Buffer {
  const head = Buffer.alloc(64);
  head.writeUInt32LE(0xfeedfacf, 0);
  head.writeUInt32LE(cpu, 4);
  return head;
}

describe('platformOfBinary', () => {
  it.each([
    ['linux-x64', elf(0x3e)],
    ['linux-arm64', elf(0xb7)],
    ['darwin-x64', machO(0x01000007)],
    ['darwin-arm64', machO(0x0100000c)],
    [undefined, elf(0x28)],
    [undefined, Buffer.from('#!/bin/sh\n'.padEnd(64))],
    [undefined, Buffer.alloc(0)],
  ])('%s', (platform, head) => expect(platformOfBinary(head)).toBe(platform));
});
