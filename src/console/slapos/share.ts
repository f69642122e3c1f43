import type { Context } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { audit } from '../access/audit.ts';
import { failure } from '../failure.ts';
import { areaOf, openIn, SHARED_AREAS, type SharedArea } from './areas.ts';
import { boundedBody } from './bounded-body.ts';
import { multistatus, type Resource } from './multistatus.ts';
import { membersOf } from './place.ts';
import { parsePropfind, type Propfind } from './propfind.ts';
import { CONFIGURATION_NAMES, configurationPut } from './put-configuration.ts';
import { sendFile } from './send-file.ts';
import { sendIndex } from './directory-index.ts';
import { pathOf, webPath } from './web-path.ts';
import { monitorTree } from '../../monitor/tree.ts';

/*
 * `/share`: the tree over WebDAV (https://www.rfc-editor.org/rfc/rfc4918, class 1), to be read, and to put one file: the
 * edited configuration. Nothing else is written, made, moved, locked or removed from outside.
 */

type Handler = (context: Context<ConsoleEnv>) => Promise<Response>;

/** The methods that are answered at all. */
export const SHARE_METHODS = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'REPORT', 'PUT'];

/** Those that need no password below `/share/public` and `/share/jio_public`. */
const OPEN_METHODS = ['GET', 'HEAD', 'OPTIONS', 'REPORT', 'PROPFIND'];

const PROPFIND_BYTES = 16 * 1024;
const XML = 'application/xml; charset=utf-8';

/** True for a request below `/share` that anybody may make. */
export function isOpenShare(context: Context): boolean {
  const { method } = context.req;
  if (method === 'OPTIONS') return true;
  const [, second] = webPath(new URL(context.req.url).pathname)?.names ?? [];
  return OPEN_METHODS.includes(method) && (second === 'public' || second === 'jio_public');
}

/** Answers everything below `/share`, once it is known that whoever asks may. */
export function shareOf(parts: ConsoleParts): Handler {
  const put = configurationPut(monitorTree(parts.layout).configEdit, parts.log);
  return async (context) => {
    const path = webPath(new URL(context.req.url).pathname);
    if (path?.names[0] !== 'share') return failure(context, 400, 'bad-request', 'This address is not one of a file.');
    const names = path.names.slice(1);
    switch (context.req.method) {
      case 'OPTIONS':
        return context.body(null, 200, { DAV: '1', Allow: SHARE_METHODS.join(', '), 'Content-Length': '0', 'MS-Author-Via': 'DAV' });
      case 'GET':
      case 'HEAD':
        return sendShared(context, parts, names);
      case 'PROPFIND':
        return propfind(context, parts, names);
      case 'REPORT':
        return davError(context, 403, 'supported-report'); // https://www.rfc-editor.org/rfc/rfc3253#section-3.6: there are none
      case 'PUT':
        return names.join('/') === CONFIGURATION_NAMES.join('/') ? answerPut(context, parts, await put(context)) : refuse(context);
      default:
        return refuse(context);
    }
  };
}

function refuse(context: Context): Response {
  context.header('Allow', SHARE_METHODS.join(', '));
  return failure(context, 405, 'not-allowed', 'Only the edited configuration can be put here, and nothing be changed.');
}

async function answerPut(
  context: Context<ConsoleEnv>,
  parts: ConsoleParts,
  { status, message }: Awaited<ReturnType<ReturnType<typeof configurationPut>>>,
): Promise<Response> {
  await audit(context, parts, 'configuration.put', CONFIGURATION_NAMES.join('/'), status < 300 ? 'asked for' : `failed: ${message}`);
  if (status === 201 || status === 204) return context.body(null, status);
  return context.text(`${message}\n`, status);
}

async function sendShared(context: Context, parts: ConsoleParts, names: readonly string[]): Promise<Response> {
  const found = await openShared(parts, names);
  if (found === undefined) return failure(context, 404, 'not-found', 'There is no such file here.');
  if (found.kind === 'file') return sendFile(context, names.at(-1) ?? '', found.handle, found.status);
  const members = await sharedMembers(parts, names);
  return sendIndex(context, ['share', ...names], members?.members ?? [], members?.isWhole ?? true);
}

async function propfind(context: Context, parts: ConsoleParts, names: readonly string[]): Promise<Response> {
  const depth = context.req.header('depth')?.trim().toLowerCase() ?? 'infinity';
  if (depth === 'infinity') return davError(context, 403, 'propfind-finite-depth');
  if (depth !== '0' && depth !== '1') return failure(context, 400, 'bad-request', 'Depth: 0 or 1 is expected.');
  const body = await boundedBody(context, PROPFIND_BYTES);
  if (body.kind === 'too-large') return failure(context, 413, 'too-large', 'The request is too large.');
  const wanted = body.kind === 'text' ? parsePropfind(body.text) : undefined;
  if (wanted === undefined) return failure(context, 400, 'bad-request', 'The body is not a propfind of RFC 4918.');
  return answerPropfind(context, parts, names, wanted, depth === '1');
}

async function answerPropfind(context: Context, parts: ConsoleParts, names: readonly string[], wanted: Propfind, withMembers: boolean): Promise<Response> {
  const found = await openShared(parts, names);
  if (found === undefined) return failure(context, 404, 'not-found', 'There is no such file here.');
  if (found.kind === 'file') await found.handle.close();
  const isDirectory = found.kind === 'directory';
  const own: Resource = { href: pathOf(['share', ...names], isDirectory), name: names.at(-1) ?? 'share', status: found.status, isDirectory };
  const members = isDirectory && withMembers ? await sharedMembers(parts, names) : undefined;
  const below = (members?.members ?? []).map((member) => ({ ...member, href: pathOf(['share', ...names, member.name], member.isDirectory) }));
  return context.body(multistatus([own, ...below], wanted, members?.isWhole), 207, { 'Content-Type': XML });
}

const isAreaName = (name: string | undefined): name is SharedArea => SHARED_AREAS.some((known) => known === name);

async function openShared(parts: ConsoleParts, [first, ...names]: readonly string[]): ReturnType<typeof openIn> {
  if (isAreaName(first)) return openIn(areaOf(parts.layout, first), names);
  return first === undefined ? openIn({ folder: monitorTree(parts.layout).webdav, never: [] }, []) : undefined;
}

async function sharedMembers(parts: ConsoleParts, [first, ...names]: readonly string[]): ReturnType<typeof membersOf> {
  if (isAreaName(first)) return membersOf(areaOf(parts.layout, first), names, () => true);
  const { root } = monitorTree(parts.layout);
  const folders = await membersOf({ folder: root, never: [] }, [], (name) => name === 'public' || name === 'private');
  const more = await membersOf({ folder: monitorTree(parts.layout).webdav, never: [] }, [], (name) => name === 'jio_public');
  return { members: [...(folders?.members ?? []), ...(more?.members ?? [])], isWhole: true };
}

/** A refusal with its reason as WebDAV writes it. */
function davError(context: Context, status: 403, condition: string): Response {
  return context.body(`<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:${condition}/></D:error>\n`, status, { 'Content-Type': XML });
}
