import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError, EXIT } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say, spanInWords, table } from '../../base/terminal.ts';
import { parseNotifyStatus, type ChannelStatus, type ChannelTest, type NotifySpec, type NotifyStatus } from '../../contract/notify.ts';
import { readNotify } from '../../notify/definitions/read-notify.ts';
import { channelsMeant, testChannels } from '../../notify/test-channels.ts';
import { askSupervisor } from '../control.ts';
import { enterRun } from '../supervisor.ts';

/** `dkm notify test [channel]`: sends a test message as conf/notify.toml says now. 0: every channel took it, 1: one did not. */
export async function notifyTest(layout: Layout, channel: string | undefined, options: { json?: boolean }): Promise<number> {
  const { spec, faults } = await readNotify(layout);
  if (!spec) throw new DkmError('file-invalid', faults.join('\n'), { hint: `Correct ${layout.notifySettings}, then try again.` });
  channelsMeant(spec, layout, channel);
  const tests = (await testedBySupervisor(layout, spec, channel)) ?? (await testChannels(spec, layout, channel));
  const isTaken = tests.every(({ ok }) => ok);
  if (options.json) say(JSON.stringify({ schema: 1, ok: isTaken, channels: tests }, null, 1));
  else say(table(tests.map(({ channel: name, ok, message }) => [name, coloured(ok ? 'sent' : 'not sent', ok ? 'green' : 'red'), message])));
  return isTaken ? EXIT.fine : EXIT.failed;
}

/** The supervisor is who tells people, in its own surroundings: it is asked where there is one, else undefined. */
async function testedBySupervisor(layout: Layout, spec: NotifySpec, channel: string | undefined): Promise<ChannelTest[] | undefined> {
  if (!existsSync(layout.run)) return undefined;
  enterRun(layout);
  const tests: ChannelTest[] = [];
  const services = channel === undefined ? [] : [channel];
  const outcomes = await askSupervisor({ operation: 'notify-test', services, specs: [], notify: spec }, (reply) => {
    if (reply.kind === 'notified') tests.push({ channel: reply.channel, ok: reply.ok, message: reply.message });
  });
  return outcomes && tests;
}

/** `dkm notify status`: how telling each channel goes. 0: all are reached, 1: one is not. */
export async function notifyStatus(layout: Layout, options: { json?: boolean }): Promise<number> {
  const status = parseNotifyStatus((await readIfPresent(join(layout.notify, 'status.json'))) ?? '');
  const isReached = (status?.channels ?? []).every(({ lastError }) => lastError === null) && !status?.heartbeat?.lastError;
  if (options.json) say(JSON.stringify(status ?? { schema: 1, channels: [], heartbeat: null }, null, 1));
  else if (!status) say('Nobody is told of anything. Add a channel to conf/notify.toml, then "dkm reload".');
  else say(statusTable(status));
  return isReached ? EXIT.fine : EXIT.failed;
}

function statusTable({ channels, heartbeat }: NotifyStatus): string {
  const head = ['CHANNEL', 'KIND', 'DELIVERED', 'WAITING', 'DROPPED', 'GIVEN UP', 'LAST ERROR'].map((title) => coloured(title, 'bold'));
  const rows = channels.map((channel) => [...countsOf(channel), channel.lastError === null ? '-' : coloured(channel.lastError.message, 'red')]);
  const beat =
    heartbeat && `\n\nheartbeat: ${heartbeat.lastError === null ? `last taken ${ago(heartbeat.lastSuccessMs)}` : coloured(heartbeat.lastError.message, 'red')}`;
  return `${table([head, ...rows])}${beat ?? ''}`;
}

function countsOf({ name, kind, lastSuccessMs, waiting, dropped, givenUp }: ChannelStatus): string[] {
  return [name, kind, ago(lastSuccessMs), String(waiting), String(dropped), String(givenUp)];
}

function ago(ms: number | null): string {
  return ms === null ? 'never' : `${spanInWords((Date.now() - ms) / 1000)} ago`;
}
