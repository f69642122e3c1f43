import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import TOML from '@iarna/toml';
import * as z from 'zod';
import { DkmError, isNotFound } from '../base/errors.ts';
import { checked, parseToml } from '../base/structured.ts';
import { INSTALL_TYPES } from './install-type.ts';
import { PORTS_PER_INSTALLATION } from './ports.ts';

/*
 * `conf/dkm.toml`: the installer's answers and what an administrator overrides per service. Written by the
 * installer, edited by people, read by every dkm command.
 */

const serviceOverrides = z.strictObject({
  /** False: `dkm start` without names leaves it out. */
  autostart: z.boolean().optional(),
  /** Added to the service's environment. */
  environment: z.record(z.string(), z.string()).optional(),
  /** Seconds it may take to become ready. */
  start_timeout_s: z.number().positive().max(3600).optional(),
  /** Seconds it may take to stop before it is killed. */
  stop_timeout_s: z.number().positive().max(3600).optional(),
});

const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'an IP address of this machine, such as 0.0.0.0 or 127.0.0.1');

/** A host name: labels of letters, digits, dashes and underscores. Each label becomes a part of a metric's name. */
export const hostPattern = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

export const settingsSchema = z.strictObject({
  install: z.strictObject({
    type: z.enum(INSTALL_TYPES),
    /** First of ten ports. */
    port: z
      .number()
      .int()
      .min(1)
      .max(65536 - PORTS_PER_INSTALLATION),
    /** Fully qualified name under which this host's metrics are stored. */
    hostname: z.string().regex(hostPattern),
    /** Listening addresses. */
    listen: z.strictObject({ dashboards: ipAddress, carbon: ipAddress, query: ipAddress }),
    /** Where metrics are sent and asked for when this installation has no store. */
    carbon_server: z.strictObject({ host: z.string(), port: z.number().int().min(1).max(65535), query_port: z.number().int().min(1).max(65535) }).optional(),
    /** Use the system's collectd, at this path, in place of the bundled one. */
    system_collectd: z.string().optional(),
    /** The Python that the Python providers run on. */
    python: z.string().optional(),
    /** Providers that were chosen, by role. */
    providers: z.record(z.string(), z.string()),
  }),
  services: z.record(z.string(), serviceOverrides).default({}),
});

export type Settings = z.output<typeof settingsSchema>;
export type ServiceOverrides = z.output<typeof serviceOverrides>;

/** Reads conf/dkm.toml; errors name the file and the key. */
export async function readSettings(path: string): Promise<Settings> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new DkmError('not-an-installation', `${path} is missing: this is not an installed directory.`, {
      hint: 'Run the dkm in the bin/ of an installed directory.',
      cause: error,
    });
  }
  return checked(settingsSchema, parseToml(text, path), path);
}

const HEADING = `# The answers this installation was made with, and your settings per service.
# Edit it freely; "dkm restart" takes changes of [services] up; after a change of
# [install], run the bundle's installer on this directory again, then "dkm restart". Per service, for example:
#
#   [services.collectd]
#   autostart = false            # "dkm start" leaves it out
#   start_timeout_s = 120
#   environment = { TZ = "UTC" }

`;

/** conf/dkm.toml's text for these settings. */
export function formatSettings(settings: Settings): string {
  // An empty [services] would have to be found and filled; without it a table can simply be added at the end.
  const { services, ...rest } = settings;
  const written = Object.keys(services).length === 0 ? rest : settings;
  const text = TOML.stringify(JSON.parse(JSON.stringify(written)) as TOML.JsonMap);
  // The library indents tables and writes 15000 as 15_000; neither is what people type or search for.
  return HEADING + text.replace(/^ +/gm, '').replace(/^(\w+ = )([\d_]+)$/gm, (_, key: string, number: string) => key + number.replaceAll('_', ''));
}
