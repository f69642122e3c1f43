import { createHash } from 'node:crypto';
import { DkmError } from '../base/errors.ts';

/*
 * Apple's processors run signed programs only, and a signature without a certificate ("ad hoc", what `codesign --sign -`
 * makes) is enough. It is a list of SHA-256 digests of the file's pages at its end, so it can be made on any machine.
 * A bundle could not be signed later: its bundle.json holds the digest of the executable as it was built.
 *
 * Structures: <mach-o/loader.h> and, of Apple's xnu, osfmk/kern/cs_blobs.h. Load commands are little endian, what
 * belongs to the signature is big endian.
 */

const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SIGNATURE_COMMAND_BYTES = 16;

const SUPER_BLOB = 0xfade0cc0;
const SUPER_BLOB_BYTES = 20; // with one entry
const CODE_DIRECTORY = 0xfade0c02;
const CODE_DIRECTORY_BYTES = 88;
const CODE_DIRECTORY_VERSION = 0x20400;
const AD_HOC = 0x2;
/** Tells tools that they may replace the signature unasked; linkers set it. */
const LINKER_SIGNED = 0x20000;
const SHA256_BYTES = 32;
const SHA256_TYPE = 2;
const PAGE_BITS = 12;
const PAGE_BYTES = 1 << PAGE_BITS;
const MAIN_BINARY = 1n;
/** Memory pages of Apple's processors. */
const SEGMENT_ALIGNMENT = 0x4000n;

interface Command {
  kind: number;
  offset: number;
  bytes: number;
}

/** The program with an ad-hoc signature in place of any that it has. Throws `build-failed` when it cannot carry one. */
export function adHocSigned(program: Buffer, identifier: string): Buffer {
  const commands = commandsOf(program);
  const text = segmentNamed(program, commands, '__TEXT');
  const linkEdit = segmentNamed(program, commands, '__LINKEDIT');
  const present = commands.find(({ kind }) => kind === LC_CODE_SIGNATURE);
  const codeBytes = present === undefined ? alignedTo16(program.length) : program.readUInt32LE(present.offset + 8);
  const signatureBytes = signatureLength(codeBytes, identifier);
  const signed = Buffer.alloc(codeBytes + signatureBytes);
  program.copy(signed, 0, 0, Math.min(program.length, codeBytes));
  writeCommand(signed, present?.offset ?? addCommand(signed, commands), codeBytes, signatureBytes);
  stretch(signed, linkEdit, signed.length);
  writeSignature(signed, codeBytes, identifier, { offset: signed.readBigUInt64LE(text.offset + 40), bytes: signed.readBigUInt64LE(text.offset + 48) });
  return signed;
}

function commandsOf(program: Buffer): Command[] {
  const commands: Command[] = [];
  for (let offset = HEADER_BYTES, left = program.readUInt32LE(16); left > 0; left -= 1) {
    const command = { kind: program.readUInt32LE(offset), offset, bytes: program.readUInt32LE(offset + 4) };
    commands.push(command);
    offset += command.bytes;
  }
  return commands;
}

function segmentNamed(program: Buffer, commands: readonly Command[], name: string): Command {
  const found = commands.find(({ kind, offset }) => kind === LC_SEGMENT_64 && nameAt(program, offset + 8) === name);
  if (found === undefined) throw new DkmError('build-failed', `The macOS executable cannot be signed: expected a segment ${name}, found none.`);
  return found;
}

function nameAt(program: Buffer, offset: number): string {
  return program.toString('latin1', offset, offset + 16).replace(/\0+$/, '');
}

/** Makes room for one more load command between the others and the first section; returns where. */
function addCommand(program: Buffer, commands: readonly Command[]): number {
  const last = commands.at(-1);
  const offset = last === undefined ? HEADER_BYTES : last.offset + last.bytes;
  if (program.subarray(offset, offset + SIGNATURE_COMMAND_BYTES).some((byte) => byte !== 0)) {
    throw new DkmError('build-failed', 'The macOS executable cannot be signed: there is no room for another load command.');
  }
  program.writeUInt32LE(program.readUInt32LE(16) + 1, 16);
  program.writeUInt32LE(program.readUInt32LE(20) + SIGNATURE_COMMAND_BYTES, 20);
  return offset;
}

function writeCommand(program: Buffer, offset: number, dataOffset: number, dataBytes: number): void {
  [LC_CODE_SIGNATURE, SIGNATURE_COMMAND_BYTES, dataOffset, dataBytes].forEach((value, index) => program.writeUInt32LE(value, offset + 4 * index));
}

/** The last segment reaches to the end of the file, the signature included. */
function stretch(program: Buffer, { offset }: Command, fileBytes: number): void {
  const bytes = BigInt(fileBytes) - program.readBigUInt64LE(offset + 40);
  program.writeBigUInt64LE(bytes, offset + 48);
  const inMemory = ((bytes + SEGMENT_ALIGNMENT - 1n) / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT;
  if (program.readBigUInt64LE(offset + 32) < bytes) program.writeBigUInt64LE(inMemory, offset + 32);
}

function alignedTo16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

function signatureLength(codeBytes: number, identifier: string): number {
  return SUPER_BLOB_BYTES + CODE_DIRECTORY_BYTES + identifier.length + 1 + Math.ceil(codeBytes / PAGE_BYTES) * SHA256_BYTES;
}

function writeSignature(program: Buffer, codeBytes: number, identifier: string, text: { offset: bigint; bytes: bigint }): void {
  const signature = program.subarray(codeBytes);
  const pages = Math.ceil(codeBytes / PAGE_BYTES);
  const hashesOffset = CODE_DIRECTORY_BYTES + identifier.length + 1;
  const directory = signature.subarray(SUPER_BLOB_BYTES);
  [SUPER_BLOB, signature.length, 1, 0, SUPER_BLOB_BYTES].forEach((value, index) => signature.writeUInt32BE(value, 4 * index));
  const fields = [CODE_DIRECTORY, directory.length, CODE_DIRECTORY_VERSION, AD_HOC | LINKER_SIGNED, hashesOffset, CODE_DIRECTORY_BYTES, 0, pages, codeBytes];
  fields.forEach((value, index) => directory.writeUInt32BE(value, 4 * index));
  directory.set([SHA256_BYTES, SHA256_TYPE, 0, PAGE_BITS], 36);
  // 40 to 63: no scattered pages, no team, no code beyond 4 GiB.
  [text.offset, text.bytes, MAIN_BINARY].forEach((value, index) => directory.writeBigUInt64BE(value, 64 + 8 * index));
  directory.write(`${identifier}\0`, CODE_DIRECTORY_BYTES, 'latin1');
  for (let page = 0; page < pages; page += 1) {
    const content = program.subarray(page * PAGE_BYTES, Math.min((page + 1) * PAGE_BYTES, codeBytes));
    directory.set(createHash('sha256').update(content).digest(), hashesOffset + page * SHA256_BYTES);
  }
}
