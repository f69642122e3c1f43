import { convertFile, type Step } from '../../../src/retention/convert-file.ts';
import { fileLocker } from '../../../src/retention/file-lock.ts';
import type { Shape } from '../../../src/whisper/format.ts';

/*
 * A process that converts one file, for tests that kill it or write to the file meanwhile:
 * node convert-program.ts '{"path": "…", "shape": {…}, "dieAt": "linked"}'
 */

const { path, shape, dieAt } = JSON.parse(process.argv[2] ?? '') as { path: string; shape: Shape; dieAt?: Step };
const outcome = await convertFile(path, shape, {
  dialect: 'go-carbon',
  patienceMs: 30_000,
  lock: await fileLocker(process.argv[1] ?? ''),
  onStep: (step) => {
    if (step === dieAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(JSON.stringify(outcome));
