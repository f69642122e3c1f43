import { layoutOf } from '../../../src/base/layout.ts';
import { createMonitor } from '../../../src/monitor/monitor.ts';
import { monitorSpecOf, promiseSpecOf, resultOf } from '../../helpers/monitored-specs.ts';

/* Writes results of 40 promises, with builds in between, until it is killed, and says so after each. Its argument is the installed directory. */

const monitor = createMonitor(layoutOf(process.argv[2] ?? ''), (line) => process.stdout.write(`${line}\n`));
const promises = Array.from({ length: 40 }, (_, index) => promiseSpecOf(`promise-${index}`));
for (let round = 0; ; round += 1) {
  if (round % 10 === 0) await monitor.configure(monitorSpecOf({ title: `round ${round}` }), promises);
  const message = 'm'.repeat(20 * (round % 300));
  await Promise.all(promises.map((spec, index) => monitor.record(resultOf(spec, { state: (round + index) % 3 === 0 ? 'failed' : 'ok', message }))));
  process.stdout.write(`round ${round}\n`);
}
