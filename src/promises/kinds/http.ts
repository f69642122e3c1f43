import { open } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { ask, type Reply } from './ask.ts';
import type { RunKind } from './kind.ts';
import { broken, excerpt, kept } from './outcome.ts';
import { hasTextRules, textFault, type TextRules } from './pattern.ts';

/** An address answers as it should. */
export interface HttpSettings extends TextRules {
  url: string;
  method: 'GET' | 'HEAD';
  /** Any of these. */
  status: number[];
  headers: Record<string, string>;
  /** False: a redirect is the answer. */
  follow_redirects: boolean;
  verify_tls: boolean;
  /** File (PEM) with the certificates that are trusted in place of the usual ones. */
  ca_file?: string | undefined;
  /** Days that its certificate must still hold. */
  certificate_days?: number | undefined;
  /** Milliseconds within which it must have answered. */
  answer_ms?: number | undefined;
  user?: string | undefined;
  /** File with the password, and nothing else. */
  password_file?: string | undefined;
}

const MOST_BYTES = 1 << 20;
const MOST_REDIRECTS = 5;
const DAY_MS = 86_400_000;

export const http: RunKind<HttpSettings> = async (settings, context) => {
  const { url, method, headers, verify_tls, follow_redirects } = settings;
  const [password, ca] = await Promise.all([fileText(settings.password_file), fileText(settings.ca_file)]);
  const unreadable = [password, ca].find((file) => file !== undefined && 'why' in file);
  if (unreadable !== undefined) return broken(`${url} was not asked: ${unreadable.why}.`);
  const reply = await ask(
    {
      url,
      method,
      headers,
      verifyTls: verify_tls,
      mostRedirects: follow_redirects ? MOST_REDIRECTS : 0,
      mostBytes: method === 'HEAD' ? 0 : MOST_BYTES,
      ...(settings.user !== undefined && { basicAuth: `${settings.user}:${password?.text.trim() ?? ''}` }),
      ...(ca !== undefined && { ca: ca.text }),
    },
    context,
  );
  return httpOutcome(settings, reply, context.now());
};

/** What an answer means. Pure. */
export function httpOutcome(settings: HttpSettings, reply: Reply, nowMs: number): PromiseOutcome {
  const { url } = settings;
  if (reply.kind === 'failed') return broken(`${url} ${reply.why}.`);
  const daysLeft = reply.certificateUntilMs === undefined ? undefined : (reply.certificateUntilMs - nowMs) / DAY_MS;
  const values = {
    status: reply.status,
    answer_ms: reply.elapsedMs,
    body_bytes: Buffer.byteLength(reply.body),
    ...(daysLeft !== undefined && { certificate_days: daysLeft }),
  };
  const fault = statusFault(settings, reply) ?? bodyFault(settings, reply) ?? certificateFault(settings, daysLeft) ?? slowFault(settings, reply.elapsedMs);
  return fault === undefined ? kept(`${url} answers as it should.`, values) : broken(`${url} ${fault}.`, values);
}

type Answered = Extract<Reply, { kind: 'answered' }>;

function statusFault({ status }: HttpSettings, reply: Answered): string | undefined {
  if (status.includes(reply.status)) return undefined;
  const said = excerpt(reply.body.replace(/<[^<>]{0,200}>/g, ' '), 120);
  return `answers with status ${reply.status}, expected ${status.join(' or ')}${said === '' ? '' : `: ${said}`}`;
}

function bodyFault(settings: HttpSettings, { body, isWhole }: Answered): string | undefined {
  if (!hasTextRules(settings)) return undefined;
  const fault = textFault(body, settings);
  if (fault === undefined) return undefined;
  return `answers with a body that ${fault}${isWhole ? '' : ` in its first ${MOST_BYTES} bytes`}`;
}

function certificateFault({ certificate_days }: HttpSettings, daysLeft: number | undefined): string | undefined {
  if (certificate_days === undefined) return undefined;
  if (daysLeft === undefined) return 'has no certificate: it was not asked over TLS';
  if (daysLeft < 0) return 'has a certificate that has expired';
  return daysLeft < certificate_days ? `has a certificate that ends in ${Math.floor(daysLeft)} days, expected at least ${certificate_days}` : undefined;
}

function slowFault({ answer_ms }: HttpSettings, elapsedMs: number): string | undefined {
  return answer_ms !== undefined && elapsedMs > answer_ms ? `took longer than ${answer_ms} ms to answer` : undefined;
}

const LONGEST_FILE_BYTES = 1 << 20;

/** A small file's text; why it cannot be had is the end of a sentence. */
async function fileText(path: string | undefined): Promise<{ text: string; why?: never } | { why: string; text: string } | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > LONGEST_FILE_BYTES) return { why: `${path} is too long`, text: '' };
      return { text: await file.readFile('utf8') };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { why: `${path} cannot be read (${systemCodeOf(error) ?? messageOf(error)})`, text: '' };
  }
}
