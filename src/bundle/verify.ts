import { createHash, webcrypto } from 'node:crypto';
import { lstat, readFile, readlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { digestFile } from '../base/digest.ts';
import { DkmError } from '../base/errors.ts';
import { listTree } from '../base/files.ts';
import { BUNDLE_FILE, readBundle, type Bundle, type BundledFile, type BundledLink } from '../contract/bundle.ts';

/**
 * Reads bundle.json and compares every file with it: nothing missing, nothing changed, nothing added. Throws
 * `bundle-damaged` with the names of the files.
 */
export async function verifyBundle(root: string, onProgress: (doneBytes: number) => void = () => undefined): Promise<Bundle> {
  const bundle = await readBundle(root);
  const present = await listTree(root);
  const added = present.filter((path) => path !== BUNDLE_FILE && bundle.files[path] === undefined).map((path) => `${path}: is not part of the bundle`);
  const changed = await faultsOfFiles(root, bundle, onProgress);
  const faults = [...changed, ...added];
  if (faults.length === 0) return bundle;
  throw new DkmError('bundle-damaged', `The bundle in ${root} is not as it was made:\n${listOf(faults)}`, {
    hint: 'Check the tarball against its .sha256 file and unpack it again into an empty directory.',
  });
}

const SHOWN = 10;

function listOf(faults: readonly string[]): string {
  const rest = faults.length > SHOWN ? [`and ${faults.length - SHOWN} more`] : [];
  return [...faults.slice(0, SHOWN), ...rest].map((line) => `  ${line}`).join('\n');
}

/** What of a bundle's files is missing or not as bundle.json says, one line each; files that it does not name are not looked at. */
export async function faultsOfFiles(root: string, bundle: Bundle, onProgress: (doneBytes: number) => void = () => undefined): Promise<string[]> {
  const entries = Object.entries(bundle.files);
  const faults: string[] = [];
  let next = 0;
  let doneBytes = 0;
  const work = async (): Promise<void> => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      const [path, expected] = entry;
      const fault = await faultOf(join(root, path), expected);
      if (fault !== undefined) faults.push(`${path}: ${fault}`);
      doneBytes += 'link' in expected ? 0 : expected.size;
      onProgress(doneBytes);
    }
  };
  await Promise.all(Array.from({ length: 4 * availableParallelism() }, work));
  return faults.sort();
}

/** Files up to this size are read whole and hashed in Node's thread pool, several at a time; bigger ones as a stream. */
const WHOLE_FILE_BYTES = 16 << 20;

async function faultOf(path: string, expected: BundledFile | BundledLink): Promise<string | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return 'is missing';
  if ('link' in expected) {
    const target = stat.isSymbolicLink() ? await readlink(path) : undefined;
    return target === expected.link ? undefined : `expected a link to ${expected.link}, found ${target === undefined ? 'something else' : `one to ${target}`}`;
  }
  if (!stat.isFile()) return 'expected a file, found something else';
  if (stat.size !== expected.size) return `expected ${expected.size} bytes, found ${stat.size}`;
  const found = await digestOf(path, stat.size).catch((error: unknown) => `unreadable (${String(error)})`);
  return found === expected.sha256 ? undefined : `expected SHA-256 ${expected.sha256}, found ${found}`;
}

async function digestOf(path: string, size: number): Promise<string> {
  if (size > WHOLE_FILE_BYTES) return (await digestFile(path, createHash('sha256'))).digest('hex');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', await readFile(path))).toString('hex');
}
