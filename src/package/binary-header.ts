import type { Platform } from '../base/platform.ts';

const ELF_MAGIC = 0x7f454c46;
const MACH_O_MAGIC_64 = 0xfeedfacf;

/** e_machine of the ELF specification. */
const ELF_MACHINES: Record<number, Platform> = { 0x3e: 'linux-x64', 0xb7: 'linux-arm64' };
/** cputype of <mach/machine.h>. */
const MACH_O_CPUS: Record<number, Platform> = { 0x01000007: 'darwin-x64', 0x0100000c: 'darwin-arm64' };

/** The platform that a program's first bytes (32 suffice) say it runs on. */
export function platformOfBinary(head: Buffer): Platform | undefined {
  if (head.length < 32) return undefined;
  if (head.readUInt32BE(0) === ELF_MAGIC) return ELF_MACHINES[head.readUInt16LE(18)];
  if (head.readUInt32LE(0) === MACH_O_MAGIC_64) return MACH_O_CPUS[head.readUInt32LE(4)];
  return undefined;
}
