import type { Message } from '../../message.ts';
import { textOf } from '../sender.ts';
import { atMost, type Preset } from './preset.ts';

const LONGEST_SUMMARY = 1_024;
const LONGEST_DETAILS = 30_000;

/**
 * PagerDuty, Events API v2. An incident is opened and closed by the same `dedup_key`, so every promise is an event of its
 * own; what broke and was mended while it was quiet never was an incident there.
 */
export const pagerduty: Preset = {
  documentation: 'https://developer.pagerduty.com/docs/events-api-v2/trigger-events/',
  url: 'https://events.pagerduty.com/v2/enqueue',
  needs: ['token'],
  digest: false,
  request: (message, { url, token }) => {
    if (message.event === 'passed') return undefined;
    const isOver = message.event === 'recovered' || message.event === 'removed';
    return {
      url,
      body: { routing_key: token, dedup_key: keyOf(message), ...(isOver ? { event_action: 'resolve' } : { event_action: 'trigger', ...about(message) }) },
    };
  },
};

function keyOf(message: Message): string {
  const incident = message.promises[0]?.incident ?? message.id;
  return atMost(`${message.host}/${incident}`, 255);
}

function about(message: Message): object {
  const [promise] = message.promises;
  return {
    client: 'dkm',
    ...(message.link !== '' && { client_url: message.link }),
    payload: {
      summary: atMost(message.subject, LONGEST_SUMMARY),
      source: message.host,
      severity: message.event === 'test' ? 'info' : (promise?.severity ?? 'warning'),
      timestamp: new Date(message.createdAtMs).toISOString(),
      component: promise?.id ?? 'dkm',
      custom_details: { text: atMost(textOf(message), LONGEST_DETAILS), values: promise?.values ?? {} },
    },
  };
}
