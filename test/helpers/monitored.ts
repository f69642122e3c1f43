import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import type { MonitorSpec } from '../../src/contract/monitor.ts';
import type { PromiseSpec } from '../../src/contract/promise.ts';
import { createMonitor, type Monitor } from '../../src/monitor/monitor.ts';
import { monitorSpecOf } from './monitored-specs.ts';
import { temporaryDirectory } from './temporary.ts';

/** The directories that a monitor expects of an installation. */
export function monitoredDirectory(root = join(temporaryDirectory(), 'install')): Layout {
  const layout = layoutOf(root);
  for (const directory of [layout.secrets, layout.logs, layout.storage]) mkdirSync(directory, { recursive: true });
  return layout;
}

/** A configured monitor that logs into a list. */
export async function monitored(
  promises: PromiseSpec[],
  spec: Partial<MonitorSpec> = {},
  layout = monitoredDirectory(),
): Promise<{ layout: Layout; monitor: Monitor; log: string[] }> {
  const log: string[] = [];
  const monitor = createMonitor(layout, (line) => log.push(line));
  await monitor.configure(monitorSpecOf(spec), promises);
  return { layout, monitor, log };
}
