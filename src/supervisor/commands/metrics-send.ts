import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DkmError, EXIT, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say } from '../../base/terminal.ts';
import { readSettings } from '../../contract/settings.ts';
import { hostAndPort } from '../../base/host-and-port.ts';
import { templateContext } from '../../manifest/context.ts';
import { plaintextOf, readLines, readMeasurement, type Measurement } from '../../terminal/plaintext.ts';
import { queryService } from '../../terminal/own-query.ts';
import type { QueryService } from '../../terminal/query.ts';
import { timeInWords } from '../../terminal/scale.ts';

export interface SendCommandOptions {
  check?: boolean;
  json?: boolean;
}

export interface SendArguments {
  name: string | undefined;
  value: string | undefined;
  time: string | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A store writes new metrics some seconds later, and its index sees them after that. */
const CHECK_FOR_MS = 30_000;
const CHECK_EVERY_MS = 500;
const MOST_INPUT_BYTES = 32 << 20;
const SHOWN = 10;

/** `dkm metrics send [NAME VALUE [TIME]]`. 0: sent, 1: not sent, or not read again, 2: something is no name, value or time. */
export async function send(layout: Layout, given: SendArguments, options: SendCommandOptions): Promise<number> {
  const settings = await readSettings(layout.settings);
  const measurements = await measurementsOf(given);
  const { host, port } = templateContext('', settings, layout).connect.carbon;
  const address = hostAndPort(host, port);
  await sendTo(host, port, plaintextOf(measurements), address);
  if (options.json !== true) tell(measurements, address);
  const unread = options.check === true ? await unreadAfter(queryService(settings, layout), measurements) : undefined;
  if (options.json === true) say(JSON.stringify(asJson(measurements, address, unread), null, 1));
  else if (unread !== undefined) tellUnread(measurements, unread);
  return (unread ?? []).length === 0 ? EXIT.fine : EXIT.failed;
}

async function measurementsOf({ name, value, time }: SendArguments): Promise<Measurement[]> {
  if (name === undefined || name === '-') return fromInput();
  if (value === undefined) throw new DkmError('usage', `The value of ${name} is missing.`, { hint: 'dkm metrics send NAME VALUE [TIME]' });
  const read = readMeasurement(name, value, time, Date.now());
  if (!read.ok) throw new DkmError('usage', read.message);
  return [read.measurement];
}

async function fromInput(): Promise<Measurement[]> {
  if (process.stdin.isTTY)
    throw new DkmError('usage', 'Nothing to send: a name and a value are expected, or lines on standard input.', {
      hint: 'dkm metrics send NAME VALUE [TIME]',
    });
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MOST_INPUT_BYTES) throw new DkmError('usage', `More than ${MOST_INPUT_BYTES >> 20} MiB of lines: send them in parts.`);
  }
  const { measurements, faults } = readLines(text, Date.now());
  if (faults.length > 0) {
    const more = faults.length > SHOWN ? [`and ${faults.length - SHOWN} more`] : [];
    throw new DkmError('usage', [...faults.slice(0, SHOWN), ...more].join('\n'), { hint: 'Nothing was sent.' });
  }
  if (measurements.length === 0) throw new DkmError('usage', 'Nothing to send: there was no line on standard input.');
  return measurements;
}

/** Sends text over TCP and waits until the other side has taken all of it. */
async function sendTo(host: string, port: number, text: string, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`)));
  socket.once('error', reject);
  socket.once('close', () => resolve());
  socket.once('connect', () => socket.end(text));
  socket.resume();
  try {
    await promise;
  } catch (error) {
    throw new DkmError('service-failed', `Not sent: the store at ${address} cannot be reached (${messageOf(error)}).`, {
      hint: 'See whether it runs: dkm status (for a store on another machine: there)',
      cause: error,
    });
  }
}

function tell(measurements: readonly Measurement[], address: string): void {
  const [first] = measurements;
  if (measurements.length === 1 && first !== undefined) return say(`Sent ${first.name} = ${first.value} of ${timeInWords(first.atS, true)} to ${address}.`);
  say(`Sent ${measurements.length} values of ${new Set(measurements.map(({ name }) => name)).size} metrics to ${address}.`);
}

/** Names that could not be read again with what was sent. */
async function unreadAfter(service: QueryService, measurements: readonly Measurement[]): Promise<string[]> {
  const until = performance.now() + CHECK_FOR_MS;
  // Of values of one time the store keeps the last one.
  const kept = [...new Map(measurements.map((each) => [`${each.name} ${each.atS}`, each])).values()];
  let waiting = kept;
  while (waiting.length > 0 && performance.now() < until) {
    waiting = await stillUnread(service, waiting);
    if (waiting.length > 0) await sleep(CHECK_EVERY_MS);
  }
  return [...new Set(waiting.map(({ name }) => name))];
}

const NAMES_AT_ONCE = 50;
/** Points lie at whole steps of the store, the coarsest of which may be hours. */
const AROUND_S = 6 * 3600;

async function stillUnread(service: QueryService, measurements: readonly Measurement[]): Promise<Measurement[]> {
  const unread: Measurement[] = [];
  for (let from = 0; from < measurements.length; from += NAMES_AT_ONCE) {
    const asked = measurements.slice(from, from + NAMES_AT_ONCE);
    const times = asked.map(({ atS }) => atS);
    const series = await service.render([...new Set(asked.map(({ name }) => name))], Math.min(...times) - AROUND_S, Math.max(...times) + 60);
    const isThere = ({ name, value, atS }: Measurement): boolean =>
      series.some((each) => each.name === name && each.points.some(([at, read]) => at <= atS && at > atS - AROUND_S && read !== null && isSame(read, value)));
    unread.push(...asked.filter((each) => !isThere(each)));
  }
  return unread;
}

/** A store may keep fewer digits. */
function isSame(read: number, sent: number): boolean {
  return read === sent || Math.abs(read - sent) <= 1e-6 * Math.abs(sent);
}

function tellUnread(measurements: readonly Measurement[], unread: readonly string[]): void {
  if (unread.length === 0) return say(coloured(measurements.length === 1 ? 'It can be read again.' : 'All can be read again.', 'green'));
  const shown = unread.slice(0, SHOWN).join(', ') + (unread.length > SHOWN ? ` and ${unread.length - SHOWN} more` : '');
  say(
    `${coloured('Not read again', 'red')} within ${CHECK_FOR_MS / 1000} s: ${shown}. The store may keep nothing of that time (dkm retention show), average it with other values, or be behind.`,
  );
}

function asJson(measurements: readonly Measurement[], address: string, unread: readonly string[] | undefined): object {
  return {
    schema: 1,
    to: address,
    sent: measurements.map(({ name, value, atS }) => ({ name, value, time: atS })),
    ...(unread !== undefined && { unread }),
  };
}
