import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DkmError } from '../../base/errors.ts';
import { parseJson } from '../../base/structured.ts';
import type { Platform } from '../../base/platform.ts';
import type { FetchContext, SpecFor } from '../source.ts';
import { clientFailed, runClient, type Client } from '../client.ts';

const client: Client = { command: 'go', hint: 'Install Go from https://go.dev/doc/install, or give the program itself with --with NAME=PATH.' };

const TARGETS: Record<Platform, { GOOS: string; GOARCH: string }> = {
  'linux-x64': { GOOS: 'linux', GOARCH: 'amd64' },
  'linux-arm64': { GOOS: 'linux', GOARCH: 'arm64' },
  'darwin-x64': { GOOS: 'darwin', GOARCH: 'amd64' },
  'darwin-arm64': { GOOS: 'darwin', GOARCH: 'arm64' },
};

/** The environment that makes Go work for a platform, in plain Go, with the Go that is installed. */
export function targetEnvironment(platform: Platform): Record<string, string> {
  return { ...TARGETS[platform], CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOAMD64: 'v1', GOARM64: 'v8.0', GOEXPERIMENT: '' };
}

/** Runs go; any exit code but 0 throws `source-unavailable`, or `verification-failed` when a digest is wrong. */
export async function go(args: readonly string[], what: string, context: FetchContext, options: { cwd: string; env: Record<string, string> }): Promise<string> {
  const finished = await runClient(client, args, context, { cwd: options.cwd, env: { ...process.env, ...options.env } });
  if (finished.code === 0) return finished.stdout;
  const stderr = `${finished.stderr}${jsonError(finished.stdout)}`;
  const isAltered = /SECURITY ERROR|checksum mismatch|: zip: /.test(stderr);
  throw clientFailed(isAltered ? 'verification-failed' : 'source-unavailable', what, { ...finished, stderr });
}

/** With `-json`, go tells errors on standard output. */
function jsonError(stdout: string): string {
  try {
    const { Error: error } = JSON.parse(stdout) as { Error?: unknown };
    return typeof error === 'string' ? error : '';
  } catch {
    return '';
  }
}

/** Go's own settings on this machine, as far as they matter here. */
export interface GoSettings {
  GOPROXY: string;
  GOMODCACHE: string;
}

/** The settings of this machine's Go. Throws `source-unavailable` unless it is new enough and asks the checksum database. */
export async function requireGo(spec: SpecFor<'go-module'>, context: FetchContext, cwd: string): Promise<GoSettings> {
  const what = `go env failed, wanted for ${spec.module}`;
  const answer = parseJson(
    await go(['env', '-json', 'GOVERSION', 'GOSUMDB', 'GOFLAGS', 'GOPROXY', 'GOMODCACHE'], what, context, { cwd, env: { GOTOOLCHAIN: 'local' } }),
    'go env',
  );
  const { GOVERSION = '', GOSUMDB = '', GOFLAGS = '', GOPROXY = '', GOMODCACHE = '' } = answer as Record<string, string>;
  if (spec.go !== undefined && !isGoAtLeast(GOVERSION, spec.go)) {
    throw new DkmError('source-unavailable', `${spec.module} needs Go ${spec.go} or newer; this machine has ${GOVERSION || 'an unknown version'}.`, {
      hint: client.hint,
    });
  }
  if (GOSUMDB === 'off' || GOFLAGS.includes('-insecure')) {
    throw new DkmError(
      'source-unavailable',
      `${spec.module} cannot be verified: Go’s checksum database is switched off on this machine (GOSUMDB=${GOSUMDB}, GOFLAGS=${GOFLAGS}).`,
      { hint: 'Switch it on again: go env -u GOSUMDB' },
    );
  }
  return { GOPROXY, GOMODCACHE };
}

/**
 * Where modules come from: first what this machine has fetched before, then its proxies. Both are checked against the
 * checksum database alike, because they go into a cache that is empty at first.
 */
export function proxies({ GOPROXY, GOMODCACHE }: GoSettings): string {
  if (GOMODCACHE === '') return GOPROXY;
  return `${pathToFileURL(join(GOMODCACHE, 'cache', 'download')).href}|${GOPROXY}`;
}

/** True when a version such as `go1.26.8` (or `devel …`, which is taken for the newest) is at least `wanted`, such as "1.25". */
export function isGoAtLeast(version: string, wanted: string): boolean {
  if (version.startsWith('devel')) return true;
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  if (major === undefined || minor === undefined) return false;
  return Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
}
