import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeInstallation, type FakeInstallation } from './fake-installation.ts';
import { beforeRemoval } from './temporary.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/**
 * A fake installation with `bin/dkm` and `bin/dkmadmin`, run from the sources, that belongs to a user. Below /srv where
 * `isForSystemd`, as a unit with a private /tmp cannot run what lies in /tmp.
 */
export async function bootInstallation(root: string, owner?: { id: number }): Promise<FakeInstallation> {
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const installation = await fakeInstallation({ root });
  mkdirSync(installation.layout.bin, { recursive: true });
  for (const program of ['dkm', 'dkmadmin']) {
    const path = join(installation.layout.bin, program);
    writeFileSync(path, `#!/bin/sh\nexec ${word(process.execPath)} ${word(MAIN)} ${program} --directory ${word(root)} "$@"\n`);
    chmodSync(path, 0o755);
  }
  if (owner) giveTo(root, owner.id);
  return installation;
}

/** A directory below /srv, for what a private /tmp would hide; it is removed after the test. */
export function serverDirectory(): string {
  mkdirSync('/srv', { recursive: true });
  const path = mkdtempSync('/srv/dkm-boot-test-');
  chmodSync(path, 0o755);
  beforeRemoval(() => rm(path, { recursive: true, force: true }));
  return path;
}

function giveTo(root: string, id: number): void {
  chownSync(root, id, id);
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) lchownSync(join(root, name), id, id);
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
