import { bootId, isSameProcess } from '../base/process-identity.ts';
import type { ServiceStatus, SupervisorStatus } from '../contract/status.ts';

/** Services of a supervisor's last account whose processes are still there, whether or not the supervisor is. */
export function survivors(account: SupervisorStatus | undefined): ServiceStatus[] {
  // After a restart of the machine the same process id and start time may name something else.
  if (!account || account.bootId !== bootId()) return [];
  return account.services.filter(({ pid, pidStartTime }) => pid !== null && isSameProcess(pid, pidStartTime));
}
