import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DkmError, messageOf } from '../base/errors.ts';

/*
 * The page's files: these and no others, read once at start. A request's path is looked up in a map and never becomes
 * a path of the file system.
 */

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Without these no page works. */
const REQUIRED = ['app.js', 'style.css', 'favicon.svg'];

/** What anybody may load, by its path in the address. */
export interface PublicFile {
  type: string;
  etag: string;
  body: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
}

export interface PageFiles {
  /** The login page, with `{{token}}`, `{{title}}` and `{{message}}` to be filled in. */
  login: string;
  /** Every script, style sheet and picture of the built page. */
  public: ReadonlyMap<string, PublicFile>;
}

/** Reads the built page from its directory; throws when it is not complete. */
export async function readPageFiles(directory: string): Promise<PageFiles> {
  const read = (name: string): Promise<Buffer<ArrayBuffer>> => readPageFile(join(directory, name));
  const found = (await readdir(directory).catch(() => [])).filter((name) => extname(name) in TYPES);
  const names = [...new Set([...REQUIRED, ...found])].sort();
  const entries = names.map(async (name) => [`/${name}`, publicFile(TYPES[extname(name)] ?? '', await read(name))] as const);
  const [login, ...others] = await Promise.all([read('login.html'), ...entries]);
  return { login: login.toString('utf8'), public: new Map(others) };
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
