import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DkmError, messageOf } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { checked, parseToml } from '../../base/structured.ts';
import type { Channel, Heartbeat, NotifySpec, RuleException } from '../../contract/notify.ts';
import { readSettings } from '../../contract/settings.ts';
import { presetNamed } from '../channels/presets/all.ts';
import { readSecret } from '../secrets.ts';
import { notifySchema, type ChannelSettings, type NotifySettings } from './schema.ts';

/** What conf/notify.toml says. */
export interface ReadNotify {
  /** Undefined when something is wrong: then it is better that a supervisor goes on as before than that it tells half. */
  spec: NotifySpec | undefined;
  /** `file: key: what is wrong`, or what is wrong with a file that is named there. */
  faults: string[];
}

/** Reads conf/notify.toml, with defaults for what it leaves out; without the file nobody is told. Throws for an unreadable file or conf/dkm.toml. */
export async function readNotify(layout: Layout): Promise<ReadNotify> {
  const text = (await readIfPresent(layout.notifySettings)) ?? '';
  const { install } = await readSettings(layout.settings);
  const file = relative(layout.root, layout.notifySettings);
  let settings: NotifySettings;
  try {
    settings = checked(notifySchema, parseToml(text, file), file);
  } catch (error) {
    if (!(error instanceof DkmError)) throw error;
    return { spec: undefined, faults: error.message.split('\n') };
  }
  const spec = notifySpec(settings, install.hostname);
  const faults = await faultsOfFiles(spec, layout);
  return { spec: faults.length === 0 ? spec : undefined, faults };
}

/** The settings with milliseconds, and everything filled in. Pure. */
export function notifySpec(settings: NotifySettings, hostname: string): NotifySpec {
  const { rules, heartbeat } = settings;
  return {
    host: settings.host ?? hostname,
    link: settings.console_url ?? '',
    channels: settings.channels.map(channelOf),
    rules: {
      failures: rules.failures,
      of: rules.of,
      atLatestMs: rules.at_latest_s * 1000,
      reminderMs: rules.reminder_h * 3_600_000,
      digestWithinMs: rules.digest_within_s * 1000,
      digestFrom: rules.digest_from,
      recovery: rules.recovery,
      noData: rules.no_data,
      flapChanges: rules.flap_changes,
    },
    exceptions: settings.exceptions.map(exceptionOf),
    ...(heartbeat && { heartbeat: heartbeatOf(heartbeat) }),
  };
}

function exceptionOf({ promises, failures, of, at_latest_s, reminder_h, no_data }: NotifySettings['exceptions'][number]): RuleException {
  return defined({
    promises,
    failures,
    of,
    atLatestMs: at_latest_s === undefined ? undefined : at_latest_s * 1000,
    reminderMs: reminder_h === undefined ? undefined : reminder_h * 3_600_000,
    noData: no_data,
  }) as unknown as RuleException;
}

function heartbeatOf({ interval_s, timeout_s, ...receiver }: NonNullable<NotifySettings['heartbeat']>): Heartbeat {
  return { intervalMs: interval_s * 1000, timeoutMs: timeout_s * 1000, settings: receiverOf(receiver) };
}

function channelOf(settings: ChannelSettings): Channel {
  const digest = settings.digest ?? (settings.kind !== 'webhook' || presetNamed(settings.preset)?.digest !== false);
  return {
    name: settings.name,
    kind: settings.kind,
    severities: settings.severities,
    promises: settings.promises,
    quietHours: settings.quiet_hours,
    criticalBreaksQuiet: settings.critical_breaks_quiet,
    digest,
    settings: ownSettings(settings),
  };
}

function ownSettings(settings: ChannelSettings): Record<string, unknown> {
  const timeoutMs = settings.timeout_s * 1000;
  switch (settings.kind) {
    case 'webhook': {
      const { preset, headers, header_files, hmac_file, hmac_header, token_file, chat_id, topic } = settings;
      const more = { preset, headers, headerFiles: header_files, hmacFile: hmac_file, hmacHeader: hmac_header, tokenFile: token_file, chatId: chat_id, topic };
      return defined({ ...receiverOf(settings), ...more, timeoutMs });
    }
    case 'email': {
      const { host, tls, user, password_file, from, to, ca_file, verify_tls } = settings;
      const port = settings.port ?? { starttls: 587, smtps: 465, none: 25 }[tls];
      return defined({ host, port, tls, user, passwordFile: password_file, from, to, caFile: ca_file, verifyTls: verify_tls, timeoutMs });
    }
    case 'command':
      return { argv: settings.command, timeoutMs };
  }
}

interface Receiver {
  url?: string | undefined;
  url_file?: string | undefined;
  ca_file?: string | undefined;
  verify_tls: boolean;
  proxy?: string | undefined;
}

function receiverOf({ url, url_file, ca_file, verify_tls, proxy }: Receiver): Record<string, unknown> {
  return defined({ url, urlFile: url_file, caFile: ca_file, verifyTls: verify_tls, proxy });
}

/** Without the keys that have no value: what is handed over as JSON has none either. */
function defined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** Every secret that is named is there and nobody else's; certificates are there. */
async function faultsOfFiles({ channels, heartbeat }: NotifySpec, layout: Layout): Promise<string[]> {
  const settings = [...channels.map((channel) => channel.settings), ...(heartbeat ? [heartbeat.settings] : [])];
  const secrets = new Set(settings.flatMap(secretsOf));
  const certificates = new Set(settings.flatMap(({ caFile }) => (typeof caFile === 'string' ? [caFile] : [])));
  const faults = await Promise.all([
    ...[...secrets].map((name) => faultOf(readSecret(layout, name))),
    ...[...certificates].map((name) => faultOf(stat(join(layout.conf, name)))),
  ]);
  return faults.flat();
}

/** The names of all files in conf/secrets that a channel's settings name. */
function secretsOf(settings: Record<string, unknown>): string[] {
  const { urlFile, hmacFile, tokenFile, passwordFile, headerFiles = {} } = settings;
  return [urlFile, hmacFile, tokenFile, passwordFile, ...Object.values(headerFiles as Record<string, unknown>)].filter((name) => typeof name === 'string');
}

async function faultOf(trying: Promise<unknown>): Promise<string[]> {
  try {
    await trying;
    return [];
  } catch (error) {
    const hint = error instanceof DkmError && error.hint !== undefined ? ` ${error.hint}` : '';
    return [`${messageOf(error)}${hint}`];
  }
}
