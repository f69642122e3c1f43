import * as z from 'zod';
import { join, resolve } from 'node:path';
import { DkmError, messageOf } from '../../base/errors.ts';
import { checked, parseToml } from '../../base/structured.ts';
import { isPromiseId, SEVERITIES, type Severity } from '../../contract/promise.ts';
import type { Defined, Definition, Fault } from './definition.ts';
import { EVERY_FIVE_MINUTES, EVERY_MINUTE, readFrequency } from './frequency.ts';
import { parseServiceFile, type ServiceFile } from './service-file.ts';
import { usualSettings } from './shipped.ts';

/*
 * conf/promises.d: an executable is a promise called as it is, `<id>.cfg` says more of it, `<id>.toml` is a promise of a
 * built-in kind.
 */

/** An entry of the folder. */
export type FolderEntry = { name: string } & (
  | { kind: 'executable' }
  /** A regular file that is not executable; its text where it is one of ours. */
  | { kind: 'file'; text?: string }
  | { kind: 'directory' }
  /** A link that leads nowhere, a pipe, a file that cannot be read. */
  | { kind: 'unusable'; why: string }
);

export interface Folder {
  /** The installed directory. */
  root: string;
  /** The folder's path, relative to it. */
  path: string;
  entries: readonly FolderEntry[];
  /** Fills in the templates of built-in kinds. */
  fill: Definition['fill'];
}

/** As in the contract of SlapOS. */
const USUAL_TIMEOUT_S = 20;

const ownSchema = z.strictObject({
  title: z.string().min(1).max(500).optional(),
  kind: z.string().min(1),
  enabled: z.boolean().default(true),
  frequency: z.string().min(1).optional(),
  timeout_s: z.number().positive().max(3600).optional(),
  severity: z.enum(SEVERITIES).optional(),
  public_paths: z.array(z.string().min(1)).default([]),
  private_paths: z.array(z.string().min(1)).default([]),
  settings: z.record(z.string(), z.unknown()).default({}),
});

/** Every promise of the folder. What is wrong with one costs no other. Pure. */
export function folderDefinitions(folder: Folder): Defined {
  const found: Defined = { definitions: [], faults: [] };
  const entries = folder.entries.filter(({ name }) => !isLeftAlone(name));
  for (const entry of entries) {
    const file = `${folder.path}/${entry.name}`;
    try {
      const definition = definitionOf(entry, file, folder, found.faults);
      if (definition !== undefined) found.definitions.push(definition);
    } catch (error) {
      found.faults.push(
        ...messageOf(error)
          .split('\n')
          .map((message) => ({ file, message: message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message })),
      );
    }
  }
  found.faults.push(...lonelyServiceFiles(entries, folder.path));
  return found;
}

/** What editors and package tools leave behind, what is hidden, and what explains the folder. */
function isLeftAlone(name: string): boolean {
  return /^\.|^README(\.\w+)?$|~$|^#.*#$|^__pycache__$|\.(sw[a-p]|bak|orig|rej|new|old|tmp|pyc|dpkg-\w+|rpm\w+|ucf-\w+)$/i.test(name);
}

const isSettingsFile = (name: string): boolean => /\.(cfg|toml)$/.test(name);

function definitionOf(entry: FolderEntry, file: string, folder: Folder, faults: Fault[]): Definition | undefined {
  const { name } = entry;
  if (entry.kind === 'unusable') throw new DkmError('file-invalid', entry.why);
  if (entry.kind === 'directory') throw new DkmError('file-invalid', 'is a directory; expected a file for each promise');
  if (name.endsWith('.cfg')) return undefined;
  if (name.endsWith('.toml')) return ownDefinition(name.slice(0, -'.toml'.length), file, textOf(entry), folder);
  if (entry.kind === 'executable') return executableDefinition(name, file, folder, faults);
  const plugIn = name.endsWith('.py') ? '; a plug-in of SlapOS belongs to a partition, see [[slapos]] in conf/promises.toml' : '';
  throw new DkmError('file-invalid', `is not executable, so it is no promise (chmod +x makes it one)${plugIn}`);
}

function textOf(entry: FolderEntry): string {
  return entry.kind === 'file' ? (entry.text ?? '') : '';
}

function checkedId(id: string): string {
  if (!isPromiseId(id)) throw new DkmError('file-invalid', 'its name cannot be that of a promise: expected at most 200 bytes without control characters');
  return id;
}

function ownDefinition(id: string, file: string, text: string, { root, fill }: Folder): Definition {
  const own = checked(ownSchema, parseToml(text, file), file);
  return {
    id: checkedId(id),
    title: own.title ?? id,
    origin: file,
    file,
    enabled: own.enabled,
    severity: own.severity,
    frequency: own.frequency,
    timeoutS: own.timeout_s,
    usualFrequency: EVERY_FIVE_MINUTES,
    usualTimeoutS: USUAL_TIMEOUT_S,
    check: { kind: 'built-in', name: own.kind, settings: { ...usualSettings(own.kind), ...own.settings } },
    publicPaths: own.public_paths.map((path) => resolve(root, path)),
    privatePaths: own.private_paths.map((path) => resolve(root, path)),
    fill,
  };
}

function executableDefinition(id: string, file: string, folder: Folder, faults: Fault[]): Definition {
  const { root, entries } = folder;
  const beside = entries.find((entry) => entry.name === `${id}.cfg`);
  const { file: said, faults: found } = beside === undefined ? NOTHING_SAID : parseServiceFile(textOf(beside));
  const told = (message: string): void => void faults.push({ file: `${file}.cfg`, message });
  found.forEach(told);
  const frequency = knownFrequency(said.frequency, told);
  return {
    id: checkedId(id),
    title: said.title ?? id,
    origin: file,
    file,
    enabled: true,
    severity: knownSeverity(said.severity, told),
    frequency,
    timeoutS: knownTimeout(said.timeoutS, told),
    usualFrequency: EVERY_MINUTE,
    usualTimeoutS: USUAL_TIMEOUT_S,
    check: { kind: 'executable', path: join(root, file) },
    publicPaths: knownPaths(said.publicPaths, root, told),
    privatePaths: knownPaths(said.privatePaths, root, told),
  };
}

const NOTHING_SAID: { file: ServiceFile; faults: string[] } = { file: { publicPaths: [], privatePaths: [] }, faults: [] };

/** A promise is checked though its file has faults: what cannot be read is as if it were not there. */
function knownFrequency(frequency: string | undefined, told: (message: string) => void): string | undefined {
  const read = frequency === undefined ? undefined : readFrequency(frequency);
  if (read === undefined || !('fault' in read)) return frequency;
  told(`frequency: ${read.fault}`);
  return undefined;
}

function knownSeverity(severity: string | undefined, told: (message: string) => void): Severity | undefined {
  if (severity === undefined || (SEVERITIES as readonly string[]).includes(severity)) return severity as Severity | undefined;
  told(`severity: expected ${SEVERITIES.join(' or ')}, found "${severity}"`);
  return undefined;
}

function knownTimeout(text: string | undefined, told: (message: string) => void): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 3600) return seconds;
  told(`timeout: expected seconds, more than 0 and up to 3600, found "${text}"`);
  return undefined;
}

function knownPaths(paths: readonly string[], root: string, told: (message: string) => void): string[] {
  return paths.flatMap((path) => {
    if (!path.includes('\0')) return [resolve(root, path)];
    told('public-path-list, private-path-list: a path holds a null character');
    return [];
  });
}

function lonelyServiceFiles(entries: readonly FolderEntry[], path: string): Fault[] {
  const executables = new Set(entries.filter(({ kind, name }) => kind === 'executable' && !isSettingsFile(name)).map(({ name }) => name));
  return entries
    .filter(({ name, kind }) => kind !== 'unusable' && kind !== 'directory' && name.endsWith('.cfg') && !executables.has(name.slice(0, -'.cfg'.length)))
    .map(({ name }) => ({ file: `${path}/${name}`, message: `there is no executable ${name.slice(0, -'.cfg'.length)} beside it` }));
}
