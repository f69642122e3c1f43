import { accessSync, constants, lstatSync, readdirSync, statSync, statfsSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256File } from '../../src/base/digest.ts';
import { layoutOf } from '../../src/base/layout.ts';
import { existsAs } from '../../src/base/files.ts';
import { BUNDLE_FILE, readBundle } from '../../src/contract/bundle.ts';
import { journalState, readJournal, type BeginRecord } from '../../src/contract/journal.ts';
import { readSettings, type Settings } from '../../src/contract/settings.ts';
import { isRemains, isTrace } from '../undo.ts';

/** What is in the directory that was named. */
export type DirectoryState =
  | { kind: 'absent' }
  /** Nothing, or what an installer leaves that was killed before it began. */
  | { kind: 'empty' }
  | { kind: 'unusable'; why: string }
  | { kind: 'foreign'; example: string }
  /** Begun and not finished; `settings` when it was to take up what an uninstalled dkm left. */
  | { kind: 'begun'; begin: BeginRecord; settings?: Settings }
  /** Data and configuration of a dkm that was uninstalled, to be taken up again. */
  | { kind: 'uninstalled'; settings: Settings }
  | { kind: 'installed'; settings: Settings; version: string; /** SHA-256 of its bundle.json. */ bundle: string };

/** The directory and the file system it is on. */
export interface DirectoryFacts {
  path: string;
  state: DirectoryState;
  /** The nearest directory that exists: itself or one above. */
  nearest: string;
  nearestWritable: boolean;
  /** Numeric user id of the owner of `path`, where it exists. */
  owner?: number;
  /** Bytes this user may still write there. */
  freeBytes: number;
  /** Files of the bundle can be hard-linked: same file system, and ours. */
  canLink: boolean;
}

/** Looks at the directory to install into; changes nothing. Throws when an installation's own files are unreadable. */
export async function directoryFacts(path: string, bundleRoot: string): Promise<DirectoryFacts> {
  const nearest = nearestExisting(path);
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  const { bavail, bsize } = statfsSync(nearest);
  return {
    path,
    state: await directoryState(path),
    nearest,
    nearestWritable: isWritable(nearest),
    ...(owner !== undefined && { owner }),
    freeBytes: bavail * bsize,
    canLink: canLink(statSync(bundleRoot), statSync(nearest)),
  };
}

/** What is in a directory. */
export async function directoryState(path: string): Promise<DirectoryState> {
  if (!existsAs(path)) return { kind: 'absent' };
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { kind: 'unusable', why: 'is a link that leads nowhere' };
  if (!stat.isDirectory()) return { kind: 'unusable', why: 'is a file' };
  return isReadableDirectory(path) ? contentState(path) : { kind: 'unusable', why: 'cannot be read by this user' };
}

async function contentState(path: string): Promise<DirectoryState> {
  const layout = layoutOf(path);
  const journal = journalState(readJournal(layout.journal) ?? []);
  if (journal.kind === 'begun') return { ...journal, ...(isTakingUp(journal.begin) && { settings: await readSettings(layout.settings) }) };
  if (journal.kind === 'done' || (existsAs(layout.settings) && existsAs(layout.current))) {
    const settings = await readSettings(layout.settings);
    const { version } = await readBundle(layout.current);
    return { kind: 'installed', settings, version, bundle: await sha256File(join(layout.current, BUNDLE_FILE)) };
  }
  if (existsAs(layout.settings)) return { kind: 'uninstalled', settings: await readSettings(layout.settings) };
  const example = readdirSync(path).find((name) => !isBeginning(path, name));
  return example === undefined ? { kind: 'empty' } : { kind: 'foreign', example };
}

/** An installation over an uninstalled one has that one's answers. */
function isTakingUp({ adopted = [] }: BeginRecord): boolean {
  return adopted.includes('conf/dkm.toml');
}

/** The settings that an installation in this directory goes by; undefined when it makes its own. */
export function settingsThere(state: DirectoryState): Settings | undefined {
  return 'settings' in state ? state.settings : undefined;
}

/** A new file system's lost+found, or a run/ in which nothing but a lock and an empty journal was made yet. */
function isBeginning(path: string, name: string): boolean {
  if (name === 'lost+found' || isRemains(name)) return true;
  const inside = join(path, name);
  if (name !== 'run' || !lstatSync(inside).isDirectory() || !isReadableDirectory(inside)) return false;
  return readdirSync(inside).every(isTrace);
}

function isReadableDirectory(path: string): boolean {
  return isAllowed(path, constants.R_OK | constants.X_OK);
}

function isWritable(path: string): boolean {
  return isAllowed(path, constants.W_OK | constants.X_OK);
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function nearestExisting(path: string): string {
  for (let directory = path; ; directory = dirname(directory)) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  }
}

function canLink(bundle: Stats, target: Stats): boolean {
  return bundle.dev === target.dev && bundle.uid === process.geteuid?.();
}
