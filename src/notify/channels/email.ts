import type { SendMailOptions } from 'nodemailer';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DkmError, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { isFlag, isInteger, isListOf, isNumber, isOneOf, isRecordWith, isText } from '../../base/shape.ts';
import { VERSION } from '../../base/version.ts';
import type { Message } from '../message.ts';
import { readSecret } from '../secrets.ts';
import { never, notNow, textOf, type Delivery, type Sender } from './sender.ts';

export interface EmailSettings {
  host: string;
  port: number;
  /** `starttls` insists on it; `none` is for a mail server on this machine. */
  tls: 'starttls' | 'smtps' | 'none';
  user?: string;
  /** In conf/secrets. */
  passwordFile?: string;
  from: string;
  to: string[];
  /** In conf/. */
  caFile?: string;
  verifyTls: boolean;
  timeoutMs: number;
}

/** True for the settings of e-mail as this version's commands hand them over. */
export const isEmailSettings = isRecordWith(
  {
    host: isText,
    port: isInteger,
    tls: isOneOf('starttls', 'smtps', 'none'),
    from: isText,
    to: isListOf(isText),
    verifyTls: isFlag,
    timeoutMs: isNumber,
  },
  { user: isText, passwordFile: isText, caFile: isText },
);

/** Tells by e-mail: one mail to all recipients. */
export function emailSender(settings: EmailSettings, layout: Pick<Layout, 'conf' | 'secrets'>): Sender {
  return {
    async deliver(message, signal) {
      try {
        return await send(message, settings, await transportOptions(settings, layout), signal);
      } catch (error) {
        return judged(error, settings);
      }
    },
  };
}

async function transportOptions(settings: EmailSettings, layout: Pick<Layout, 'conf' | 'secrets'>): Promise<SMTPTransportOptions> {
  const { host, port, tls, user, passwordFile, caFile, verifyTls, timeoutMs } = settings;
  const pass = passwordFile === undefined ? undefined : await readSecret(layout, passwordFile);
  const ca = caFile === undefined ? undefined : await readFile(join(layout.conf, caFile), 'utf8');
  return {
    host,
    port,
    secure: tls === 'smtps',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && pass !== undefined && { auth: { user, pass } }),
    tls: { rejectUnauthorized: verifyTls, ...(ca !== undefined && { ca }) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    allowInternalNetworkInterfaces: true, // a machine may have nothing but loopback, and its mail server there
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

async function send(message: Message, settings: EmailSettings, options: SMTPTransportOptions, signal: AbortSignal): Promise<Delivery> {
  // Loaded with the first mail: it takes 12 MB that most supervisors need not have.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(options);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new Error('the supervisor is ending'));
  // A server that says a little every now and then is within every other time-out.
  const deadline = setTimeout(() => reject(new Error(`not done within ${(settings.timeoutMs * 4) / 1000} s`)), settings.timeoutMs * 4);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { response, rejected } = await Promise.race([transport.sendMail(mailOf(message, settings)), stopped]);
    if (rejected.length === 0) return { ok: true, message: response };
    const warning = `refused for ${rejected.join(', ')}`;
    return { ok: true, message: `${response}; ${warning}`, warning };
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', stop);
    transport.close();
  }
}

function mailOf(message: Message, { from, to }: EmailSettings): SendMailOptions {
  const first = message.inReplyTo === '' ? undefined : mailId(message.inReplyTo, message.host);
  return {
    from,
    to,
    subject: message.subject,
    text: textOf(message),
    messageId: mailId(message.id, message.host),
    ...(first !== undefined && { inReplyTo: first, references: [first] }),
    date: new Date(message.createdAtMs),
    headers: {
      // No answers from mailing lists and absence notes: https://www.rfc-editor.org/rfc/rfc3834#section-5
      'Auto-Submitted': 'auto-generated',
      'X-Dkm-Event': message.event,
      'X-Dkm-Host': message.host.replaceAll(/[^A-Za-z0-9._-]/g, '-'),
    },
    xMailer: `dkm/${VERSION}`,
  };
}

/** The same for a message that is sent twice, so that mail programs show it once. */
function mailId(id: string, host: string): string {
  return `<${id}@${host.replaceAll(/[^A-Za-z0-9.-]/g, '-')}.dkm.invalid>`;
}

/** What only a changed setting or file mends: RFC 5321 has 5yz for "do not try again"; EAUTH is a refused log-in. */
function judged(thrown: unknown, { host, port }: EmailSettings): Delivery {
  if (thrown instanceof DkmError) return never(thrown.message);
  const { responseCode, code } = thrown as { responseCode?: number; code?: string };
  const message = `${host}:${port}: ${messageOf(thrown).replaceAll(/\s+/g, ' ').slice(0, 300)}`;
  if (code === 'ENOENT' || code === 'EACCES') return never(message);
  return responseCode !== undefined && responseCode >= 500 && responseCode < 600 ? never(message) : notNow(message);
}
