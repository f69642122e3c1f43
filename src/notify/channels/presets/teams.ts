import type { Message } from '../../message.ts';
import { textOf } from '../sender.ts';
import { atMost, type Preset } from './preset.ts';

/** Teams refuses messages above 28 KB; a character may be four bytes. */
const LONGEST_TEXT = 6_000;

/**
 * Microsoft Teams, through the workflow "Post to a channel when a webhook request is received". Text stands in text runs,
 * which, unlike text blocks, know no Markdown: https://adaptivecards.io/explorer/TextRun.html
 */
export const teams: Preset = {
  documentation: 'https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using',
  needs: [],
  request: (message, { url }) => ({
    url,
    body: { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card(message) }] },
  }),
};

function card(message: Message): unknown {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: message.subject, weight: 'Bolder', size: 'Medium' }] },
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: atMost(textOf(message), LONGEST_TEXT) }] },
    ],
    ...(message.link !== '' && { actions: [{ type: 'Action.OpenUrl', title: 'Open the console', url: message.link }] }),
  };
}
