import { messageOf } from '../base/errors.ts';
import { run } from '../base/exec.ts';

/*
 * What a service says to the systemd that runs it: sd_notify(3). Node has no sockets of that kind (AF_UNIX, datagrams),
 * so systemd's own program says it; the unit allows that with NotifyAccess=all.
 */

const WITHIN_MS = 10_000;

/** Says something to systemd, such as `READY=1`; nothing where systemd does not listen. What goes wrong is told to `log`. */
export async function tellSystemd(assignments: readonly string[], log: (line: string) => void): Promise<void> {
  if (!process.env['NOTIFY_SOCKET']) return;
  try {
    const { code, stderr } = await run('systemd-notify', assignments, { timeoutMs: WITHIN_MS });
    if (code !== 0) log(`systemd-notify ended with exit code ${code}: ${stderr.trim()}`);
  } catch (error) {
    log(messageOf(error));
  }
}

/** How often systemd wants to hear from us, in milliseconds; undefined when it does not watch. Three times as often as it must be. */
export function watchdogPauseMs(environment: NodeJS.ProcessEnv): number | undefined {
  const limitUs = Number(environment['WATCHDOG_USEC'] ?? '');
  return environment['NOTIFY_SOCKET'] && limitUs > 0 ? Math.floor(limitUs / 3000) : undefined;
}
