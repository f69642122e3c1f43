// A service for tests: listens on a port, answers HTTP, and misbehaves as it is told by files beside it.
//   node fake-service.mjs PORT DIRECTORY
// DIRECTORY/refuse   it ends at once with what the file says
// DIRECTORY/deaf     it listens, but never answers
// On SIGUSR1 it opens its log (DIRECTORY/fake.log) anew; on SIGHUP it notes a reload; on SIGTERM it ends.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [port, directory] = [Number(process.argv[2]), process.argv[3]];
const note = (text) => appendFileSync(join(directory, 'fake.events'), `${text}\n`);
if (existsSync(join(directory, 'refuse'))) {
  console.error(readFileSync(join(directory, 'refuse'), 'utf8'));
  process.exit(3);
}
console.log(`fake service ${process.pid} starts`);
note(`start ${process.pid}`);
process.on('SIGHUP', () => note('reload'));
process.on('SIGUSR1', () => note('reopen'));
process.on('SIGTERM', () => {
  note(`stop ${process.pid}`);
  process.exit(0);
});
createServer((request, response) => {
  if (existsSync(join(directory, 'deaf'))) return;
  response.end(JSON.stringify({ pid: process.pid, ppid: process.ppid, env: process.env, url: request.url }));
}).listen(port, '127.0.0.1', () => console.log(`fake service listens on ${port}`));
