import type { Layout } from '../base/layout.ts';
import { openBundle, type OpenBundle } from '../bundle/open.ts';
import { readBundle } from '../contract/bundle.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { installedComponents } from '../manifest/installed.ts';
import type { Manifest } from '../manifest/schema.ts';

/** The bundle in use, its settings, and the components they choose from it. */
export interface InstalledBundle {
  bundle: OpenBundle;
  settings: Settings;
  components: Manifest[];
}

/** Reads what is installed; its files are not verified. Throws when bundle.json, a manifest or dkm.toml is not right. */
export async function openInstalled(layout: Layout): Promise<InstalledBundle> {
  const [bundle, settings] = await Promise.all([readBundle(layout.current).then((read) => openBundle(layout.current, read)), readSettings(layout.settings)]);
  return { bundle, settings, components: installedComponents(bundle.manifests, settings) };
}
