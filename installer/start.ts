import { DkmError } from '../src/base/errors.ts';
import { run, runInForeground } from '../src/base/exec.ts';
import { layoutOf } from '../src/base/layout.ts';
import { dkmCommand } from '../src/change/installed-dkm.ts';
import { parseJson } from '../src/base/structured.ts';

/** What `dkm start` said and how it ended. */
export interface Started {
  exitCode: number;
  /** Its --json output; null when it was shown to the user, or could not be read. */
  report: unknown;
}

/**
 * Starts the services with the installed dkm, so that what runs is the installed executable and not the bundle's,
 * which may be removed. Its output goes to the user, or with `json` into the report.
 */
export async function startServices(directory: string, json: boolean): Promise<Started> {
  const [command, ...args] = dkmCommand(layoutOf(directory));
  if (!json) return { exitCode: await runInForeground(command, [...args, 'start']), report: null };
  const { code, stdout } = await run(command, [...args, 'start', '--json']);
  return { exitCode: code ?? 1, report: reportOf(stdout) };
}

function reportOf(stdout: string): unknown {
  try {
    return parseJson(stdout, 'dkm start --json');
  } catch (error) {
    if (error instanceof DkmError) return null;
    throw error;
  }
}
