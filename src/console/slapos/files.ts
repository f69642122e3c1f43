import type { Context } from 'hono';
import { failure } from '../failure.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { areaOf, isHidden, openIn, type AreaName } from './areas.ts';
import { sendIndex } from './directory-index.ts';
import { membersOf, type Area } from './place.ts';
import { sendFile } from './send-file.ts';
import { pathOf, webPath } from './web-path.ts';

type Handler = (context: Context<ConsoleEnv>) => Promise<Response>;

/** Answers GET and HEAD below `/public` or `/private`: files, directories with their index. */
export function filesOf(parts: ConsoleParts, name: 'public' | 'private'): Handler {
  const area = areaOf(parts.layout, name);
  return async (context) => {
    const path = webPath(new URL(context.req.url).pathname);
    if (path === undefined) return failure(context, 400, 'bad-request', 'This address is not one of a file.');
    const [first, ...names] = path.names;
    if (first !== name) return notHere(context); // the address was written in a way that another route should have
    if (isHidden(names)) return failure(context, 403, 'not-allowed', 'Names that begin with a dot are not served.');
    return sendAny(context, area, name, names, path.isDirectory);
  };
}

/** Answers with one file of the tree, whatever the address. */
export function fileOf(parts: ConsoleParts, name: AreaName, names: readonly string[]): Handler {
  const area = areaOf(parts.layout, name);
  return async (context) => {
    const found = await openIn(area, names);
    return found?.kind === 'file' ? sendFile(context, names.at(-1) ?? '', found.handle, found.status) : notHere(context);
  };
}

async function sendAny(context: Context, area: Area, areaName: AreaName, names: readonly string[], isDirectory: boolean): Promise<Response> {
  const found = await openIn(area, names);
  if (found === undefined) return notHere(context);
  if (found.kind === 'file') return sendFile(context, names.at(-1) ?? '', found.handle, found.status);
  if (!isDirectory) return context.redirect(pathOf([areaName, ...names], true), 301);
  // A promise's own page, as `/private/<id>/interface/`, is its directory's index.
  const index = await openIn(area, [...names, 'index.html']);
  if (index?.kind === 'file') return sendFile(context, 'index.html', index.handle, index.status);
  const listed = await membersOf(area, names, (name) => !isHidden([name]));
  return listed === undefined ? notHere(context) : sendIndex(context, [areaName, ...names], listed.members, listed.isWhole);
}

function notHere(context: Context): Response {
  return failure(context, 404, 'not-found', 'There is no such file here.');
}
