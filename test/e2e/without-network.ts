import { join } from 'node:path';
import { run, type Finished } from '../../src/base/exec.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A command in a network namespace of its own, where nothing but its own loopback is. */
const ALONE = ['unshare', '--map-root-user', '--net', '--'] as const;

const tried = await run(ALONE[0], [...ALONE.slice(1), 'true']).catch((error: unknown) => ({ code: 1, stderr: String(error) }));

/** Why nothing can be run without a network here, and what would change that; empty where it can. */
export const notAlone =
  tried.code === 0
    ? ''
    : `an empty network namespace is not allowed here (${tried.stderr.trim()}); allow user namespaces (sysctl kernel.unprivileged_userns_clone=1) or run as root`;

/** Runs a command without any network, in the project. */
export function alone(command: string, args: string[]): Promise<Finished> {
  return run(ALONE[0], [...ALONE.slice(1), command, ...args], { cwd: ROOT, timeoutMs: 540_000 });
}
