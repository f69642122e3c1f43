import { PRESET_NAMES, type PresetName } from './names.ts';
import type { Message } from '../../message.ts';
import { textOf } from '../sender.ts';
import { atMost, atMostBytes, withoutMentions, type Preset } from './preset.ts';
import { pagerduty } from './pagerduty.ts';
import { teams } from './teams.ts';

/* What services are sent, each as its publisher documents it. Checks may print anything: none of it is markup here. */

const slack: Preset = {
  // Escaping of &, < and >: https://docs.slack.dev/messaging/formatting-message-text/#escaping
  documentation: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/',
  needs: [],
  request: (message, { url }) => ({
    url,
    // Without "mrkdwn" asterisks and backquotes of a check's output stay what they are.
    body: { text: atMost(titled(message), 7_000).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'), mrkdwn: false },
  }),
};

const mattermost: Preset = {
  documentation: 'https://developers.mattermost.com/integrate/webhooks/incoming/',
  needs: [],
  request: (message, { url }) => ({ url, body: { text: `${heading(message)}\n${fenced(textOf(message), 16_000)}` } }),
};

const rocketChat: Preset = {
  documentation: 'https://docs.rocket.chat/docs/integrations',
  needs: [],
  request: (message, { url }) => ({ url, body: { text: `${heading(message)}\n${fenced(textOf(message), 4_500)}` } }),
};

const discord: Preset = {
  documentation: 'https://discord.com/developers/docs/resources/webhook#execute-webhook',
  needs: [],
  request: (message, { url }) => ({
    url,
    body: { content: `**${withoutMarkup(message.subject)}**\n${fenced(textOf(message), 1_600)}`, allowed_mentions: { parse: [] } },
  }),
};

const googleChat: Preset = {
  documentation: 'https://developers.google.com/workspace/chat/quickstart/webhooks',
  needs: [],
  request: (message, { url }) => ({
    url,
    headers: { 'content-type': 'application/json; charset=UTF-8' },
    body: { text: atMost(withoutMentions(titled(message)), 4_000) },
  }),
};

const telegram: Preset = {
  // Without parse_mode the text is taken as it is; at most 4096 characters.
  documentation: 'https://core.telegram.org/bots/api#sendmessage',
  url: 'https://api.telegram.org',
  needs: ['token', 'chatId'],
  request: (message, { url, token, chatId }) => ({
    url: `${withoutSlash(url)}/bot${encodeURIComponent(token).replaceAll('%3A', ':')}/sendMessage`,
    body: { chat_id: chatId, text: atMost(titled(message), 4_000), link_preview_options: { is_disabled: true } },
  }),
};

const ntfy: Preset = {
  // Messages above 4096 bytes become attachments.
  documentation: 'https://docs.ntfy.sh/publish/#publish-as-json',
  url: 'https://ntfy.sh',
  needs: ['topic'],
  takes: ['token'],
  request: (message, { url, token, topic }) => ({
    url: `${withoutSlash(url)}/`,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    body: {
      topic,
      title: atMostBytes(message.subject, 250),
      message: atMostBytes(textOf(message), 3_900),
      priority: isUrgent(message) ? 5 : 3,
      ...(message.link !== '' && { click: message.link }),
    },
  }),
};

const gotify: Preset = {
  documentation: 'https://gotify.net/docs/pushmsg',
  needs: ['token'],
  request: (message, { url, token }) => ({
    url: `${withoutSlash(url)}/message`,
    headers: { 'x-gotify-key': token },
    body: {
      title: message.subject,
      message: textOf(message),
      priority: isUrgent(message) ? 8 : 4,
      extras: { 'client::display': { contentType: 'text/plain' } },
    },
  }),
};

/** Every preset by its name. */
export const PRESETS: Record<PresetName, Preset> = {
  slack,
  mattermost,
  'rocket-chat': rocketChat,
  discord,
  teams,
  'google-chat': googleChat,
  telegram,
  ntfy,
  gotify,
  pagerduty,
};

/** The preset of this name; undefined when there is none. */
export function presetNamed(name: string): Preset | undefined {
  const known = PRESET_NAMES.find((candidate) => candidate === name);
  return known && PRESETS[known];
}

function titled(message: Message): string {
  return `${message.subject}\n\n${textOf(message)}`;
}

function heading(message: Message): string {
  return `**${withoutMarkup(withoutMentions(message.subject))}**`;
}

function withoutMarkup(text: string): string {
  return text.replaceAll(/[\\*_`~|[\]#>]/g, '\\$&');
}

/** As it is, whatever Markdown it looks like: in a block that it cannot end. */
function fenced(text: string, longest: number): string {
  return `\`\`\`\n${atMost(withoutMentions(text).replaceAll(/`(?=`)/g, '`\u200b'), longest)}\n\`\`\``;
}

function isUrgent({ promises }: Message): boolean {
  return promises.some(({ severity, event }) => severity === 'critical' && (event === 'failed' || event === 'reminder' || event === 'unstable'));
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
