import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { DkmError, isNotFound } from '../base/errors.ts';
import { checked, parseToml } from '../base/structured.ts';
import { hostPattern } from '../contract/settings.ts';

const path = z.string().min(1);
const domainPattern = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?$/;

const configSchema = z.strictObject({
  /** Address to listen on. */
  listen: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  /** Where the Graphite query API answers, without `/render`. */
  query_url: z.url({ protocol: /^https?$/, error: 'an http or https address' }),
  /** This host as its metrics are named: host.example.org is org.example.host. */
  host: z.string().regex(hostPattern, 'a host name, reversed as in metric names (org.example.host)'),
  /** Heading of the page. */
  title: z.string().min(1).max(100),
  /** File with the password; read at every use, so that a changed password counts at once. */
  password_file: path,
  /** File with the secret that sessions are signed with. */
  session_secret_file: path,
  /** The installed directory it shows. */
  root: path,
  /** Directory of the built page. */
  page: path,
  /** How long a login lasts, and how long when nothing is asked. */
  login: z.strictObject({ hours: z.number().positive().max(720).optional(), idle_minutes: z.number().positive().max(43_200).optional() }).optional(),
  /** More accounts, from a file as Apache's htpasswd makes it, and what they may do (left out: look). */
  accounts: z.strictObject({ htpasswd_file: path, role: z.enum(['reader', 'operator']).optional() }).optional(),
  /** https in place of http, with this certificate; both files are read again when they change. */
  tls: z
    .strictObject({
      certificate_file: path,
      key_file: path,
      /** Seconds for which browsers remember to use https; for the whole host, on every port, so that it is off unless given. */
      hsts_s: z.number().int().min(0).max(63_072_000).optional(),
    })
    .optional(),
  /** Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  trusted_proxies: z.array(z.union([z.ipv4(), z.ipv6()])).optional(),
  /** Domains whose pages (those of their sub-domains, too) may use the interfaces of SlapOS from a browser. */
  cors_domains: z.array(z.string().regex(domainPattern, 'a domain such as example.org, or with a port')).optional(),
});

/** The console's configuration file, checked. */
export type ConsoleConfig = z.output<typeof configSchema>;

/** Reads the console's TOML file; errors name the file and the key. */
export async function readConsoleConfig(file: string): Promise<ConsoleConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new DkmError('file-missing', `The console's configuration ${file} is missing.`, { cause: error, hint: 'Name the file with --config FILE.' });
  }
  return checked(configSchema, parseToml(text, file), file);
}
