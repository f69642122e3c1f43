import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isEither, isFlag, isNumber, isOneOf, isRecordOf, isRecordWith, isText } from '../../base/shape.ts';
import { VERSION } from '../../base/version.ts';
import { httpPost, type HttpAnswer } from '../http-post.ts';
import type { Message } from '../message.ts';
import { readSecret } from '../secrets.ts';
import { PRESET_NAMES } from './presets/names.ts';
import { presetNamed } from './presets/all.ts';
import type { PresetRequest } from './presets/preset.ts';
import { never, notNow, textOf, type Delivery, type Sender } from './sender.ts';

/** How a receiver is reached. Names of files are relative to conf/secrets, that of the certificates to conf/. */
export interface ReceiverSettings {
  url?: string;
  /** A file whose content is the address: in chat systems, who knows it may write. */
  urlFile?: string;
  caFile?: string;
  verifyTls: boolean;
  proxy?: string;
}

export interface WebhookSettings extends ReceiverSettings {
  /** `json`: the message itself. */
  preset: string;
  headers: Record<string, string>;
  headerFiles: Record<string, string>;
  /** A key; the body's HMAC-SHA256 goes into `hmacHeader`. */
  hmacFile?: string;
  hmacHeader: string;
  tokenFile?: string;
  chatId?: string;
  topic?: string;
  timeoutMs: number;
}

const RECEIVER = { url: isText, urlFile: isText, caFile: isText, proxy: isText };

/** True for what reaches a receiver. */
export const isReceiverSettings = isRecordWith({ verifyTls: isFlag }, RECEIVER);

/** True for the settings of a webhook as this version's commands hand them over. */
export const isWebhookSettings = isRecordWith(
  {
    preset: isEither(isOneOf('json'), isOneOf(...PRESET_NAMES)),
    headers: isRecordOf(isText),
    headerFiles: isRecordOf(isText),
    hmacHeader: isText,
    verifyTls: isFlag,
    timeoutMs: isNumber,
  },
  { ...RECEIVER, hmacFile: isText, tokenFile: isText, chatId: isText, topic: isText },
);

/** Tells by an HTTP request. Files are read for every message, so that a renewed secret or certificate counts at once. */
export function webhookSender(settings: WebhookSettings, layout: Pick<Layout, 'conf' | 'secrets'>): Sender {
  return {
    async deliver(message, signal) {
      try {
        const asked = await requestFor(message, settings, layout);
        if (!asked) return { ok: true, message: 'nothing to say to this service' };
        const body = JSON.stringify(asked.body);
        const headers = { ...ownHeaders(message), ...asked.headers, ...(await addedHeaders(settings, body, layout)) };
        const answer = await httpPost({ ...asked, ...(await reached(settings, layout)), headers, body, timeoutMs: settings.timeoutMs, signal });
        return judged(answer);
      } catch (error) {
        // What is wrong with our own files and settings is not mended by trying again; what is wrong with the network may be.
        return error instanceof DkmError && error.code !== 'command-failed' ? never(error.message) : notNow(messageOf(error));
      }
    },
  };
}

/** The address meant; throws when its file cannot be used. */
export async function addressOf({ url, urlFile }: ReceiverSettings, layout: Pick<Layout, 'secrets'>): Promise<string | undefined> {
  return urlFile === undefined ? url : await readSecret(layout, urlFile);
}

/** How TLS is checked and by which proxy a receiver is reached. */
export async function reached(
  { caFile, verifyTls, proxy }: ReceiverSettings,
  layout: Pick<Layout, 'conf'>,
): Promise<{ ca?: string; verifyTls: boolean; proxy?: string }> {
  const ca = caFile === undefined ? undefined : await readCertificates(join(layout.conf, caFile));
  return { verifyTls, ...(ca !== undefined && { ca }), ...(proxy !== undefined && { proxy }) };
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new DkmError('file-missing', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function requestFor(message: Message, settings: WebhookSettings, layout: Pick<Layout, 'secrets'>): Promise<PresetRequest | undefined> {
  const preset = presetNamed(settings.preset);
  const url = (await addressOf(settings, layout)) ?? preset?.url ?? '';
  if (!preset) return { url, body: { ...message, text: textOf(message) } };
  const token = settings.tokenFile === undefined ? '' : await readSecret(layout, settings.tokenFile);
  return preset.request(message, { url, token, chatId: settings.chatId ?? '', topic: settings.topic ?? '' });
}

function ownHeaders(message: Message): Record<string, string> {
  return { 'content-type': 'application/json', 'user-agent': `dkm/${VERSION}`, 'x-dkm-message-id': message.id };
}

async function addedHeaders(
  { headers, headerFiles, hmacFile, hmacHeader }: WebhookSettings,
  body: string,
  layout: Pick<Layout, 'secrets'>,
): Promise<Record<string, string>> {
  const added = lowerCased(headers);
  for (const [name, file] of Object.entries(headerFiles)) added[name.toLowerCase()] = await readSecret(layout, file);
  if (hmacFile !== undefined)
    added[hmacHeader.toLowerCase()] = `sha256=${createHmac('sha256', await readSecret(layout, hmacFile))
      .update(body)
      .digest('hex')}`;
  return added;
}

/** Headers that are set again replace ours, however they are written. */
function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Refusals that pass: too slow, too early, too many. */
const PASSING = [408, 425, 429];

function judged({ status, text, retryAfterMs }: HttpAnswer): Delivery {
  const said = text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  const answer = `HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 200 && status < 300) return { ok: true, message: answer };
  if (status >= 300 && status < 400)
    return never(`HTTP ${status}: it redirects, which is not followed; write the address it redirects to into conf/notify.toml`);
  if (status >= 400 && status < 500 && !PASSING.includes(status)) return never(answer);
  return { ok: false, message: answer, isPermanent: false, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
