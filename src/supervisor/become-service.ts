import type { ServiceLimits, ServiceSpec } from '../contract/service.ts';

/** The shell's exit code when it cannot give a service what conf/dkm.toml says, and does not become the service. */
export const LIMIT_NOT_GIVEN = 125;

/**
 * The arguments of a `/bin/sh` that becomes a service (same process id): it appends the output to the service's log,
 * closes the rest, takes the service's limits and executes it. `hidden` are environment variables that a service need
 * not see, `presentNice` is the niceness that the shell has. Pure.
 */
export function becomeService(spec: Pick<ServiceSpec, 'command' | 'outputFile' | 'limits'>, hidden: string, presentNice: number): string[] {
  const { nice } = spec.limits;
  // nice(1) executes the program, so every thread of it has the priority. setpriority(2) on a process that runs
  // already changes one thread only on Linux, and a Go program has many by then.
  const withNice = nice === undefined || nice === presentNice ? '' : `nice -n ${nice - presentNice} `;
  const script = [`umask 077`, `unset ${hidden}`, `exec </dev/null >>"$0" 2>&1 3>&-`, ...openFilesOf(spec.limits), `exec ${withNice}"$@"`];
  return ['-c', script.join('; '), spec.outputFile, ...spec.command];
}

/**
 * A limit of conf/dkm.toml is one: soft and hard. What a manifest needs only raises the soft limit where it is too low,
 * and never takes anything away (a Go program raises its soft limit to the hard one by itself).
 */
function openFilesOf({ openFiles, neededOpenFiles }: ServiceLimits): string[] {
  if (openFiles !== undefined) return [`ulimit -n ${openFiles} || { echo "dkm: open_files = ${openFiles} cannot be given"; exit ${LIMIT_NOT_GIVEN}; }`];
  if (neededOpenFiles === undefined) return [];
  const tooFew = `dkm: it may have $(ulimit -Hn) files open and wants ${neededOpenFiles}: the hard limit of this user is too low (see ulimit -Hn)`;
  return [
    `soft=$(ulimit -Sn)`,
    `if [ "$soft" != unlimited ] && [ "$soft" -lt ${neededOpenFiles} ]; then ulimit -Sn ${neededOpenFiles} 2>/dev/null || { ulimit -Sn "$(ulimit -Hn)"; echo "${tooFew}"; }; fi`,
  ];
}
