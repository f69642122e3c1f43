import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adHocSigned } from '../../../src/package/macho-signature.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const LC_CODE_SIGNATURE = 0x1d;

/** A small macOS program; Go's linker signs those for Apple's processors itself. */
function goProgram(arch: 'arm64' | 'amd64'): Buffer {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'go.mod'), 'module small\n\ngo 1.20\n');
  writeFileSync(join(folder, 'main.go'), 'package main\n\nfunc main() { println("small") }\n');
  execFileSync('go', ['build', '-o', 'program', '.'], {
    cwd: folder,
    env: { ...process.env, GOOS: 'darwin', GOARCH: arch, CGO_ENABLED: '0', GOFLAGS: '', GOTOOLCHAIN: 'local' },
  });
  return readFileSync(join(folder, 'program'));
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version']);
    return true;
  } catch {
    return false;
  }
}

/** Where a program's signature begins; undefined of one without. */
function signatureOffset(program: Buffer): number | undefined {
  let offset = 32;
  for (let left = program.readUInt32LE(16); left > 0; left -= 1) {
    if (program.readUInt32LE(offset) === LC_CODE_SIGNATURE) return program.readUInt32LE(offset + 8);
    offset += program.readUInt32LE(offset + 4);
  }
  return undefined;
}

const reason = hasGo() ? undefined : 'Go is not installed, which makes and signs the program to compare with: https://go.dev/doc/install';

describe.skipIf(reason)(`adHocSigned${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('makes the very signature that Go’s linker makes', () => {
    const program = goProgram('arm64');
    const spoilt = Buffer.from(program).fill(0xff, signatureOffset(program));
    expect(adHocSigned(spoilt, 'a.out').equals(program)).toBe(true);
  }, 120_000);

  it('adds one to a program without, and makes the same again of the result', () => {
    const program = goProgram('amd64');
    expect(signatureOffset(program)).toBeUndefined();
    const signed = adHocSigned(program, 'dkm');
    expect(signatureOffset(signed)).toBe(Math.ceil(program.length / 16) * 16);
    expect(adHocSigned(signed, 'dkm').equals(signed)).toBe(true);
  }, 120_000);
});
