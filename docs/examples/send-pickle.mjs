// node send-pickle.mjs HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's pickle port in one message, with the time
// it is now. The little that carbon reads of pickle's protocol 2 (https://github.com/python/cpython/blob/main/Lib/pickletools.py).
import { connect } from 'node:net';

/** A text: its length in four bytes, the lowest first, and UTF-8. */
function text(value) {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
}

function integer(value) {
  const bytes = Buffer.alloc(5);
  bytes.write('J');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function float(value) {
  const bytes = Buffer.alloc(9);
  bytes.write('G');
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

const TUPLE_OF_TWO = Buffer.from([0x86]);
const pair = (first, second) => Buffer.concat([first, second, TUPLE_OF_TWO]);

/** [(name, (time, value)), ...] */
function pickled(points) {
  const tuples = points.map(({ name, time, value }) => pair(text(name), pair(integer(time), float(value))));
  return Buffer.concat([Buffer.from([0x80, 2]), Buffer.from(']('), ...tuples, Buffer.from('e.')]);
}

const [host, port, ...given] = process.argv.slice(2);
const time = Math.floor(Date.now() / 1000); // carbon wants seconds, Date.now() gives milliseconds
const points = [];
for (let i = 0; i + 1 < given.length; i += 2) points.push({ name: given[i], time, value: Number(given[i + 1]) });

const message = pickled(points);
const length = Buffer.alloc(4);
length.writeUInt32BE(message.length);
connect({ host, port: Number(port) }, function send() {
  this.end(Buffer.concat([length, message]));
});
