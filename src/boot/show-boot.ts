import { EXIT } from '../base/errors.ts';
import { run } from '../base/exec.ts';
import { say, table } from '../base/terminal.ts';
import { installedFiles, type InstalledFile } from './installed.ts';
import { siteOf, type Place, type Site } from './place.ts';

/** `dkmadmin show-boot`: what starts this installation at boot; the exit code is 1 when nothing does. */
export async function showBoot(place: Place, options: { json?: boolean }): Promise<number> {
  const site = siteOf(place);
  const files = installedFiles(site.layout.root, { root: site.target.root, userConfiguration: site.userConfiguration, home: site.home });
  const rows = await Promise.all(files.map(async (file) => ({ ...file, state: await stateOf(file, site) })));
  if (options.json) say(JSON.stringify({ schema: 1, directory: site.layout.root, files: rows }, null, 1));
  else if (rows.length === 0) say(`Nothing here starts ${site.layout.root} at boot.`);
  else say(table([['FILE', 'KIND', 'SCOPE', 'STATE'], ...rows.map(({ path, kind, scope, state }) => [path, kind, scope, state])]));
  return files.some(({ kind }) => kind !== 'logrotate') ? EXIT.fine : EXIT.failed;
}

/** As systemd has it: `enabled, active`. Empty for what has no such state. */
async function stateOf({ kind, scope, path }: InstalledFile, { target }: Site): Promise<string> {
  if (kind !== 'systemd' || target.root !== '/') return '';
  const unit = path.slice(path.lastIndexOf('/') + 1);
  const systemctl = scope === 'user' ? ['--user'] : [];
  const ask = async (question: string): Promise<string> =>
    (await run('systemctl', [...systemctl, question, unit], { env: target.environment, timeoutMs: 10_000 })).stdout.trim() || 'unknown';
  return `${await ask('is-enabled')}, ${await ask('is-active')}`;
}
