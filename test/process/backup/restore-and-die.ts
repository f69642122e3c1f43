import { readArchive } from '../../../src/backup/read-archive.ts';
import { restoreInPlace } from '../../../src/backup/restore-in-place.ts';
import { presentBundle } from '../../../src/backup/versions.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import { acquireLock } from '../../../src/base/lock.ts';

// restore-and-die.ts ROOT FILE N: restores in place as dkm does, and is killed before the Nth thing that it does.
const [root = '', file = '', deadly = ''] = process.argv.slice(2);
const layout = layoutOf(root);
const { signal } = new AbortController();
const onBytes = (): void => undefined;
await acquireLock(layout.installLock, 'a test');
const backup = await readArchive(file, { signal, onBytes });
let done = 0;
const onStep = (step: string, detail = ''): void => {
  done += 1;
  if (done !== Number(deadly)) return;
  process.stdout.write(`${step} ${detail}\n`);
  process.kill(process.pid, 'SIGKILL');
};
await restoreInPlace({ layout, file, backup, bundle: await presentBundle(layout, backup.about), signal, keepOld: true, onStep, onBytes });
