/*
 * What services accept, written from their publishers' pages (each preset names its own). Strict where the publisher is:
 * a key that a page does not name is a mistake of ours.
 */

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });
const object = (properties: Record<string, unknown>, required: string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const textRun = object(
  {
    type: { const: 'TextRun' },
    text: { type: 'string', minLength: 1 },
    weight: { enum: ['Lighter', 'Default', 'Bolder'] },
    size: { enum: ['Small', 'Default', 'Medium', 'Large', 'ExtraLarge'] },
  },
  ['type', 'text'],
);

const card = object(
  {
    $schema: { const: 'http://adaptivecards.io/schemas/adaptive-card.json' },
    type: { const: 'AdaptiveCard' },
    version: { const: '1.2' },
    body: { type: 'array', minItems: 1, items: object({ type: { const: 'RichTextBlock' }, inlines: { type: 'array', minItems: 1, items: textRun } }) },
    actions: { type: 'array', items: object({ type: { const: 'Action.OpenUrl' }, title: text(100), url: { type: 'string', pattern: '^https?://' } }) },
  },
  ['$schema', 'type', 'version', 'body'],
);

const pagerdutyTrigger = object(
  {
    routing_key: text(100),
    event_action: { const: 'trigger' },
    dedup_key: text(255),
    client: { type: 'string' },
    client_url: { type: 'string', pattern: '^https?://' },
    payload: object({
      summary: text(1024),
      source: text(255),
      severity: { enum: ['critical', 'warning', 'error', 'info'] },
      timestamp: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$' },
      component: { type: 'string' },
      custom_details: { type: 'object' },
    }),
  },
  ['routing_key', 'event_action', 'dedup_key', 'client', 'payload'],
);

export const PRESET_SCHEMAS: Record<string, object> = {
  slack: object({ text: text(40_000), mrkdwn: { const: false } }),
  mattermost: object({ text: text(16_383) }),
  'rocket-chat': object({ text: text(5_000) }),
  discord: object({ content: text(2_000), allowed_mentions: object({ parse: { type: 'array', maxItems: 0 } }) }),
  teams: object({
    type: { const: 'message' },
    attachments: {
      type: 'array',
      minItems: 1,
      maxItems: 1,
      items: object({ contentType: { const: 'application/vnd.microsoft.card.adaptive' }, contentUrl: { type: 'null' }, content: card }),
    },
  }),
  'google-chat': object({ text: text(4_096) }),
  telegram: object({ chat_id: text(100), text: text(4_096), link_preview_options: object({ is_disabled: { const: true } }) }),
  ntfy: object(
    {
      topic: text(64),
      title: text(250),
      message: text(4_096),
      priority: { type: 'integer', minimum: 1, maximum: 5 },
      click: { type: 'string', pattern: '^https?://' },
    },
    ['topic', 'title', 'message', 'priority'],
  ),
  gotify: object({
    title: { type: 'string' },
    message: { type: 'string', minLength: 1 },
    priority: { type: 'integer', minimum: 0, maximum: 10 },
    extras: object({ 'client::display': object({ contentType: { enum: ['text/plain', 'text/markdown'] } }) }),
  }),
  pagerduty: {
    oneOf: [pagerdutyTrigger, object({ routing_key: text(100), event_action: { const: 'resolve' }, dedup_key: text(255) })],
  },
};
