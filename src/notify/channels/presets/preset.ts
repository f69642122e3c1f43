import { cut } from '../../compose.ts';
import type { Message } from '../../message.ts';

/** What a service is sent. */
export interface PresetRequest {
  url: string;
  headers?: Record<string, string>;
  body: unknown;
}

/** What of the channel's settings a preset may need. */
export interface PresetSettings {
  /** The address of the settings or of its secret file, or the preset's own. */
  url: string;
  /** From `token_file`; empty without one. */
  token: string;
  chatId: string;
  topic: string;
}

/** How one service wants to be told. */
export interface Preset {
  /** Its publisher's page that says so. */
  documentation: string;
  /** Where it answers, when everybody's is the same. */
  url?: string;
  /** What the channel must say besides the address. */
  needs: readonly ('token' | 'chatId' | 'topic')[];
  /** What it may say. */
  takes?: readonly 'token'[];
  /** False: each promise stands alone. */
  digest?: false;
  /** The request for a message; undefined when there is nothing to say to this service. */
  request(message: Message, settings: PresetSettings): PresetRequest | undefined;
}

/** A text of at most so many characters (UTF-16 units, as most services count). */
export function atMost(text: string, longest: number): string {
  return text.length <= longest ? text : `${cut(text, longest - 1)}…`;
}

/** A text of at most so many bytes of UTF-8. */
export function atMostBytes(text: string, longest: number): string {
  let part = atMost(text, longest);
  while (Buffer.byteLength(part) > longest) part = atMost(part, Math.floor(part.length * 0.9));
  return part;
}

/** Keeps a check's text from calling everybody: nothing is taken for a mention when its first character is followed by one that is not seen. */
export function withoutMentions(text: string): string {
  return text.replaceAll(/[@<]/g, '$&\u200b');
}
