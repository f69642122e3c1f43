import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context } from 'hono';
import { isNotFound, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isRecordWith, isText } from '../../base/shape.ts';
import { addressOf } from './address.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import type { Log } from '../log.ts';

/*
 * run/logs/console-audit.log: one JSON object a line for every login and every action. The supervisor rotates it as it
 * does every log of a service (vendor-manifests/console.toml names it), so that it is opened anew for each line.
 */

/** What was done. Never a secret: callers name things, not their content. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  time: string;
  /** Who: an account, or a token's name; as it was typed where the login failed. */
  account: string;
  role: string;
  /** How they proved it: session, token, basic, login, or command for dkm's own command line. */
  via: string;
  /** From where. */
  address: string;
  /** What: `service.restart`, `promise.run`, `login`. */
  action: string;
  /** With what: a service's name, a promise's id. */
  subject: string;
  /** `done`, or in a few words why not. */
  outcome: string;
}

export interface AuditTrail {
  /** Settles when the entry is written, or could not be, which is logged and hinders nobody. */
  write: (entry: Omit<AuditEntry, 'time'>) => Promise<void>;
}

/** The trail of an installation. */
export function createAuditTrail({ consoleAudit }: Pick<Layout, 'consoleAudit'>, log: Log): AuditTrail {
  let last = Promise.resolve();
  let complaint = '';
  const append = async (entry: Omit<AuditEntry, 'time'>): Promise<void> => {
    try {
      await appendAudit(consoleAudit, entry);
      complaint = '';
    } catch (error) {
      const message = `error: ${consoleAudit} cannot be written: ${messageOf(error)}`;
      if (message !== complaint) log((complaint = message));
      log(`audit: ${auditLine(entry)}`); // this log is another file, and may be on another disk
    }
  };
  return { write: (entry) => (last = last.then(() => append(entry))) };
}

/** Writes one entry; throws what the file system throws. */
export async function appendAudit(file: string, entry: Omit<AuditEntry, 'time'>): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.appendFile(`${auditLine(entry)}\n`);
  } finally {
    await handle.close();
  }
}

const LONGEST_FIELD = 300;

/** An entry as a line of the file: bounded, and without characters that a terminal would obey or nobody would see. */
export function auditLine(entry: Omit<AuditEntry, 'time'>, now = new Date()): string {
  const fields = Object.entries({ time: now.toISOString(), ...entry }).map(([name, value]) => [name, value.slice(0, LONGEST_FIELD)]);
  return JSON.stringify(Object.fromEntries(fields)).replace(
    /[\p{C}\u2028\u2029]/gu,
    (character) => [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''), // prettier-ignore
  );
}

/**
 * Notes an action of the account that is logged in: `audit(context, parts, 'service.restart', name, 'done')`. `subject`
 * and `outcome` are names and words, never a password, token or a file's content. Settles when it is written.
 */
export function audit(context: Context<ConsoleEnv>, { auditTrail, config }: ConsoleParts, action: string, subject: string, outcome: string): Promise<void> {
  const { name, role, via } = context.var.account;
  return auditTrail.write({ account: name, role, via, address: addressOf(context, config), action, subject, outcome });
}

const isEntry = isRecordWith({
  time: isText,
  account: isText,
  role: isText,
  via: isText,
  address: isText,
  action: isText,
  subject: isText,
  outcome: isText,
});
/** Entries are sought in the end of the file. */
const TAIL_BYTES = 512 * 1024;

/** The newest entries, newest first; none when there is no file. What is no entry is passed over. */
export async function readAudit({ consoleAudit }: Pick<Layout, 'consoleAudit'>, { limit }: { limit: number }): Promise<AuditEntry[]> {
  const lines = (await tailOf(consoleAudit)).split('\n').reverse();
  const entries: AuditEntry[] = [];
  for (const line of lines) {
    if (entries.length >= limit) break;
    const entry = entryOf(line);
    if (entry) entries.push(entry);
  }
  return entries;
}

function entryOf(line: string): AuditEntry | undefined {
  if (line === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? (value as AuditEntry) : undefined;
  } catch {
    return undefined; // cut by the beginning of what was read, or by a crash
  }
}

async function tailOf(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (isNotFound(error)) return '';
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const position = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), 0, undefined, position);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
