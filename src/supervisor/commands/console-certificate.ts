import { hostname, networkInterfaces, userInfo } from 'node:os';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { EXIT } from '../../base/errors.ts';
import { makeDirectory, syncDirectory, writeAtomic } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { say } from '../../base/terminal.ts';
import { appendAudit } from '../../console/access/audit.ts';
import { daysLeft, readCertificate, type CertificateFiles } from '../../console/tls/certificate.ts';
import { isFor, makeCertificate } from '../../console/tls/self-signed.ts';

/** One that is valid for longer is left as it is. */
const RENEW_DAYS = 30;

/** `dkm console certificate`: makes a self-signed certificate, or renews it when it expires soon or lacks a name. */
export async function certificate(layout: Layout, options: { name?: string[]; force?: boolean; json?: boolean }): Promise<number> {
  const files = certificateFiles(layout);
  const names = [...new Set([hostname(), 'localhost', ...ownAddresses(), ...(options.name ?? [])])];
  const present = await readCertificate(files).catch(() => undefined); // none, or one that cannot be used: a new one is made
  const isKept =
    !options.force && present !== undefined && daysLeft(present.certificate) >= RENEW_DAYS && names.every((name) => isFor(present.certificate, name));
  if (!isKept) await write(layout, files, names);
  const { certificate: made } = await readCertificate(files);
  const { fingerprint256: fingerprint, validTo, subjectAltName = '' } = made;
  if (options.json) {
    say(
      JSON.stringify(
        {
          schema: 1,
          made: !isKept,
          certificateFile: files.certificate_file,
          keyFile: files.key_file,
          fingerprint,
          validUntil: new Date(validTo).toISOString(),
          names: subjectAltName.split(', '),
        },
        null,
        1,
      ),
    );
    return EXIT.fine;
  }
  say(`${isKept ? 'The certificate is good for' : 'Made a certificate that is valid for'} ${daysLeft(made)} days: ${files.certificate_file}`);
  say(`Names: ${subjectAltName}`);
  say(`SHA-256: ${fingerprint}`);
  say(`\nThe console uses it with this at the end of conf/console/console.toml, after "dkm restart console":\n\n[tls]\ncertificate_file = ${JSON.stringify(files.certificate_file)}\nkey_file = ${JSON.stringify(files.key_file)}`); // prettier-ignore
  if (isKept) say('\nRun this command again before it expires; --force renews it now.');
  return EXIT.fine;
}

/** Where a certificate that dkm makes is kept. */
export function certificateFiles({ conf, secrets }: Pick<Layout, 'conf' | 'secrets'>): CertificateFiles {
  return { certificate_file: join(conf, 'console', 'certificate.pem'), key_file: join(secrets, 'console-key.pem') };
}

async function write(layout: Layout, files: CertificateFiles, names: readonly string[]): Promise<void> {
  const made = await makeCertificate(names);
  const directories = [dirname(files.key_file), dirname(files.certificate_file)];
  for (const directory of directories) await makeDirectory(directory);
  // A console that looks in between finds a key that does not fit, says so, and looks again.
  await writeAtomic(files.key_file, made.key, 0o600);
  await writeAtomic(files.certificate_file, made.certificate, 0o644);
  directories.forEach(syncDirectory);
  const { username } = userInfo();
  await appendAudit(layout.consoleAudit, { account: username, role: 'operator', via: 'command', address: 'local', action: 'certificate.make', subject: files.certificate_file, outcome: 'done' }); // prettier-ignore
}

/** The addresses of this machine that others may know; those of one link only would not do in an address. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.map(({ address }) => address).filter((address) => isIP(address) !== 0 && !/^fe80:/i.test(address));
}
