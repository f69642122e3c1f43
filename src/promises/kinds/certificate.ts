import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { isNotFound, messageOf, systemCodeOf } from '../../base/errors.ts';
import type { PromiseOutcome } from '../../contract/promise.ts';
import { failureInWords } from './ask.ts';
import { boundedSignal, within } from './bounded.ts';
import type { RunKind } from './kind.ts';
import { broken, kept } from './outcome.ts';

/** A certificate still holds for a while: that of a file, or of whatever speaks TLS at a port. Who signed it does not matter here. */
export interface CertificateSettings {
  /** A file (PEM); the first certificate in it counts. */
  file?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  /** The name that is asked for, where the host is an address. */
  server_name?: string | undefined;
  /** Days that it must still hold. */
  days: number;
  /** False: where there is no certificate, as where TLS is not switched on, nothing is wrong. */
  required: boolean;
}

/** What was found. */
export type FoundCertificate = { kind: 'certificate'; fromMs: number; untilMs: number } | { kind: 'none'; why: string } | { kind: 'failed'; why: string };

const DAY_MS = 86_400_000;

export const certificate: RunKind<CertificateSettings> = async (settings, context) => {
  const found = settings.file === undefined ? await fromPort(settings, boundedSignal(context), within(context)) : await fromFile(settings.file);
  return certificateOutcome(settings, found, context.now());
};

/** What was found means this. Pure. */
export function certificateOutcome(settings: CertificateSettings, found: FoundCertificate, nowMs: number): PromiseOutcome {
  const { days, required } = settings;
  const where = settings.file ?? `${settings.host ?? ''} port ${settings.port ?? ''}`;
  if (found.kind === 'failed') return broken(`${where} ${found.why}.`);
  if (found.kind === 'none') return required ? broken(`${where} ${found.why}.`) : kept(`${where} ${found.why}: there is no certificate to look at.`);
  const left = (found.untilMs - nowMs) / DAY_MS;
  const values = { certificate_days: left };
  if (left < 0) return broken(`The certificate of ${where} has expired.`, values);
  if (found.fromMs > nowMs) return broken(`The certificate of ${where} does not hold yet.`, values);
  if (left < days) return broken(`The certificate of ${where} ends in ${Math.floor(left)} days, expected at least ${days}.`, values);
  return kept(`The certificate of ${where} holds for at least ${days} days.`, values);
}

const PLAIN = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|INVALID_RECORD|BAD_RECORD_TYPE|RECORD_LAYER_FAILURE)|ECONNRESET)$/;

async function fromPort(
  { host = '', port = 0, server_name, required }: CertificateSettings,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<FoundCertificate> {
  if (!required && (await speaksPlainHttp(host, port, signal))) return { kind: 'none', why: 'does not speak TLS' };
  const { connect } = await import('node:tls'); // megabytes, which many an installation never needs
  const { promise, resolve } = Promise.withResolvers<FoundCertificate>();
  // Signed by whomever: it is looked at, and nothing is sent. Not even the usual authorities are loaded, which take memory.
  const socket = connect({ host, port, rejectUnauthorized: false, ca: [], ...(server_name !== undefined && { servername: server_name }) }, () => {
    const { valid_from, valid_to } = socket.getPeerCertificate();
    resolve({ kind: 'certificate', fromMs: Date.parse(valid_from), untilMs: Date.parse(valid_to) });
  });
  socket.on('error', (error) => {
    const isPlain = PLAIN.test(systemCodeOf(error) ?? '');
    resolve(isPlain ? { kind: 'none', why: 'does not speak TLS' } : { kind: 'failed', why: failureInWords(error, timeoutMs) });
  });
  // What speaks no TLS says so, or speaks HTTP, which was asked before: one that hangs up is neither.
  socket.on('close', () => resolve({ kind: required ? 'none' : 'failed', why: 'closed the connection' }));
  const onAbort = (): void => resolve({ kind: 'failed', why: `did not answer within ${Math.round(timeoutMs / 1000)} s` });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** True when a plain request is answered in plain text. A server that speaks TLS answers with an alert, or hangs up. */
async function speaksPlainHttp(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectPlain({ host, port, signal }, () => socket.write('HEAD / HTTP/1.0\r\n\r\n'));
  socket.once('data', (answer) => resolve(answer.subarray(0, 5).toString('latin1') === 'HTTP/'));
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function fromFile(path: string): Promise<FoundCertificate> {
  try {
    const { validFrom, validTo } = new X509Certificate(await readFile(path));
    return { kind: 'certificate', fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'none', why: 'is not there' };
    return { kind: 'failed', why: `holds no certificate that can be read (${systemCodeOf(error) ?? messageOf(error)})` };
  }
}
