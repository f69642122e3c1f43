import type { Context } from 'hono';
import * as z from 'zod';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { existsAs, writeAtomic } from '../../base/files.ts';
import type { Log } from '../log.ts';
import { boundedBody } from './bounded-body.ts';

/*
 * The one thing that is written over WebDAV: an edited configuration, which the supervisor takes up from there
 * (`monitor.configwrite` in SlapOS).
 */

/** The names of the file below `/share`. */
export const CONFIGURATION_NAMES = ['private', 'config', '.jio_documents', 'config.tmp.json'];

/** Bytes of an edited configuration. */
const MOST_BYTES = 256 * 1024;
/** Uploads at the same time; each is in memory whole. */
const MOST_AT_ONCE = 4;

const LONGEST_TEXT = 64 * 1024;
const text = z.string().max(LONGEST_TEXT);
const schema = z.array(z.looseObject({ key: text, title: text.optional(), value: text })).max(1000);

/** What became of an upload: a status and, where it was refused, why. */
export interface PutOutcome {
  status: 201 | 204 | 400 | 409 | 412 | 413 | 503 | 507 | 500;
  message: string;
}

/** Makes the function that takes uploads of the configuration to this file. */
export function configurationPut(file: string, log: Log): (context: Context) => Promise<PutOutcome> {
  let underWay = 0;
  return async (context) => {
    if (underWay >= MOST_AT_ONCE) return { status: 503, message: 'Too many uploads at the same time.' };
    underWay += 1;
    try {
      return await put(context, file, log);
    } finally {
      underWay -= 1;
    }
  };
}

async function put(context: Context, file: string, log: Log): Promise<PutOutcome> {
  const body = await boundedBody(context, MOST_BYTES);
  if (body.kind === 'too-large') return { status: 413, message: `At most ${MOST_BYTES} bytes are taken.` };
  const fault = body.kind === 'text' ? faultOf(body.text) : 'It is not UTF-8.';
  if (body.kind !== 'text' || fault !== undefined) return { status: 400, message: fault ?? '' };
  const wasThere = existsAs(file);
  if (wasThere && context.req.header('if-none-match') === '*') return { status: 412, message: 'There is an edited configuration already.' };
  try {
    await writeAtomic(file, body.text);
  } catch (error) {
    return failedWrite(error, log);
  }
  return { status: wasThere ? 204 : 201, message: '' };
}

/** What is wrong with an edited configuration: it is a list of { key, title, value }. Undefined when nothing is. */
function faultOf(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `It is not JSON: ${messageOf(error)}`;
  }
  const checked = schema.safeParse(value);
  const [issue] = checked.error?.issues ?? [];
  return issue === undefined ? undefined : `It is not a list of { key, title, value }: ${issue.path.join('.')}: ${issue.message}`;
}

function failedWrite(error: unknown, log: Log): PutOutcome {
  const code = systemCodeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { status: 409, message: 'The folder of the configuration is not there yet.' };
  log(`error: an edited configuration could not be written: ${messageOf(error)}`);
  if (code === 'ENOSPC' || code === 'EDQUOT') return { status: 507, message: 'The disk is full.' };
  return { status: 500, message: 'It could not be written; the log says why.' };
}
