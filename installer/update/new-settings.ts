import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Layout } from '../../src/base/layout.ts';
import { checkedSettings, withKey } from '../../src/configuration/edit-settings.ts';
import type { Settings } from '../../src/contract/settings.ts';
import type { Python } from '../../src/host/programs.ts';
import { suitablePython } from '../../src/host/python.ts';
import type { Choice } from '../../src/manifest/installed.ts';

/** conf/dkm.toml for another version: as it is, but for what has to be another. */
export interface NewSettings {
  settings: Settings;
  text: string;
  /** The keys that change, with their new values. */
  changes: [key: string, value: string][];
}

/** What a version must change in conf/dkm.toml: providers that became others, and a Python that will do. Reads the file, and writes nothing. */
export async function newSettings(layout: Layout, { install }: Settings, choice: Choice, pythons: readonly Python[]): Promise<NewSettings> {
  const before = await readFile(layout.settings, 'utf8');
  const providers = Object.entries(choice.providers).filter(([role, name]) => install.providers[role] !== name);
  const python = pythonFor(install, choice, pythons);
  const changes: NewSettings['changes'] = [
    ...providers.map(([role, name]): [string, string] => [`install.providers.${role}`, name]),
    ...(python === undefined || python === install.python ? [] : ([['install.python', python]] as [string, string][])),
  ];
  const text = changes.reduce((edited, [key, value]) => withKey(edited, layout.settings, key, JSON.stringify(value)), before);
  return { settings: checkedSettings(text, layout.settings), text, changes };
}

/** The Python in use as long as it will do. */
function pythonFor(install: Settings['install'], { components }: Choice, pythons: readonly Python[]): string | undefined {
  const present = pythons.filter(({ path }) => path === install.python);
  return (suitablePython(components, present) ?? suitablePython(components, pythons))?.path;
}

/** Where to look for Pythons besides PATH: where the one in use is. */
export function pythonFolders({ install }: Settings): string[] {
  return install.python === undefined ? [] : [dirname(install.python)];
}
