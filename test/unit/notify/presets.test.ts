import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { PRESETS } from '../../../src/notify/channels/presets/all.ts';
import { PRESET_NAMES } from '../../../src/notify/channels/presets/names.ts';
import { compose, composeTest } from '../../../src/notify/compose.ts';
import type { Message } from '../../../src/notify/message.ts';
import { PRESET_SCHEMAS } from './preset-schemas.ts';
import { acknowledgedUntil, MINUTE, NOON, Scene, spec } from './scene.ts';

const ajv = new Ajv({ allErrors: true, strict: true });
const SETTINGS = { url: 'https://chat.example.org/hook/', token: '123:abc', chatId: '-100', topic: 'alerts' };

/** Everything a check could print to do harm. */
const HOSTILE = '```@everyone @here <!channel> <users/all> [x](http://evil.example) *b* _i_ `c` & "q" \\ ]]>\u0000\u001b[31m\u202e🙈\ud800';

function messages(message: string): Message[] {
  const own = spec({ reminderMs: 2 * MINUTE, flapChanges: 5, digestFrom: 2 }, { link: 'https://monitoring.example.org' });
  const scene = new Scene(own);
  const options = { message, id: `weird & <id> 'ü'` };
  scene
    .runs('fff', options)
    .runs('f', { ...options, acknowledged: acknowledgedUntil(NOON + 60 * MINUTE) })
    .runs('onofofofof', options);
  for (let number = 0; number < 120; number += 1) scene.run('failed', { id: `many-${number}`, message });
  const tellings = scene.decisions.flatMap((decision) => decision.tellings);
  return [...tellings.map((telling) => compose(telling, own, scene.nowMs)), composeTest('ops', own, scene.nowMs)];
}

describe('messages', () => {
  it('are of every kind here', () => {
    const events = new Set(messages('full').map(({ event }) => event));
    expect([...events].sort()).toEqual(['failed', 'no-data', 'recovered', 'reminder', 'test', 'unstable']);
  });

  it('have a subject of one line, and no characters that steer', () => {
    for (const { subject, text } of messages(`${HOSTILE}\r\nBcc: someone@example.org\n`)) {
      expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
      expect(text.isWellFormed()).toBe(true);
    }
  });
});

describe.each(PRESET_NAMES)('%s', (name) => {
  const preset = PRESETS[name];
  const validate = ajv.compile(PRESET_SCHEMAS[name] ?? false);

  it.each([
    ['short', 'The disk is full.'],
    ['empty', ''],
    ['long', 'So it goes. '.repeat(3_000)],
    ['hostile', HOSTILE],
    ['only backquotes', '`'.repeat(5_000)],
    ['wide', '🙈'.repeat(4_000)],
    ['mentions', '@<'.repeat(4_000)],
  ])('accepts what is sent of a message that is %s', (_, text) => {
    for (const message of messages(text)) {
      const request = preset.request({ ...message, dropped: 3 }, { ...SETTINGS, url: preset.url ?? SETTINGS.url });
      expect(request, message.event).toBeDefined();
      validate(JSON.parse(JSON.stringify(request?.body)));
      expect(validate.errors, message.event).toBeNull();
      expect(Buffer.byteLength(JSON.stringify(request?.body))).toBeLessThan(name === 'ntfy' ? 10_000 : name === 'gotify' ? 200_000 : 60_000);
      expect(URL.canParse(request?.url ?? '')).toBe(true);
    }
  });

  it('says where its format comes from', () => {
    expect(preset.documentation).toMatch(/^https:\/\//);
  });
});

describe('what checks print', () => {
  const [hostile] = messages(HOSTILE);
  const bodyOf = (name: keyof typeof PRESETS): string => JSON.stringify(PRESETS[name].request(hostile!, SETTINGS)?.body);

  it('calls nobody in Slack', () => expect(bodyOf('slack')).not.toMatch(/<!|<@|<http/));
  it.each(['mattermost', 'rocket-chat'] as const)('calls nobody in %s', (name) => expect(bodyOf(name)).not.toMatch(/@(everyone|here|channel|all)/));
  it('calls nobody in Google Chat', () => expect(bodyOf('google-chat')).not.toMatch(/<users/));
  it.each(['mattermost', 'rocket-chat', 'discord'] as const)('cannot end its block in %s', (name) => {
    for (const text of [HOSTILE, ...['`', '``', '```', '````', '`````'].map((quotes) => `${quotes}a`.repeat(600))]) {
      const [message] = messages(text);
      expect(JSON.stringify(PRESETS[name].request(message!, SETTINGS)?.body).split('```')).toHaveLength(3);
    }
  });
  it('is within what Teams takes', () => {
    const [wide] = messages('🙈'.repeat(4_000));
    expect(Buffer.byteLength(JSON.stringify(PRESETS.teams.request(wide!, SETTINGS)?.body))).toBeLessThan(28_000);
  });
});

describe('PagerDuty', () => {
  it('opens and closes an incident by one key', () => {
    const own = spec({ reminderMs: MINUTE });
    const tellings = new Scene(own).runs('ffo').decisions.flatMap((decision) => decision.tellings);
    const bodies = tellings.map(
      (telling) => PRESETS.pagerduty.request(compose(telling, own, NOON), SETTINGS)?.body as { event_action: string; dedup_key: string },
    );
    expect(bodies.map(({ event_action }) => event_action)).toEqual(['trigger', 'trigger', 'resolve']);
    expect(new Set(bodies.map(({ dedup_key }) => dedup_key)).size).toBe(1);
  });
});
