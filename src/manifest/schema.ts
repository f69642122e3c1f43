import * as z from 'zod';
import { PLATFORMS } from '../base/platform.ts';
import { INSTALL_TYPES, ROLES } from '../contract/install-type.ts';
import { CHOSEN_PORT_NAMES, PORT_NAMES, type PortName } from '../contract/ports.ts';
import { SEVERITIES } from '../contract/promise.ts';

/*
 * The schema of `vendor-manifests/<component>.toml`. Unknown keys are errors. `_reference.toml` shows and explains
 * every field; a test loads it and fails when a field of this schema is missing there.
 *
 * Text marked (template) is a Handlebars template; its values are those of `src/manifest/context.ts`.
 */

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes, beginning with a letter');
/** What Grafana's rule of a promise says besides what it looks at. */
const shippedAlertSchema = z.strictObject({
  /** What is wrong while it fires. */
  title: z.string().min(1).max(120),
  /** What to do then. */
  remedy: z.string().min(1),
  /** The uid of the dashboard that shows more. */
  dashboard: z.string().min(1).max(40).default('dkm-this-host'),
});

/** What `vendor-manifests/*.toml` and `_promises.toml` say of a promise; its kind's own settings are checked in src/promises/definitions. */
export const shippedPromiseSchema = z.strictObject({
  /** Unique in an installation. Providers of a role use the same ids, so that what was said of one holds for the next. */
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and dashes, beginning with a letter'),
  /** (template) */
  title: z.string().min(1),
  /** A built-in kind: src/promises/kinds. */
  kind: name,
  severity: z.enum(SEVERITIES).optional(),
  /** Cron expression with five fields. */
  frequency: z.string().min(1).optional(),
  timeout_s: z.number().positive().max(3600).optional(),
  /** False: only where conf/promises.toml says so. */
  enabled: z.boolean().default(true),
  /** The install types it is for; every type when left out. */
  types: z.array(z.enum(INSTALL_TYPES)).optional(),
  /** (template) It is there only where this is filled in with something. */
  when: z.string().min(1).optional(),
  /** (template in every text) What its kind is told. */
  settings: z.record(z.string(), z.unknown()).default({}),
  /** It is a rule of Grafana, too: only of kinds that ask the store (src/alerts). */
  alert: shippedAlertSchema.optional(),
});

export type ShippedPromise = z.output<typeof shippedPromiseSchema>;
export type ShippedAlert = z.output<typeof shippedAlertSchema>;

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256: 64 lower-case hexadecimal digits');
const integrity = z.string().regex(/^sha512-[A-Za-z0-9+/]+=*$/, 'an npm integrity value: sha512- and base64');
const relativePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a path relative to the component, without ".."');
const glob = relativePath;
const template = z.string().min(1);
const signal = z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL']);
const seconds = z.number().positive().max(3600);
const platforms = z
  .array(z.enum(PLATFORMS))
  .min(1)
  .default([...PLATFORMS]);

/** How an archive is packed; `binary` is a single executable, `tree` is a directory (only with `--with`). */
export const ARCHIVE_KINDS = ['tar.gz', 'tar.xz', 'tar', 'zip', 'deb', 'wheel', 'binary', 'tree'] as const;
export type ArchiveKind = (typeof ARCHIVE_KINDS)[number];

const httpSource = z.strictObject({
  kind: z.literal('http'),
  platforms,
  /** `{version}` and the keys of `values` are filled in. */
  url: z.string().regex(/^https?:\/\//, 'an http or https address'),
  archive: z.enum(['tar.gz', 'tar.xz', 'zip', 'deb', 'binary']),
  /** Pinned digest per platform; recorded by `make-package pin`. */
  sha256: z.partialRecord(z.enum(PLATFORMS), digest).default({}),
  /** Address of the publisher's checksum: bare hexadecimal digits, or lines of `digest  file name`. */
  checksum_url: z.string().optional(),
  /** Per-platform values for `{...}` in `url` and `checksum_url`. */
  values: z.partialRecord(z.enum(PLATFORMS), z.record(z.string(), z.string())).default({}),
});

const goModuleSource = z.strictObject({
  kind: z.literal('go-module'),
  platforms,
  module: z.string().min(1),
  /** The main package, relative to the module's root; "." for the root itself. */
  package: z.string().min(1).default('.'),
  /** Where the built program goes, relative to the component. */
  output: relativePath,
  /** The oldest Go that builds it, such as "1.25". */
  go: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional(),
  /** Values for the linker's -X flag; `{version}` is filled in. */
  ldflags_x: z.record(z.string(), z.string()).default({}),
});

const npmSource = z.strictObject({
  kind: z.literal('npm'),
  platforms,
  /** The package per platform. */
  package: z.partialRecord(z.enum(PLATFORMS), z.string().min(1)),
  /** Where a platform has another version than the component's. */
  version: z.partialRecord(z.enum(PLATFORMS), z.string().min(1)).default({}),
  /** Pinned integrity per platform. */
  integrity: z.partialRecord(z.enum(PLATFORMS), integrity).default({}),
});

const pypiPackage = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  /** Pinned digests: one of them must be the file's. Empty: the registry's own digest is checked. */
  sha256: z.array(digest).default([]),
  /** For a source distribution: which of its folders and files go where; nothing else is taken and nothing of it is run. */
  sdist: z.record(relativePath, relativePath).optional(),
  /** SPDX expression of this package, recorded in the bundle. */
  licence: z.string().min(1),
});

const pypiSource = z.strictObject({
  kind: z.literal('pypi'),
  platforms,
  /** The whole closure: dependencies that are not listed are not fetched. */
  packages: z.array(pypiPackage).min(1),
  /** Folder of the component that goes on PYTHONPATH. */
  into: relativePath.default('site'),
  /** The Python that wheels are chosen for. */
  python: z
    .string()
    .regex(/^3\.\d+$/)
    .default('3.11'),
});

const debSource = z.strictObject({
  kind: z.literal('deb'),
  platforms,
  /** Debian packages, each "name" or "name=version"; their dependencies are not followed. */
  packages: z.array(z.string().min(1)).min(1),
});

const builtInSource = z.strictObject({
  kind: z.literal('built-in'),
  platforms,
});

export const sourceSchema = z.discriminatedUnion('kind', [httpSource, goModuleSource, npmSource, pypiSource, debSource, builtInSource]);

const filesSchema = z.strictObject({
  /** When an archive holds a single directory, its content takes that directory's place. */
  strip_single_root: z.boolean().default(true),
  /** Renames after unpacking, from → to; a directory takes what is below it along. */
  rename: z.record(relativePath, relativePath).default({}),
  /** Globs of what stays; everything when empty. Matched after `rename`. */
  keep: z.array(glob).default([]),
  /** Globs of what is taken away from what stays. */
  prune: z.array(glob).default([]),
  /** Globs of what must be there in the end, so that a changed archive fails the build and not the installation. */
  require: z.array(glob).default([]),
});

const portSchema = z.strictObject({
  /** One of the installation's ports, or one that conf/dkm.toml opens. */
  name: z.enum([...(PORT_NAMES as [PortName, ...PortName[]]), ...CHOSEN_PORT_NAMES]),
  protocols: z
    .array(z.enum(['tcp', 'udp']))
    .min(1)
    .default(['tcp']),
  /** Whose listening address it takes: a flag of the installer's, a setting of conf/dkm.toml, or loopback always. */
  listen: z.enum(['dashboards', 'carbon', 'query', 'statsd', 'loopback']),
  /** What listens there, in words, for the summary. */
  title: z.string().min(1),
  /** The port that takes its place where the component runs beside the provider of its role. */
  beside: z.enum(PORT_NAMES as [PortName, ...PortName[]]).optional(),
});

const probeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('tcp'), port: z.enum(PORT_NAMES as [PortName, ...PortName[]]) }),
  z.strictObject({
    kind: z.literal('http'),
    /** (template) */
    url: template,
    status: z.number().int().min(100).max(599).default(200),
    /** (template) Text that must be in the body. */
    contains: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('file'),
    /** (template) */
    path: template,
    /** Healthy only while the file is younger than this. */
    max_age_s: seconds.optional(),
  }),
]);

const serviceSchema = z.strictObject({
  /** (template) The program and its arguments; the program must be an absolute path when rendered. */
  command: z.array(template).min(1),
  /** (template) Commands run to their end before each start, in order (a database migration, say). */
  before_start: z.array(z.array(template).min(1)).default([]),
  /** (template) Commands that check its configuration and change nothing: run before each start, after `before_start`, and by `dkm doctor`. */
  check: z.array(z.array(template).min(1)).default([]),
  /** (template) */
  environment: z.record(z.string(), z.string()).default({}),
  /** (template) */
  directory: template.default('{{dir.run}}'),
  /** Roles whose service must be ready first, where the installation has it. */
  after: z.array(z.enum(ROLES)).default([]),
  ready: probeSchema,
  health: z
    .strictObject({
      probe: probeSchema.optional(),
      interval_s: seconds.default(10),
      timeout_s: seconds.default(5),
      failures: z.number().int().min(1).max(100).default(3),
    })
    .prefault({}),
  start_timeout_s: seconds.default(60),
  stop: z.strictObject({ signal: signal.default('SIGTERM'), timeout_s: seconds.default(20) }).prefault({}),
  /** Signal on which it reads its configuration again; without it `reload` is a restart. */
  reload_signal: signal.optional(),
  /**
   * How it takes a rotated log file: on a signal; `self` when it opens the file anew by itself; `restart` when only
   * that helps, as where it logs what it prints, to a file that it did not open. `reopenlogs` says so and restarts nothing.
   */
  reopen: z.union([signal, z.literal('self'), z.literal('restart')]).default('restart'),
  /** (template) The file it logs to, if not what it prints. What it prints always goes to run/logs/<name>.log. */
  log: template.optional(),
  /** `on-failure`: a service that ends by itself with exit code 0 stays ended. */
  restart: z.enum(['always', 'on-failure']).default('always'),
  autostart: z.boolean().default(true),
  /** Directories it stores data in, relative to the installed directory: before their file system is full it is stopped cleanly. */
  stores_in: z.array(relativePath).default([]),
  /** Files and connections it needs to have open; it gets them as far as the user's hard limit goes. */
  open_files: z.number().int().min(16).optional(),
});

const measuresSchema = z.strictObject({
  /** (template) A metric that it sends for as long as it runs: how old its newest point is tells whether anything arrives. */
  metric: template,
  /** How often it sends. */
  interval_s: seconds,
  /** (template) The metric with the bytes that are free on a file system; `{mount}` is its mount point as collectd writes it. */
  free_space: template.optional(),
});

const requiresSchema = z.strictObject({
  /** A semver range for the system's Python, such as ">=3.9 <3.12". */
  python: z.string().optional(),
  /** Python modules of the standard library that some distributions package apart. */
  python_modules: z.array(z.string()).default([]),
  /** Oldest glibc, such as "2.34". */
  glibc: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional(),
  /** Programs that must be on the target's PATH. */
  programs: z.array(z.string()).default([]),
  /** Role → the components it works with in that role, where it does not work with each. */
  providers: z.partialRecord(z.enum(ROLES), z.array(name).min(1)).default({}),
});

export const manifestSchema = z.strictObject({
  /** `dkm` is dkm itself. */
  name: name.refine((text) => text !== 'dkm', 'another name than dkm'),
  title: z.string().min(1),
  description: z.string().min(1),
  homepage: z.string().regex(/^https?:\/\//),
  version: z.string().min(1),
  /** SPDX expression. */
  licence: z.string().min(1),
  /** Globs of the licence texts inside the component; copied to the bundle's licenses/. */
  licence_files: z.array(glob).default([]),
  role: z.enum(ROLES),
  /** Place among the providers of the role; the first choice has 1. */
  preference: z.number().int().min(1),
  /** True: where another component has its role, it is part of the bundle and runs all the same, beside it. */
  beside: z.boolean().default(false),
  /** False: only with `--with` or `--provider` naming it. */
  default: z.boolean().default(true),
  /** Where it can run; every platform when left out. */
  platforms,
  /** Narrows the install types its role would be part of. */
  types: z.array(z.enum(INSTALL_TYPES)).optional(),
  sources: z.array(sourceSchema).min(1),
  files: filesSchema.prefault({}),
  requires: requiresSchema.prefault({}),
  ports: z.array(portSchema).default([]),
  /** Directories made at install, relative to the installed directory. */
  directories: z.array(relativePath).default([]),
  /** Secrets made at install when not there: files of 32 random bytes (base64url) in conf/secrets/. */
  secrets: z.array(name).default([]),
  /** Links made in the installed directory, name → target, both relative to it (the target below current/). */
  links: z.record(relativePath, relativePath).default({}),
  service: serviceSchema.optional(),
  /** What it measures of this host, for `dkm doctor`. */
  measures: measuresSchema.optional(),
  /** What must be so while it is installed. Where it has a service, a promise is about that (setting "service") unless it says otherwise. */
  promises: z.array(shippedPromiseSchema).default([]),
  backup: z.strictObject({ paths: z.array(relativePath).default([]), sqlite: z.array(relativePath).default([]) }).prefault({}),
});

export type Manifest = z.output<typeof manifestSchema>;
export type SourceSpec = z.output<typeof sourceSchema>;
export type SourceKind = SourceSpec['kind'];
export type SpecOf<Kind extends SourceKind> = Extract<SourceSpec, { kind: Kind }>;
export type ProbeSpec = z.output<typeof probeSchema>;
export type ServiceManifest = z.output<typeof serviceSchema>;
export type FileRules = z.output<typeof filesSchema>;
