import { bootId, isSameProcess } from '../base/process-identity.ts';
import type { Layout } from '../base/layout.ts';
import type { ServiceStatus, SupervisorStatus } from '../contract/status.ts';
import { straysOf, type Stray } from './strays.ts';

/** Services of a supervisor's last account whose processes are still there, whether or not the supervisor is. */
export function survivors(account: SupervisorStatus | undefined): ServiceStatus[] {
  // After a restart of the machine the same process id and start time may name something else.
  if (!account || account.bootId !== bootId()) return [];
  return account.services.filter(({ pid, pidStartTime }) => pid !== null && pidStartTime !== null && isSameProcess(pid, pidStartTime));
}

/** Every service's process that is there: those of the account, and those that it does not tell of. */
export function leftBehind(layout: Pick<Layout, 'logs'>, account: SupervisorStatus | undefined): Stray[] {
  const told = survivors(account).flatMap(({ name, pid, pidStartTime }) =>
    pid === null || pidStartTime === null ? [] : [{ name, pid, startTime: pidStartTime }],
  );
  return [...told, ...straysOf(layout).filter((stray) => !told.some(({ name }) => name === stray.name))];
}
