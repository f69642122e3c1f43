import { X509Certificate } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { spanInWords } from '../../base/terminal.ts';
import { readWholeText } from '../bounded.ts';
import { configurationEntries } from '../../redaction/configuration-files.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';

/*
 * Certificates that any configuration file names: whether they can be read and how long they hold.
 */

const MOST_BYTES = 1 << 20;
const DAY_MS = 86_400_000;
const SOON_DAYS = 21;

export const certificates: Check = {
  name: 'certificates',
  async look({ layout }) {
    const entries = (await configurationEntries(layout)).filter(({ kind }) => kind === 'file');
    // What cannot be read, or is not text, is another check's finding.
    const texts = await Promise.all(
      entries.map(async ({ path }) => ({ path, text: await readWholeText(join(layout.root, path), MOST_BYTES).catch(() => '') })),
    );
    const named = texts.flatMap(({ path, text }) => certificatesNamedIn(text).map((certificate) => ({ certificate, path })));
    const unique = [...new Map(named.map((each) => [each.certificate, each])).values()];
    const found = await Promise.all(unique.map(({ certificate, path }) => lookAt(certificate, path)));
    return found.flat();
  },
};

/** The absolute paths of certificates in a configuration file, but for those in comments. Pure. */
export function certificatesNamedIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*[#;]/.test(line));
  return lines.flatMap((line) => [...line.matchAll(/(?<=^|[\s"'=:,[])\/[^\s"',\]]+\.(?:pem|crt|cer|cert)(?=$|[\s"',\]])/g)].map(([path]) => path));
}

async function lookAt(certificate: string, file: string): Promise<Found[]> {
  let text: string;
  try {
    text = await readWholeText(await realpath(certificate), MOST_BYTES); // certbot's are links
  } catch (error) {
    return [problem(`${file} names a certificate that cannot be read: ${messageOf(error)}`, certificate, 'Put it there, or take it out of the configuration.')];
  }
  // A key may be called .pem as well.
  if (!text.includes('BEGIN CERTIFICATE') && text.includes('PRIVATE KEY')) return [];
  try {
    return expiryFindings(new X509Certificate(text).validToDate.getTime() - Date.now(), certificate);
  } catch (error) {
    return [problem(`${certificate}, which ${file} names, is no certificate: ${messageOf(error)}`, certificate, 'Put a certificate in PEM form there.')];
  }
}

/** What it means that a certificate holds for so many milliseconds more. Pure. */
export function expiryFindings(leftMs: number, certificate: string): Found[] {
  const fix = 'Have it renewed, put it there, then: dkm restart';
  if (leftMs <= 0) return [problem(`The certificate ${certificate} ran out ${spanInWords(-leftMs / 1000)} ago.`, certificate, fix)];
  if (leftMs < SOON_DAYS * DAY_MS) return [warning(`The certificate ${certificate} runs out in ${spanInWords(leftMs / 1000)}.`, certificate, fix)];
  return [];
}
