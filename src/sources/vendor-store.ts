import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { sha256, sha256File } from '../base/digest.ts';
import { DkmError, isNotFound, systemCodeOf } from '../base/errors.ts';
import { readIfPresent, writeAtomic } from '../base/files.ts';
import { checked, parseJson } from '../base/structured.ts';
import { VERIFICATION_LEVELS } from '../contract/verification.ts';
import { ARCHIVE_KINDS } from '../manifest/schema.ts';
import type { Artifact } from './source.ts';
import { openWorkspace } from './workspace.ts';

/*
 * The vendor directory: cache and offline mirror in one. Files lie under their digest in `sha256/`; what a request
 * was answered with lies in `requests/`, under the digest of the request. Both come into place by a rename, and work
 * under way is in folders that belong to one process each (workspace.ts). So an interrupted or a concurrent
 * make-package leaves nothing half-done, without any lock: whoever is second renames the same content over the first.
 *
 *   sha256/<digest>          a file's content
 *   requests/<digest>.json   { request, artifacts }
 *   partial/                 work under way
 */

const recordSchema = z.strictObject({
  request: z.string(),
  artifacts: z.array(
    z.strictObject({
      file: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.number().int().nonnegative(),
      archive: z.enum(ARCHIVE_KINDS),
      into: z.string(),
      origin: z.string(),
      verified: z.enum(VERIFICATION_LEVELS),
      pick: z.record(z.string(), z.string()).optional(),
      licence: z.string().optional(),
    }),
  ),
});

/** A file in the store. */
export interface StoredFile {
  path: string;
  sha256: string;
  /** bytes */
  size: number;
}

export interface VendorStore {
  /** Absolute. */
  readonly root: string;
  /** A folder for a download under way, holding what a killed process had begun under the same key; the caller removes it. */
  claim(key: string): Promise<string>;
  /** A new empty directory for a program to work in; the caller removes it. */
  scratch(): Promise<string>;
  /** Moves a finished file into the store and returns where it lies now. */
  adopt(path: string): Promise<StoredFile>;
  /** The file with this digest, checked against it; undefined when the store has none. */
  find(digest: string): Promise<StoredFile | undefined>;
  /** What `request` was answered with before, every file checked against its digest; undefined when it was not. */
  recall(request: string): Promise<Artifact[] | undefined>;
  remember(request: string, artifacts: readonly Artifact[]): Promise<void>;
}

/** Opens (and makes) a vendor directory, and clears away what killed runs left in it. */
export async function openVendorStore(folder: string): Promise<VendorStore> {
  const root = resolve(folder);
  const contents = join(root, 'sha256');
  const requests = join(root, 'requests');
  for (const path of [contents, requests]) await mkdir(path, { recursive: true });
  const workspace = await openWorkspace(join(root, 'partial'));

  const find = (digest: string): Promise<StoredFile | undefined> => intact(join(contents, digest), digest);
  const recordPath = (request: string): string => join(requests, `${sha256(request)}.json`);
  return {
    root,
    ...workspace,
    find,
    adopt: async (path) => {
      const digest = await sha256File(path);
      const { size } = await stat(path);
      const target = join(contents, digest);
      await moveInto(path, target);
      return { path: target, sha256: digest, size };
    },
    recall: async (request) => {
      const path = recordPath(request);
      const text = await readIfPresent(path);
      if (text === undefined) return undefined;
      const record = checked(recordSchema, parseJson(text, path), path);
      const files = await Promise.all(record.artifacts.map((artifact) => find(artifact.sha256)));
      if (files.includes(undefined)) return undefined;
      return record.artifacts.map(({ pick, licence, ...rest }) => ({
        ...rest,
        path: join(contents, rest.sha256),
        ...(pick && { pick }),
        ...(licence !== undefined && { licence }),
      }));
    },
    remember: async (request, artifacts) => {
      const record = { request, artifacts: artifacts.map(({ path: _path, ...rest }) => rest) };
      await writeAtomic(recordPath(request), `${JSON.stringify(record, null, 1)}\n`, 0o644);
    },
  };
}

/** Renames, or on another file system copies, a file to its final name; one that is there already has the same content. */
async function moveInto(path: string, target: string): Promise<void> {
  await chmod(path, 0o644);
  try {
    await rename(path, target);
  } catch (error) {
    if (systemCodeOf(error) !== 'EXDEV') throw error;
    const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
    await copyFile(path, temporary, constants.COPYFILE_FICLONE);
    await rename(temporary, target);
    await rm(path);
  }
}

/** The file, if there; one with other content than its name says was tampered with or damaged. */
async function intact(path: string, digest: string): Promise<StoredFile | undefined> {
  try {
    const found = await sha256File(path);
    if (found === digest) return { path, sha256: digest, size: (await stat(path)).size };
    throw new DkmError('verification-failed', `${path}: expected SHA-256 ${digest}, found ${found}.`, {
      hint: `The vendor directory was altered or damaged. Remove this file and fetch it again.`,
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
