import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { DkmError, messageOf } from '../../base/errors.ts';

/** Where a certificate (with those between it and its authority behind it) and its key are: PEM files. */
export interface CertificateFiles {
  certificate_file: string;
  key_file: string;
}

export interface ReadCertificate {
  certificate: X509Certificate;
  options: SecureContextOptions;
  context: SecureContext;
}

/** TLS 1.2 with forward secrecy and authenticated encryption alone, or 1.3; no renegotiation that a client could ask for. */
export const TLS_OPTIONS = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  ALPNProtocols: ['http/1.1'],
} as const;

/** Reads both files; an error names the file and what is wrong with it. */
export async function readCertificate({ certificate_file: certificateFile, key_file: keyFile }: CertificateFiles): Promise<ReadCertificate> {
  const cert = await readPem(certificateFile, 'certificate');
  const key = await readPem(keyFile, 'key');
  const certificate = parsed(() => new X509Certificate(cert), certificateFile, 'no certificate in PEM');
  const privateKey = parsed(() => createPrivateKey(key), keyFile, 'no private key in PEM without a passphrase');
  if (!certificate.checkPrivateKey(privateKey))
    throw new DkmError('file-invalid', `${keyFile} is not the key of the certificate ${certificateFile}.`, { hint: 'Name a certificate and its own key.' });
  const options: SecureContextOptions = { cert, key, minVersion: TLS_OPTIONS.minVersion, ciphers: TLS_OPTIONS.ciphers };
  return { certificate, options, context: parsed(() => createSecureContext(options), certificateFile, 'not usable for TLS') };
}

async function readPem(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new DkmError('file-missing', `The console's TLS ${what} cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: 'Correct [tls] in the console\'s configuration, or make a certificate: "dkm console certificate".',
    });
  }
}

function parsed<Value>(parse: () => Value, file: string, fault: string): Value {
  try {
    return parse();
  } catch (error) {
    throw new DkmError('file-invalid', `${file}: ${fault} (${messageOf(error)}).`, { cause: error, hint: "Correct [tls] in the console's configuration." });
  }
}

/** The days a certificate is valid for from now on; negative when it has expired. */
export function daysLeft({ validTo }: Pick<X509Certificate, 'validTo'>, nowMs = Date.now()): number {
  return Math.floor((Date.parse(validTo) - nowMs) / 86_400_000);
}
