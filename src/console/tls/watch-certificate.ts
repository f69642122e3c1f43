import { stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../log.ts';
import { daysLeft, readCertificate, type CertificateFiles } from './certificate.ts';

/** Looked at this often: a renewed certificate is in use seconds later. */
const LOOK_EVERY_MS = 3_000;
const WARN_DAYS = 14;
const DAY_MS = 86_400_000;

/** Has the server use the certificate of these files whenever they change; what is no certificate with its key is logged and not used. */
export function watchCertificate(server: Server, files: CertificateFiles, log: Log): { end: () => void } {
  let seen: string | undefined;
  let toldAtMs = 0;
  let isLooking = false;
  const look = async (): Promise<void> => {
    const found = await stampOf(files);
    if (seen !== undefined && found !== seen) {
      try {
        const { options, certificate } = await readCertificate(files);
        server.setSecureContext(options);
        log(`certificate exchanged: ${certificate.subject.replaceAll('\n', ', ')}, valid until ${certificate.validTo}`);
        toldAtMs = 0;
      } catch (error) {
        log(`error: the changed certificate is not used: ${messageOf(error)}`);
      }
    }
    seen = found;
    toldAtMs = await tellExpiry(files, log, toldAtMs);
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, LOOK_EVERY_MS);
  timer.unref();
  void look();
  return { end: () => clearInterval(timer) };
}

async function stampOf(files: CertificateFiles): Promise<string> {
  const stamps = [files.certificate_file, files.key_file].map((file) =>
    stat(file, { bigint: true }).then(
      ({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(),
      () => 'missing',
    ),
  );
  return (await Promise.all(stamps)).join(' ');
}

/** Says once a day that the certificate expires soon; returns when it was said last. */
async function tellExpiry(files: CertificateFiles, log: Log, toldAtMs: number): Promise<number> {
  if (Date.now() - toldAtMs < DAY_MS) return toldAtMs;
  try {
    const days = daysLeft((await readCertificate(files)).certificate);
    if (days < WARN_DAYS) log(`warning: the certificate ${files.certificate_file} ${days < 0 ? 'has expired' : `expires in ${days} days`}`);
  } catch (error) {
    log(`error: ${messageOf(error)}`);
  }
  return Date.now();
}
