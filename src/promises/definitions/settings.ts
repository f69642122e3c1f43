import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { CertificateSettings } from '../kinds/certificate.ts';
import type { ClockSettings } from '../kinds/clock.ts';
import type { CommandSettings } from '../kinds/command.ts';
import type { DiskForecastSettings } from '../kinds/disk-forecast.ts';
import type { DiskSettings } from '../kinds/disk.ts';
import type { FileSettings } from '../kinds/file.ts';
import type { ForecastSettings } from '../kinds/forecast.ts';
import type { FreshnessSettings } from '../kinds/freshness.ts';
import type { HttpSettings } from '../kinds/http.ts';
import { OPERATORS, WINDOW_FUNCTIONS, type MetricSettings } from '../kinds/metric.ts';
import type { ProcessSettings } from '../kinds/processes.ts';
import { RESOURCES, type ResourceSettings } from '../kinds/resource.ts';
import type { ServiceSettings } from '../kinds/service.ts';
import type { TcpSettings } from '../kinds/tcp.ts';
import type { WhisperSettings } from '../kinds/whisper.ts';
import type { OfService } from '../kinds/with-service.ts';

/*
 * What each built-in kind is told: every setting, with what holds where it is left out. Unknown keys are errors. A test
 * holds this list against src/promises/kinds/all.ts, and docs/promises.md explains each.
 */

const text = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes('\0'), 'text without a null character');
const path = text.refine(isAbsolute, 'an absolute path');
const webAddress = text.refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), 'an http or https address');
const withoutLogin = webAddress.refine(
  (value) => new URL(value).username === '' && new URL(value).password === '',
  'an address without user and password: those go into "user" and "password_file"',
);
const hostName = text.refine((value) => isIP(value) !== 0 || /^[A-Za-z0-9_.-]{1,253}$/.test(value), 'a host name or IP address');
/** A template fills in text. */
const portNumber = z.preprocess((value) => (typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value), z.number().int().min(1).max(65_535));
const expression = text.refine(isExpression, 'a regular expression');
const seconds = z.number().min(0).max(315_360_000);
const percent = z.number().min(0).max(100);
const count = z.number().int().min(0).max(1_000_000);
const bytes = z.number().int().min(0);
const state = z.enum(['ok', 'failed', 'no-data']);

const ofService = { service: text.optional() };
const textRules = { contains: text.optional(), contains_not: text.optional(), matches: expression.optional(), matches_not: expression.optional() };
const query = { url: withoutLogin, no_data: state.default('no-data'), grace_s: seconds.default(300) };
const hosts = {
  most_parts: count.min(1).max(12).default(6),
  reversed: z.boolean().default(true),
  except: z.array(text).default([]),
};
const ofHosts = { ...hosts, apart_from: text.optional() };
const targets = z.union([text.transform((target) => [target]), z.array(text).min(1).max(40)]);
const pattern = text.refine((value) => value.split('{host}').length === 2, "a metric's name with {host} in one place");
const room = {
  path,
  apart_from: path.optional(),
  min_free_percent: percent.default(10),
  enough_free_mib: z.number().min(0).default(10_240),
  min_free_inodes_percent: percent.default(5),
};
const trend = {
  window_h: z.number().positive().max(8760).default(72),
  min_span_h: z.number().positive().max(8760).default(24),
  min_points: count.min(2).default(20),
  min_days: z.number().min(0).max(3650).default(7),
};
const exitCodes = z.union([
  z
    .number()
    .int()
    .min(0)
    .max(255)
    .transform((code) => [code]),
  z.array(z.number().int().min(0).max(255)).min(1),
]);
const statuses = z.union([
  z
    .number()
    .int()
    .min(100)
    .max(599)
    .transform((status) => [status]),
  z.array(z.number().int().min(100).max(599)).min(1),
]);

const certificate = z
  .strictObject({
    ...ofService,
    file: path.optional(),
    host: hostName.optional(),
    port: portNumber.optional(),
    server_name: hostName.optional(),
    days: z.number().min(0).max(3650).default(14),
    required: z.boolean().default(true),
  })
  .refine(({ file, host, port }) => (file === undefined ? host !== undefined && port !== undefined : host === undefined && port === undefined), {
    path: ['file'],
    message: 'expected either file, or host and port',
  }) satisfies z.ZodType<CertificateSettings & OfService>;

const clock = z.strictObject({
  server: withoutLogin.optional(),
  max_offset_s: seconds.default(10),
  synchronised: z.boolean().default(true),
  max_jump_s: seconds.default(10),
  told_h: z.number().min(0).max(720).default(1),
  no_data: state.default('no-data'),
}) satisfies z.ZodType<ClockSettings>;

const command = z.strictObject({
  ...ofService,
  ...textRules,
  command: z
    .array(text)
    .min(1)
    .refine(([program = '']) => isAbsolute(program) || !program.includes('/'), 'a program by an absolute path, or by a name on the PATH, and its arguments'),
  exit_code: exitCodes.default([0]),
  directory: path.default('/'),
  environment: z.record(z.string().regex(/^[^=\0]+$/, 'the name of a variable'), z.string()).default({}),
}) satisfies z.ZodType<CommandSettings & OfService>;

const disk = z.strictObject(room) satisfies z.ZodType<DiskSettings>;

const diskForecast = z.strictObject({
  ...room,
  url: withoutLogin,
  ...trend,
  target: text,
}) satisfies z.ZodType<DiskForecastSettings>;

const file = z.strictObject({
  ...ofService,
  ...textRules,
  path,
  state: z.enum(['exists', 'absent', 'any']).default('exists'),
  max_age_s: seconds.optional(),
  min_age_s: seconds.optional(),
  min_bytes: bytes.optional(),
  max_bytes: bytes.optional(),
  last_lines: count.min(1).default(100),
}) satisfies z.ZodType<FileSettings & OfService>;

const forecast = z.strictObject({
  ...ofService,
  ...query,
  ...ofHosts,
  ...trend,
  target: targets,
  floor: z.number().default(0),
}) satisfies z.ZodType<ForecastSettings & OfService>;

const freshness = z.strictObject({
  ...ofService,
  ...query,
  ...hosts,
  pattern: z.union([pattern.transform((one) => [one]), z.array(pattern).min(1).max(10)]),
  max_age_s: seconds.min(1).default(300),
  forget_h: z.number().positive().max(8760).default(24),
}) satisfies z.ZodType<FreshnessSettings & OfService>;

const http = z
  .strictObject({
    ...ofService,
    ...textRules,
    url: withoutLogin,
    method: z.enum(['GET', 'HEAD']).default('GET'),
    status: statuses.default([200]),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'text of one line'))
      .default({}),
    follow_redirects: z.boolean().default(true),
    verify_tls: z.boolean().default(true),
    ca_file: path.optional(),
    certificate_days: z.number().min(0).max(3650).optional(),
    answer_ms: z.number().positive().optional(),
    user: z
      .string()
      .regex(/^[^:\p{Cc}]+$/u, 'a name without a colon')
      .optional(),
    password_file: path.optional(),
  })
  .refine(({ user, password_file }) => (user === undefined) === (password_file === undefined), {
    path: ['password_file'],
    message: 'expected together with user',
  })
  .refine(({ url, certificate_days }) => certificate_days === undefined || url.startsWith('https:'), {
    path: ['certificate_days'],
    message: 'expected an https address for it',
  }) satisfies z.ZodType<HttpSettings & OfService>;

const metric = z
  .strictObject({
    ...ofService,
    ...query,
    ...ofHosts,
    target: targets,
    window_s: seconds.min(1).default(300),
    function: z.enum(WINDOW_FUNCTIONS).default('avg'),
    operator: z.enum(OPERATORS).optional(),
    threshold: z.union([z.number(), z.tuple([z.number(), z.number()])]).optional(),
    max_age_s: seconds.optional(),
    min_points: count.min(1).default(1),
    min_series: count.min(1).default(1),
    series: z.enum(['all', 'any']).default('all'),
  })
  .refine(({ operator, max_age_s }) => operator !== undefined || max_age_s !== undefined, {
    path: ['operator'],
    message: 'expected operator and threshold, or max_age_s, or all three',
  })
  .refine(({ operator, threshold }) => (operator === 'between') === Array.isArray(threshold) && (operator === undefined) === (threshold === undefined), {
    path: ['threshold'],
    message: 'expected a number with an operator, and two numbers with "between"',
  })
  .refine(({ threshold }) => !Array.isArray(threshold) || threshold[0] <= threshold[1], {
    path: ['threshold'],
    message: 'expected the lower number first',
  }) satisfies z.ZodType<MetricSettings & OfService>;

const processes = z
  .strictObject({
    ...ofService,
    name: text.optional(),
    pattern: expression.optional(),
    pid_file: path.optional(),
    min: count.default(1),
    max: count.optional(),
    max_memory_mib: z.number().positive().optional(),
  })
  .refine(({ name, pattern, pid_file }) => (name ?? pattern ?? pid_file) !== undefined, {
    path: ['name'],
    message: 'expected at least one of name, pattern and pid_file',
  })
  .refine(({ min, max = Infinity }) => min <= max, { path: ['max'], message: 'expected at least min' }) satisfies z.ZodType<ProcessSettings & OfService>;

const resource = z.strictObject({
  resource: z.enum(RESOURCES),
  min_free_percent: percent.default(10),
  max_load_per_core: z.number().positive().default(4),
  unless_memory_percent: percent.optional(),
}) satisfies z.ZodType<ResourceSettings>;

const service = z.strictObject({
  services: z.array(text).default([]),
  may_be_stopped: z.boolean().default(true),
  max_restarts: count.min(1).optional(),
  settled_s: seconds.default(900),
}) satisfies z.ZodType<ServiceSettings>;

const tcp = z.strictObject({ ...ofService, host: hostName, port: portNumber }) satisfies z.ZodType<TcpSettings & OfService>;

const whisper = z.strictObject({ path, files: count.min(1).max(100_000).default(500) }) satisfies z.ZodType<WhisperSettings>;

/** The settings of each kind, by its name. */
export const KIND_SETTINGS: Readonly<Record<string, z.ZodType<object>>> = {
  certificate,
  clock,
  command,
  disk,
  'disk-forecast': diskForecast,
  file,
  forecast,
  freshness,
  http,
  metric,
  process: processes,
  resource,
  service,
  tcp,
  whisper,
};

/** Kinds that ask the query service of this installation where their settings name no other (`url`). */
export const ASKING_KINDS: readonly string[] = ['disk-forecast', 'forecast', 'freshness', 'metric'];

/** Kinds that can be about a service (`service`). */
export const KINDS_OF_SERVICES: readonly string[] = ['certificate', 'command', 'file', 'forecast', 'freshness', 'http', 'metric', 'process', 'tcp'];

function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'mu') instanceof RegExp;
  } catch {
    return false;
  }
}
