import { DkmError } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import type { Channel, ChannelTest, NotifySpec } from '../contract/notify.ts';
import { senderFor } from './channels/all.ts';
import { composeTest } from './compose.ts';

/** Sends a test message to one channel, or to all at once, and says what came back. Throws `usage` for a channel that there is not. */
export async function testChannels(spec: NotifySpec | undefined, layout: Layout, name?: string): Promise<ChannelTest[]> {
  return Promise.all(channelsMeant(spec, layout, name).map((channel) => testOne(channel, spec, layout)));
}

/** The channel of this name, or all; throws `usage` when there is none. */
export function channelsMeant(spec: NotifySpec | undefined, layout: Pick<Layout, 'notifySettings'>, name?: string): Channel[] {
  const all = spec?.channels ?? [];
  const meant = all.filter((channel) => name === undefined || channel.name === name);
  if (meant.length > 0) return meant;
  if (all.length === 0)
    throw new DkmError('usage', 'There is no channel: nobody is told of anything.', { hint: `Add one to ${layout.notifySettings}; examples stand in it.` });
  throw new DkmError('usage', `There is no channel "${name}".`, { hint: `The channels are ${all.map((channel) => channel.name).join(', ')}.` });
}

async function testOne(channel: Channel, spec: NotifySpec | undefined, layout: Layout): Promise<ChannelTest> {
  const sender = await senderFor(channel, layout);
  const { ok, message } = await sender.deliver(composeTest(channel.name, spec ?? { host: '', link: '' }, Date.now()), new AbortController().signal);
  return { channel: channel.name, ok, message: `${descriptionOf(channel)}: ${message}` };
}

/** Where a message goes, without what may be secret. */
export function descriptionOf({ kind, settings }: Channel): string {
  const said = settings as { preset?: string; url?: string; host?: string; port?: number; to?: string[]; argv?: string[] };
  switch (kind) {
    case 'webhook':
      return `${said.preset ?? 'json'} webhook${said.url === undefined ? '' : ` at ${URL.parse(said.url)?.host ?? '?'}`}`;
    case 'email':
      return `mail to ${said.to?.join(', ')} through ${said.host}:${said.port}`;
    case 'command':
      return `command ${said.argv?.[0]}`;
  }
}
