// node send-plaintext.mjs HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's plaintext port, with the time it is now.
import { connect } from 'node:net';

const [host, port, ...points] = process.argv.slice(2);
const now = Math.floor(Date.now() / 1000); // carbon wants seconds, Date.now() gives milliseconds
let lines = '';
for (let i = 0; i + 1 < points.length; i += 2) lines += `${points[i]} ${points[i + 1]} ${now}\n`;
connect({ host, port: Number(port) }, function send() {
  this.end(lines);
});
