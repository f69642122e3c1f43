import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import TOML from '@iarna/toml';
import * as z from 'zod';
import { DkmError, isNotFound } from '../base/errors.ts';
import { checked, parseToml } from '../base/structured.ts';
import { INSTALL_TYPES } from './install-type.ts';
import { PORTS_PER_INSTALLATION } from './ports.ts';
import { PARAMETER_LINES, parseParameter } from './monitor.ts';
import type { DiskLimits, LogLimits } from './service.ts';

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
  /** MiB of memory it may use; when it uses more it is restarted. */
  memory_mib: z.number().int().min(1).optional(),
  /** Niceness, -20 to 19; below the one dkm has only for root. */
  nice: z.number().int().min(-20).max(19).optional(),
  /** Files and connections it may have open. */
  open_files: z.number().int().min(16).optional(),
});

/** What holds where [logs] says nothing. 10 MiB is weeks of a quiet service and a day of a talkative one; gzip leaves a tenth of it. */
const LOG_DEFAULTS = { max_mib: 10, max_age_days: 7, keep: 5, total_mib: 200 } as const;

const logSettings = z
  .strictObject({
    /** MiB; a log that is larger is rotated. */
    max_mib: z.number().positive().max(10_240).optional(),
    /** Days; a log that was begun before that is rotated. */
    max_age_days: z.number().positive().max(3650).optional(),
    /** Rotated logs kept of each log; 0 keeps none. */
    keep: z.number().int().min(0).max(1000).optional(),
    /** MiB of all logs together; the oldest rotated ones go first. */
    total_mib: z.number().positive().max(1_048_576).optional(),
  })
  .refine((logs) => (logs.total_mib ?? LOG_DEFAULTS.total_mib) >= (logs.max_mib ?? LOG_DEFAULTS.max_mib), {
    path: ['total_mib'],
    message: 'expected at least max_mib',
  });

/** When the disk has too little space; what is left out suits the size of the disk (src/supervisor/disk-space.ts). */
const diskSettings = z
  .strictObject({
    /** MiB; with less free there is a warning. 0: never. */
    warn_free_mib: z.number().min(0).max(1_073_741_824).optional(),
    /** MiB; with less free the stores are stopped. 0: never. */
    stop_free_mib: z.number().min(0).max(1_073_741_824).optional(),
  })
  .refine(({ warn_free_mib = Infinity, stop_free_mib = 0 }) => warn_free_mib > stop_free_mib || stop_free_mib === 0, {
    path: ['warn_free_mib'],
    message: 'expected more than stop_free_mib',
  });

const ipAddress = z.string().refine((text) => isIP(text) !== 0, 'an IP address of this machine, such as 0.0.0.0 or 127.0.0.1');

/** A host name: labels of letters, digits, dashes and underscores. Each label becomes a part of a metric's name. */
export const hostPattern = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

const oneLine = z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'expected a line of at most 200 characters');
const monitorAddress = z.url({ protocol: /^https?$/, error: 'expected an http or https address' });
const linkedPath = z.string().regex(/^[^\s\0]+$/, 'expected a path without spaces');

/** StatsD's port of the collector; without it none is open. */
const statsdSettings = z.strictObject({
  /** UDP. 8125 is what its clients send to by themselves. */
  port: z.number().int().min(1).max(65535),
  /** The address it listens on; left out: 127.0.0.1. Who can reach it can write metrics. */
  listen: ipAddress.optional(),
});

/** How this installation shows itself to SlapOS's monitoring interface (src/monitor/spec.ts fills in the rest). */
const monitorSettings = z.strictObject({
  /** What this instance is called. */
  title: oneLine.optional(),
  /** What it is a part of. */
  root_title: oneLine.optional(),
  /** Where the console answers, as others reach it. */
  base_url: monitorAddress.optional(),
  /** Base addresses of other monitors, dkm's or SlapOS's, that are shown with this one. */
  instances: z.array(monitorAddress).max(1000).optional(),
  /** Files and directories that everybody, or who logged in, may read through the interface; from the installed directory. */
  public_paths: z.array(linkedPath).optional(),
  private_paths: z.array(linkedPath).optional(),
  /** What can be changed through the interface: lines of SlapOS's `parameter-list`. */
  parameters: z
    .array(z.string().refine((line) => parseParameter(line) !== undefined, `expected one of: ${PARAMETER_LINES.join(', ')}`))
    .refine((lines) => new Set(lines.map((line) => line.split(' ')[1])).size === lines.length, 'expected each key once')
    .optional(),
  /** Domains whose pages may use the interface from a browser; their sub-domains may, too. */
  cors_domains: z.array(z.string().regex(hostPattern, 'expected a domain')).optional(),
});

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
  logs: logSettings.optional(),
  disk: diskSettings.optional(),
  statsd: statsdSettings.optional(),
  monitor: monitorSettings.optional(),
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

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;

/** How logs are rotated with these settings. Pure. */
export function logLimits({ logs }: Pick<Settings, 'logs'>): LogLimits {
  return {
    maxBytes: (logs?.max_mib ?? LOG_DEFAULTS.max_mib) * MIB,
    maxAgeMs: (logs?.max_age_days ?? LOG_DEFAULTS.max_age_days) * DAY_MS,
    keep: logs?.keep ?? LOG_DEFAULTS.keep,
    totalBytes: (logs?.total_mib ?? LOG_DEFAULTS.total_mib) * MIB,
  };
}

/** When the disk has too little space with these settings. Pure. */
export function diskLimits({ disk }: Pick<Settings, 'disk'>): DiskLimits {
  return {
    ...(disk?.warn_free_mib !== undefined && { warnFreeBytes: disk.warn_free_mib * MIB }),
    ...(disk?.stop_free_mib !== undefined && { stopFreeBytes: disk.stop_free_mib * MIB }),
  };
}

const HEADING = `# The answers this installation was made with, and your settings per service.
# Edit it freely; "dkm restart" takes changes of [services] up, "dkm reload" those of [logs] and [disk]; after a change of
# [install], run the bundle's installer on this directory again, then "dkm restart". Per service, for example:
#
#   [services.collectd]
#   autostart = false            # "dkm start" leaves it out
#   start_timeout_s = 120
#   environment = { TZ = "UTC" }
#   memory_mib = 512             # restarted when it uses more
#   nice = 5                     # -20 to 19; below dkm's own only for root
#   open_files = 65536           # files and connections it may have open
#
# Logs are rotated and compressed by dkm; these are its defaults:
#
#   [logs]
#   max_mib = 10                 # a larger log is rotated,
#   max_age_days = 7             # and an older one
#   keep = 5                     # rotated logs kept of each
#   total_mib = 200              # all logs together
#
# Before the disk is full the stores are stopped, and started again when there is space. On a disk of 100 GiB:
#
#   [disk]
#   warn_free_mib = 10240        # with less free "dkm status" warns (default: 10 % of the disk, 256 MiB to 10 GiB)
#   stop_free_mib = 2048         # with less free the stores are stopped (default: 3 %, 128 MiB to 2 GiB)
#
# collectd takes StatsD's counters, gauges, timers and sets over UDP where this says so ("dkm reconfigure" takes it up):
#
#   [statsd]
#   port = 8125
#   listen = "127.0.0.1"         # the default; StatsD knows no password
#
# How SlapOS's monitoring interface and feed readers see this installation ("dkm reload" takes it up):
#
#   [monitor]
#   title = "store 1"                                 # default: this host's name
#   root_title = "metrics of Lyon"                    # what it is a part of; default: the title
#   base_url = "https://monitor.example.org"          # where others reach the console; default: its port on this host
#   instances = ["http://other.example.org:15005"]    # other monitors to show with this one
#   public_paths = ["storage/reports"]                # files and directories everybody may read; private_paths: who logs in
#   parameters = ["file motd /srv/motd"]              # what can be seen and changed through the interface
#   cors_domains = ["interface.example.org"]          # whose pages may use it from a browser

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
