import { DkmError } from '../base/errors.ts';

/** dkmadmin: what needs root (starting at boot) comes with a later version; until then it says so. */
export function runDkmAdmin(_argv: readonly string[]): Promise<number> {
  throw new DkmError('usage', 'dkmadmin has no commands in this version: starting at boot is not built in yet.', {
    hint: 'To start at boot, have your init system run "DIR/bin/dkm start" as the user who owns DIR, and "DIR/bin/dkm stop" at shutdown.',
  });
}
