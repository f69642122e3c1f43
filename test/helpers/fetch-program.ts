import { SOURCES, type AnySpec, type FetchContext } from '../../src/sources/api.ts';
import { openVendorStore } from '../../src/sources/vendor-store.ts';

/*
 * A process that fetches one thing, for tests that kill it, starve it, or run it as another user:
 * node fetch-program.ts '{"spec": …, "vendor": "…", "platform": "…", "offline": false}'
 */

interface Task {
  spec: AnySpec;
  vendor: string;
  platform: FetchContext['platform'];
  offline?: boolean;
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const context: FetchContext = {
  component: { name: 'thing', version: '1.2.3' },
  platform: task.platform,
  vendor: await openVendorStore(task.vendor),
  offline: task.offline ?? false,
  onProgress: (file, done) => process.stderr.write(`progress ${file} ${done}\n`),
  onOutput: (text) => process.stderr.write(text),
  signal: new AbortController().signal,
};
try {
  const source = SOURCES[task.spec.kind] as { fetch(spec: AnySpec, context: FetchContext): Promise<unknown> };
  process.stdout.write(JSON.stringify(await source.fetch(task.spec, context)));
} catch (error) {
  const { code, message, hint } = error as { code?: string; message: string; hint?: string };
  process.stdout.write(JSON.stringify({ code, message, hint }));
  process.exitCode = 1;
}
