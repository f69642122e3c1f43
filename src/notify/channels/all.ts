import type { Layout } from '../../base/layout.ts';
import type { Channel } from '../../contract/notify.ts';
import { never, type Sender } from './sender.ts';

/** How each kind of channel is told; loaded with the first channel of the kind. Further kinds are added here, in src/contract/notify.ts and in docs/notifications.md. */
export async function senderFor(channel: Channel, layout: Layout): Promise<Sender> {
  const settings: unknown = channel.settings;
  switch (channel.kind) {
    case 'webhook': {
      const { isWebhookSettings, webhookSender } = await import('./webhook.ts');
      return isWebhookSettings(settings) ? webhookSender(settings as Parameters<typeof webhookSender>[0], layout) : notOurs(channel);
    }
    case 'email': {
      const { isEmailSettings, emailSender } = await import('./email.ts');
      return isEmailSettings(settings) ? emailSender(settings as Parameters<typeof emailSender>[0], layout) : notOurs(channel);
    }
    case 'command': {
      const { isCommandSettings, commandSender } = await import('./command.ts');
      return isCommandSettings(settings) ? commandSender(settings as Parameters<typeof commandSender>[0], layout.root) : notOurs(channel);
    }
  }
}

/** Settings that a dkm of another version handed over. */
function notOurs({ name }: Channel): Sender {
  return { deliver: () => Promise.resolve(never(`the settings of channel ${name} are not of this version of dkm; run "dkm reload"`)) };
}
