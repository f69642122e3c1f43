import type { HostFacts, InitSystem } from './facts.ts';
import type { BootCommand, Scope } from './plan.ts';

/** The commands that go with the removal of what starts an installation. */
export interface Removal {
  /** Before the files go. */
  undo: BootCommand[];
  /** After the files went. */
  afterRemoval: BootCommand[];
}

/** What a unit's removal takes besides removing its files. What runs goes on. Pure. */
export function removalOf(init: InitSystem, scope: Scope, unit: string, runLevelTool: HostFacts['runLevelTool']): Removal {
  if (init === 'systemd') {
    const systemctl: BootCommand = scope === 'system' ? ['systemctl'] : ['systemctl', '--user'];
    return {
      undo: [
        [...systemctl, 'stop', `${unit}.path`],
        [...systemctl, 'disable', `${unit}.service`, `${unit}.path`],
      ],
      afterRemoval: [[...systemctl, 'daemon-reload']],
    };
  }
  if (init === 'launchd') return { undo: [], afterRemoval: [] };
  return {
    undo: runLevelTool === 'chkconfig' ? [['chkconfig', '--del', unit]] : [],
    // It removes the links of a script only when that is gone.
    afterRemoval: runLevelTool === 'update-rc.d' ? [['update-rc.d', unit, 'remove']] : [],
  };
}
