import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DkmError, messageOf } from '../base/errors.ts';

/*
 * The page's files: these and no others, read once at start. A request's path is looked up in a map and never becomes
 * a path of the file system.
 */

const TYPES = {
  'app.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
} as const;

/** What anybody may load, by its path in the address. */
export interface PublicFile {
  type: string;
  etag: string;
  body: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
}

export interface PageFiles {
  /** The page itself, for those who are logged in. */
  index: string;
  /** The login page, with `{{token}}`, `{{title}}` and `{{message}}` to be filled in. */
  login: string;
  public: ReadonlyMap<string, PublicFile>;
}

/** Reads the built page from its directory; throws when it is not complete. */
export async function readPageFiles(directory: string): Promise<PageFiles> {
  const read = (name: string): Promise<Buffer<ArrayBuffer>> => readPageFile(join(directory, name));
  const entries = Object.entries(TYPES).map(async ([name, type]) => [`/${name}`, publicFile(type, await read(name))] as const);
  const [index, login, ...others] = await Promise.all([read('index.html'), read('login.html'), ...entries]);
  return { index: index.toString('utf8'), login: login.toString('utf8'), public: new Map(others) };
}

async function readPageFile(path: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new DkmError('file-missing', `The console's page is not complete: ${messageOf(error)}`, {
      cause: error,
      hint: 'Install the bundle again, or correct "page" in the console\'s configuration.',
    });
  }
}

function publicFile(type: string, body: Buffer<ArrayBuffer>): PublicFile {
  return { type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, body, gzipped: gzipSync(body) };
}

/** The text with its special characters made harmless for HTML. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** The template with each `{{name}}` replaced by its value, made harmless for HTML. */
export function fillIn(template: string, values: Record<string, string>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}
