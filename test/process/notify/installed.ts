import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf, type Layout } from '../../../src/base/layout.ts';
import type { Channel } from '../../../src/contract/notify.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { channel } from '../../unit/notify/scene.ts';

/** An installed directory as far as notifications need one. */
export function installed(secrets: Record<string, string> = {}): Layout {
  const layout = layoutOf(temporaryDirectory());
  for (const directory of [layout.secrets, layout.run, layout.storage]) mkdirSync(directory, { recursive: true });
  writeFileSync(
    layout.settings,
    '[install]\ntype = "all"\nport = 15000\nhostname = "box.example.org"\nlisten = { dashboards = "127.0.0.1", carbon = "127.0.0.1", query = "127.0.0.1" }\nproviders = {}\n',
  );
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(layout.secrets, name), `${secret}\n`, { mode: 0o600 });
  return layout;
}

/** A channel that posts JSON. */
export function webhookTo(url: string, settings: Record<string, unknown> = {}, more: Partial<Channel> = {}): Channel {
  const own = { preset: 'json', url, headers: {}, headerFiles: {}, hmacHeader: 'X-Dkm-Signature', verifyTls: true, timeoutMs: 2_000, ...settings };
  return channel({ name: 'hook', kind: 'webhook', settings: own, ...more });
}
