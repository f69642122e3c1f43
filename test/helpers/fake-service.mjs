// A service for tests: listens on a port, answers HTTP, and misbehaves as it is told by files beside it.
//   node fake-service.mjs PORT DIRECTORY
// DIRECTORY/refuse   it ends at once with what the file says
// DIRECTORY/deaf     it listens, but never answers
// DIRECTORY/print    it prints numbered lines, hundreds at once, as long as the file is there, and notes how many
// DIRECTORY/own-log  the same into DIRECTORY/own.log, which it does not append to: it keeps its own place in it
// DIRECTORY/hog      it takes as many MiB of memory as the file says
// DIRECTORY/die      it ends by the signal that the file names
// On SIGUSR1 it opens DIRECTORY/own.log anew; on SIGHUP it notes a reload; on SIGTERM it ends.
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
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
let ownLog = openSync(join(directory, 'own.log'), 'w', 0o600);
process.on('SIGUSR1', () => {
  closeSync(ownLog);
  ownLog = openSync(join(directory, 'own.log'), 'w', 0o600);
  note('reopen');
});
process.on('SIGTERM', () => {
  note(`stop ${process.pid}`);
  process.exit(0);
});
createServer((request, response) => {
  if (existsSync(join(directory, 'deaf'))) return;
  response.end(JSON.stringify({ pid: process.pid, ppid: process.ppid, env: process.env, url: request.url }));
}).listen(port, '127.0.0.1', () => console.log(`fake service listens on ${port}`));

const order = (name) => {
  const file = join(directory, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
};
const given = new Set();
const hogged = [];
/** Prints in bursts, so that signals and requests are answered in between, and a slow machine can follow. */
const print = (name, fd, from = 0) => {
  const end = from + 500;
  for (let line = from; line < end; line += 1) writeSync(fd(), `line ${line} ${'.'.repeat(line % 90)}\n`);
  if (existsSync(join(directory, name))) setTimeout(print, 5, name, fd, end);
  else note(`${name} done ${end}`);
};
setInterval(() => {
  for (const name of ['print', 'own-log', 'hog', 'die']) {
    if (order(name) === '' || given.has(name)) continue;
    given.add(name);
    if (name === 'print') print(name, () => 1);
    if (name === 'own-log') print(name, () => ownLog);
    if (name === 'hog') hogged.push(Buffer.alloc(Number(order(name)) * 2 ** 20, 1));
    if (name === 'die') process.kill(process.pid, order(name));
  }
}, 50);
