import { extname } from 'node:path';

/** Types by the end of the name; a browser shows these and saves the rest. */
const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json; charset=utf-8',
  '.haljson': 'application/hal+json; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.log': 'text/plain; charset=utf-8',
  '.cfg': 'text/plain; charset=utf-8',
  '.conf': 'text/plain; charset=utf-8',
  '.ini': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
};

/** Files of the monitoring tree whose names have no end. */
const NAMED: Readonly<Record<string, string>> = {
  feed: 'application/rss+xml; charset=utf-8',
  feeds: 'text/x-opml; charset=utf-8',
  _document_list: 'text/plain; charset=utf-8',
};

/** The media type of a file by its name. */
export function contentTypeOf(name: string): string {
  return NAMED[name] ?? TYPES[extname(name).toLowerCase()] ?? 'application/octet-stream';
}
