import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { DkmError } from '../../base/errors.ts';

/** Browsers refuse certificates that are valid for longer: https://support.apple.com/en-us/102028 */
export const VALID_DAYS = 397;
const DAY_MS = 86_400_000;
const HOST_NAME = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

/** A certificate that vouches for itself, for these host names and addresses, and its key: PEM. Throws `usage` for a name that is none. */
export async function makeCertificate(names: readonly string[], nowMs = Date.now()): Promise<{ certificate: string; key: string }> {
  const bad = names.find((name) => isIP(name) === 0 && (!HOST_NAME.test(name) || name.length > 253));
  if (bad !== undefined) throw new DkmError('usage', `"${bad}" is neither a host name nor an address.`);
  const { generate } = await import('selfsigned'); // large, and rarely needed
  const commonName = names.find((name) => isIP(name) === 0 && name.length <= 64) ?? 'dkm';
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // Clocks differ a little.
    notBeforeDate: new Date(nowMs - DAY_MS),
    notAfterDate: new Date(nowMs + (VALID_DAYS - 1) * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })) },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

/** True when the certificate is for this host name or address. */
export function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}
