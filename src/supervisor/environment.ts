import type { ServiceSpec } from '../contract/service.ts';

const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TZ', 'TMPDIR', 'LANG', 'LC_ALL'];

/** What a service sees: a small, known environment, and what its manifest and conf/dkm.toml add. */
export function serviceEnvironment(spec: Pick<ServiceSpec, 'environment'>): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return { PATH: '/usr/local/bin:/usr/bin:/bin', ...Object.fromEntries(inherited), ...spec.environment };
}
