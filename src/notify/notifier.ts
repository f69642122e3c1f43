import type { Layout } from '../base/layout.ts';
import type { ChannelTest, NotifySpec } from '../contract/notify.ts';
import type { PromiseResult } from '../contract/promise.ts';
import type { Backoff } from './delivery.ts';
import type { Telling } from './telling.ts';

/** Tells people of promises. */
export interface Notifier {
  /** Who is told from now on, and when. */
  configure(spec: NotifySpec): Promise<void>;
  /** What a run of a promise found. */
  record(result: PromiseResult): void;
  /** All promises that there are from now on: whoever was told of another learns that it is not checked any more. */
  present(ids: readonly string[]): void;
  /** Sends a test to one channel, or to all, at once and whatever the rules say; by `as` in place of what it was configured with. */
  test(channel?: string, as?: NotifySpec): Promise<ChannelTest[]>;
  /** Ends what is under way. What is not told yet stays on the disk, for the notifier after this one. */
  end(): Promise<void>;
}

/**
 * The notifier of an installation. Nothing is loaded, read or written until there is somebody to tell. Never throws, but
 * for a test of a channel that there is not.
 */
export function createNotifier(layout: Layout, log: (line: string) => void, backoff?: Backoff): Notifier {
  let spec: NotifySpec | undefined;
  let telling: Telling | undefined;
  let configuring = Promise.resolve();
  const configure = async (next: NotifySpec): Promise<void> => {
    spec = next;
    if (!telling && next.channels.length === 0 && !next.heartbeat) return;
    telling ??= await (await import('./telling.ts')).startTelling(layout, log, backoff);
    await telling.configure(next);
  };
  const whenReady = (tell: (ready: Telling) => void): void => {
    if (telling) tell(telling);
    else void configuring.then(() => telling && tell(telling));
  };
  return {
    configure: (next) => {
      configuring = configuring.then(() => configure(next)).catch((error: unknown) => log(`notifications could not be set up: ${String(error)}`));
      return configuring;
    },
    record: (result) => whenReady((ready) => ready.record(result)),
    present: (ids) => whenReady((ready) => ready.present(ids)),
    test: async (channel, as) => {
      await configuring;
      const { testChannels } = await import('./test-channels.ts');
      return testChannels(as ?? spec, layout, channel);
    },
    end: async () => {
      await configuring;
      await telling?.end();
    },
  };
}
