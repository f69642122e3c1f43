/*
 * A process that tells as the supervisor does, to be killed: its first argument is the installed directory, the second
 * the settings. Each line of standard input is a run ("failed disk", "ok load"), "end", or "now" (a line of output says
 * that all before it is decided).
 */
import { createInterface } from 'node:readline';
import { layoutOf } from '../../../src/base/layout.ts';
import type { NotifySpec } from '../../../src/contract/notify.ts';
import type { PromiseState } from '../../../src/contract/promise.ts';
import { createNotifier } from '../../../src/notify/notifier.ts';
import { result } from '../../unit/notify/scene.ts';

const [root = '', settings = ''] = process.argv.slice(2);
const notifier = createNotifier(layoutOf(root), (line) => process.stdout.write(`${line}\n`), { firstMs: 50, longestMs: 400 });
await notifier.configure(JSON.parse(settings) as NotifySpec);
process.stdout.write(`ready\nWebAssembly: ${'WebAssembly' in globalThis}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const [word = '', id = ''] = line.split(' ');
  if (word === 'end') {
    await notifier.end();
    process.exit(0);
  } else if (word === 'now') process.stdout.write('now\n');
  else notifier.record(result(word as PromiseState, { id }));
}
