import * as z from 'zod';
import { insidePath } from '../../base/structured.ts';
import { CHANNEL_NAME } from '../../contract/notify.ts';
import { SEVERITIES } from '../../contract/promise.ts';
import { presetNamed } from '../channels/presets/all.ts';
import { PRESET_NAMES } from '../channels/presets/names.ts';
import { coverTheDay, parseQuietHours } from '../quiet-hours.ts';

/* conf/notify.toml, as people write it. Unknown keys are errors: a rule that is misspelt would not hold, and nobody would know. */

const line = z
  .string()
  .min(1)
  .refine((text) => !/\p{Cc}/u.test(text), 'expected one line');
const secretFile = insidePath('conf/secrets');
const configurationFile = insidePath('conf');
const globs = z.array(line).min(1);
const timeout = z.number().min(1).max(300);

const url = line.refine((text) => isHttp(URL.parse(text)), 'expected an address that begins with http:// or https://, and no password in it (see url_file)');

function isHttp(address: URL | null): boolean {
  return address !== null && ['http:', 'https:'].includes(address.protocol) && address.username === '' && address.password === '';
}

const receiver = {
  url: url.optional(),
  url_file: secretFile.optional(),
  ca_file: configurationFile.optional(),
  verify_tls: z.boolean().default(true),
  proxy: url.optional(),
};

const bothAddresses = { path: ['url'], message: 'expected url or url_file, not both' };
const isOneAddress = (settings: { url?: string | undefined; url_file?: string | undefined }): boolean =>
  settings.url === undefined || settings.url_file === undefined;

const runs = { failures: z.number().int().min(1).max(100), of: z.number().int().min(1).max(100) };
const spans = { at_latest_s: z.number().min(0).max(86_400), reminder_h: z.number().min(0).max(8_760), no_data: z.boolean() };

const rules = z
  .strictObject({
    failures: runs.failures.default(2),
    of: runs.of.default(3),
    at_latest_s: spans.at_latest_s.default(600),
    reminder_h: spans.reminder_h.default(24),
    digest_within_s: z.number().min(0).max(3_600).default(20),
    digest_from: z.number().int().min(1).max(1_000).default(3),
    recovery: z.boolean().default(true),
    no_data: spans.no_data.default(true),
    flap_changes: z.number().int().min(0).max(1_000).default(6),
  })
  .refine((given) => given.failures <= given.of, { path: ['failures'], message: 'expected no more than "of"' });

const exception = z.strictObject({
  promises: globs,
  failures: runs.failures.optional(),
  of: runs.of.optional(),
  at_latest_s: spans.at_latest_s.optional(),
  reminder_h: spans.reminder_h.optional(),
  no_data: spans.no_data.optional(),
});

const common = {
  name: z.string().regex(CHANNEL_NAME, 'expected lower-case letters, digits, dashes and underscores, at most 40'),
  severities: z.array(z.enum(SEVERITIES)).default([]),
  promises: z.array(line).default([]),
  quiet_hours: z
    .array(z.string().refine((text) => parseQuietHours(text) !== undefined, 'expected a span such as "22:00-06:30"'))
    .refine((texts) => !coverTheDay(texts), 'expected some minute of the day that is not quiet')
    .default([]),
  critical_breaks_quiet: z.boolean().default(false),
  digest: z.boolean().optional(),
};

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header');

const webhook = z
  .strictObject({
    ...common,
    ...receiver,
    kind: z.literal('webhook'),
    preset: z.enum(['json', ...PRESET_NAMES]).default('json'),
    headers: z.record(headerName, line).default({}),
    header_files: z.record(headerName, secretFile).default({}),
    hmac_file: secretFile.optional(),
    hmac_header: headerName.default('X-Dkm-Signature'),
    token_file: secretFile.optional(),
    chat_id: line.optional(),
    topic: line.optional(),
    timeout_s: timeout.default(15),
  })
  .refine(isOneAddress, bothAddresses)
  .check(({ value, issues }) => {
    for (const [key, message] of presetFaults(value)) issues.push({ code: 'custom', path: [key], message, input: value });
  });

const SECRET_ADDRESS = 'whoever knows it may write there: put it into a file of conf/secrets, and name that file in url_file';
const SECRET_HEADER = /^(proxy-)?authorization$|cookie|token|secret|password|api-?key/i;
const SECRET_VALUE = 'it is a secret: put it into a file of conf/secrets, and name that file in header_files';

interface PresetKeys {
  preset: string;
  headers: Record<string, string>;
  url?: string | undefined;
  url_file?: string | undefined;
  token_file?: string | undefined;
  chat_id?: string | undefined;
  topic?: string | undefined;
}

const KEY_OF = { token: 'token_file', chatId: 'chat_id', topic: 'topic' } as const;

function presetFaults(settings: PresetKeys): [string, string][] {
  const preset = presetNamed(settings.preset);
  const faults: [string, string][] = [];
  if (settings.url === undefined && settings.url_file === undefined && preset?.url === undefined) faults.push(['url', 'expected url or url_file']);
  // Incoming webhooks of chat systems: the address is all it takes.
  if (preset && preset.url === undefined && preset.needs.length === 0 && settings.url !== undefined) faults.push(['url', SECRET_ADDRESS]);
  for (const name of Object.keys(settings.headers).filter((header) => SECRET_HEADER.test(header))) faults.push([`headers.${name}`, SECRET_VALUE]);
  for (const [need, key] of Object.entries(KEY_OF) as [keyof typeof KEY_OF, (typeof KEY_OF)[keyof typeof KEY_OF]][]) {
    const isNeeded = preset?.needs.includes(need) ?? false;
    const isTaken = isNeeded || (need === 'token' && (preset?.takes?.includes('token') ?? false));
    if (isNeeded && settings[key] === undefined) faults.push([key, `expected for preset "${settings.preset}"`]);
    if (!isTaken && settings[key] !== undefined) faults.push([key, `preset "${settings.preset}" has no use for it`]);
  }
  return faults;
}

const mailAddress = line.refine((text) => /^[^@]*[^@\s]@[^@\s]+$/.test(text.replace(/>$/, '')), 'expected a mail address');

const email = z
  .strictObject({
    ...common,
    kind: z.literal('email'),
    host: line,
    port: z.number().int().min(1).max(65_535).optional(),
    tls: z.enum(['starttls', 'smtps', 'none']).default('starttls'),
    user: line.optional(),
    password_file: secretFile.optional(),
    from: mailAddress,
    to: z.array(mailAddress).min(1),
    ca_file: configurationFile.optional(),
    verify_tls: z.boolean().default(true),
    timeout_s: timeout.default(30),
  })
  .refine(({ user, password_file }) => (user === undefined) === (password_file === undefined), {
    path: ['password_file'],
    message: 'expected user and password_file, or neither',
  })
  .refine(({ tls, user }) => user === undefined || tls !== 'none', {
    path: ['tls'],
    message: 'expected starttls or smtps where a password is sent',
  });

const command = z.strictObject({ ...common, kind: z.literal('command'), command: z.array(z.string()).min(1), timeout_s: timeout.default(30) });

const heartbeat = z
  .strictObject({ ...receiver, interval_s: z.number().min(10).max(86_400).default(60), timeout_s: timeout.default(10) })
  .refine(isOneAddress, bothAddresses)
  .refine((settings) => settings.url !== undefined || settings.url_file !== undefined, { path: ['url'], message: 'expected url or url_file' });

/** conf/notify.toml */
export const notifySchema = z
  .strictObject({
    host: line.optional(),
    console_url: url.optional(),
    rules: rules.prefault({}),
    exceptions: z.array(exception).default([]),
    channels: z.array(z.discriminatedUnion('kind', [webhook, email, command])).default([]),
    heartbeat: heartbeat.optional(),
  })
  .check(({ value, issues }) => {
    value.channels.forEach(({ name }, index) => {
      const isSecond = value.channels.findIndex((other) => other.name === name) < index;
      if (isSecond) issues.push({ code: 'custom', path: ['channels', index, 'name'], message: `there are two channels "${name}"`, input: value });
    });
    value.exceptions.forEach((given, index) => {
      const { failures = value.rules.failures, of = value.rules.of } = given;
      if (failures > of) issues.push({ code: 'custom', path: ['exceptions', index, 'failures'], message: 'expected no more than "of"', input: value });
    });
  });

export type NotifySettings = z.output<typeof notifySchema>;
export type ChannelSettings = NotifySettings['channels'][number];
