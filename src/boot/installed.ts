import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { InitSystem } from './facts.ts';
import { directoryOf } from './marker.ts';
import type { Scope } from './plan.ts';

/** A file that starts an installation, or rotates its logs. */
export interface InstalledFile {
  path: string;
  /** As `unitNameOf` made it. */
  unit: string;
  kind: InitSystem | 'logrotate';
  scope: Scope;
  /** The installed directory it belongs to. */
  directory: string;
}

interface Place {
  folder: string;
  kind: InstalledFile['kind'];
  scope: Scope;
}

/** Every place where install-boot may have left something. */
function places(userConfiguration: string, home: string): Place[] {
  return [
    { folder: '/etc/systemd/system', kind: 'systemd', scope: 'system' },
    { folder: join(userConfiguration, 'systemd', 'user'), kind: 'systemd', scope: 'user' },
    { folder: '/etc/init.d', kind: 'sysv', scope: 'system' },
    { folder: '/Library/LaunchDaemons', kind: 'launchd', scope: 'system' },
    { folder: join(home, 'Library', 'LaunchAgents'), kind: 'launchd', scope: 'user' },
    { folder: '/etc/logrotate.d', kind: 'logrotate', scope: 'system' },
  ];
}

/** What install-boot has made for one installation, below `root`. */
export function installedFiles(
  directory: string,
  { root, userConfiguration, home }: { root: string; userConfiguration: string; home: string },
): InstalledFile[] {
  return places(userConfiguration, home).flatMap(({ folder, kind, scope }) => {
    const inRoot = join(root, folder);
    if (!existsSync(inRoot)) return [];
    return readdirSync(inRoot)
      .filter((name) => /^(org\.dkm\.)?dkm(-|\.|$)/.test(name) && ownerOfFile(join(inRoot, name)) === directory)
      .sort()
      .map((name) => ({
        path: join(folder, name),
        unit: basename(name)
          .replace(/^org\.dkm\./, '')
          .replace(/\.(service|path|plist)$/, ''),
        kind,
        scope,
        directory,
      }));
  });
}

function ownerOfFile(path: string): string | undefined {
  return lstatSync(path).isFile() ? directoryOf(readFileSync(path, 'utf8')) : undefined;
}
