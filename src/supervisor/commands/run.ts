import { DkmError } from '../../base/errors.ts';
import { runInForeground } from '../../base/exec.ts';
import type { Layout } from '../../base/layout.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { parseStatus } from '../../contract/status.ts';
import { readIfPresent } from '../../base/files.ts';
import { configuredServices, refuseUnknown } from '../installation.ts';
import { serviceEnvironment } from '../environment.ts';

/** `dkm run SERVICE`: prepares and runs one service on this terminal, as the supervisor would; returns its exit code. */
export async function runOne(layout: Layout, name: string): Promise<number> {
  const services = await configuredServices(layout);
  refuseUnknown([name], services);
  const spec = services.find((service) => service.name === name);
  if (!spec) return 0;
  await refuseWhileRunning(layout, name);
  process.umask(0o077);
  const options = { cwd: spec.directory, env: serviceEnvironment(spec) };
  for (const [command = '', ...args] of [...spec.beforeStart, spec.command]) {
    const exitCode = await runInForeground(command, args, options);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

async function refuseWhileRunning(layout: Layout, name: string): Promise<void> {
  const status = parseStatus((await readIfPresent(layout.status)) ?? '');
  const service = status?.services.find((candidate) => candidate.name === name);
  if (!service || service.pid === null || !isSameProcess(service.pid, service.pidStartTime)) return;
  throw new DkmError('service-failed', `${name} runs already, as process ${service.pid}.`, { hint: `Stop it first: dkm stop ${name}` });
}
