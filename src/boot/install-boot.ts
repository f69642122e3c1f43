import { join } from 'node:path';
import { DkmError, EXIT } from '../base/errors.ts';
import { outputOf } from '../base/exec.ts';
import { existsAs } from '../base/files.ts';
import { say, sayAside } from '../base/terminal.ts';
import { applyPlan } from './apply.ts';
import { hostFacts, installationFacts, type InitSystem } from './facts.ts';
import { siteOf, type Place, type Site } from './place.ts';
import { bootPlan, nameFor, unitNameOf, type BootPlan, type Scope } from './plan.ts';
import { shellWord } from './quoting.ts';

export interface InstallOptions {
  name?: string;
  system?: boolean;
  user?: boolean;
  start?: boolean;
  logrotate?: boolean;
  init?: InitSystem;
  dryRun?: boolean;
  print?: boolean;
  json?: boolean;
}

/** `dkmadmin install-boot`: returns the exit code. */
export async function installBoot(place: Place, options: InstallOptions): Promise<number> {
  const site = siteOf(place);
  const host = hostFacts(options.init);
  const request = {
    unit: unitNameOf(options.name ?? nameFor(site.layout.root)),
    scope: scopeOf(site, options),
    start: options.start === true,
    logrotate: options.logrotate === true,
    userConfiguration: site.userConfiguration,
    home: site.home,
  };
  const plan = bootPlan(await installationFacts(site.layout, site.owner), host, request);
  if (options.print) return print(plan);
  refuseWithoutRights(site, plan, options);
  if (options.dryRun)
    return tell(
      plan,
      plan.files.map(({ path }) => path),
      site,
      options,
    );
  if (plan.scope === 'user' && host.init === 'systemd') refuseWithoutLingering(site);
  return tell(plan, await applyPlan(plan, site.layout.root, site.target), site, options);
}

function scopeOf({ isRoot, owner }: Site, { system, user }: InstallOptions): Scope {
  if (system && user) throw new DkmError('usage', '--system and --user exclude each other.');
  if (user && isRoot && owner.userId !== 0) {
    throw new DkmError('usage', `--user is for ${owner.user}, whose installation it is, and this is root.`, {
      hint: `Run it as ${owner.user}, or leave --user out.`,
    });
  }
  if (system || user) return system ? 'system' : 'user';
  return isRoot ? 'system' : 'user';
}

function refuseWithoutRights({ isRoot, layout, target }: Site, { scope }: BootPlan, { dryRun }: InstallOptions): void {
  if (isRoot || scope === 'user' || dryRun || target.root !== '/') return;
  throw new DkmError('preflight-refused', 'Starting at boot for the whole machine takes root.', {
    hint: `sudo ${shellWord(join(layout.bin, 'dkmadmin'))} install-boot; or have the files printed with --print, for somebody who has root.`,
  });
}

/** Without lingering, a user's units start at the first login and stop at the last logout. */
function refuseWithoutLingering({ owner, target }: Site): void {
  if (target.root !== '/' || lingers(owner.user)) return;
  throw new DkmError('preflight-refused', `The units of ${owner.user} start at login and stop at logout, and not with the machine: lingering is off.`, {
    hint: `Have an administrator run "sudo loginctl enable-linger ${owner.user}", then run this again.`,
  });
}

function lingers(user: string): boolean {
  const answer = outputOf('loginctl', ['show-user', user, '--property=Linger', '--value'])?.trim();
  // loginctl knows only users who are logged in or linger; the file is what it keeps lingering in.
  return answer === 'yes' || existsAs(`/var/lib/systemd/linger/${user}`);
}

function print({ files }: BootPlan): number {
  for (const { path, text } of files) say(`# --- ${path}\n${text}`);
  return EXIT.fine;
}

function tell(plan: BootPlan, changed: readonly string[], { layout }: Site, { dryRun, json, start }: InstallOptions): number {
  if (json) {
    say(
      JSON.stringify(
        {
          schema: 1,
          init: plan.init,
          scope: plan.scope,
          unit: plan.unit,
          dryRun: dryRun === true,
          files: plan.files.map(({ path }) => path),
          changed,
          commands: plan.commands,
          remarks: plan.remarks,
        },
        null,
        1,
      ),
    );
    return EXIT.fine;
  }
  for (const { path } of plan.files) say(`${dryRun ? 'would write' : changed.includes(path) ? 'wrote' : 'is as it should be:'} ${path}`);
  for (const command of plan.commands) say(`${dryRun ? 'would run' : 'ran'} ${command.join(' ')}`);
  for (const remark of plan.remarks) sayAside(`Note: ${remark}`);
  if (!dryRun && !start) say(`\n${layout.root} starts with the machine from now on. Now: ${startCommand(plan)}`);
  return EXIT.fine;
}

function startCommand({ init, scope, unit, files }: BootPlan): string {
  if (init === 'systemd') return `systemctl ${scope === 'user' ? '--user ' : ''}start ${unit}`;
  return init === 'sysv' ? `/etc/init.d/${unit} start` : `launchctl bootstrap ${scope === 'system' ? 'system' : 'gui/$(id -u)'} ${files[0]?.path ?? ''}`;
}
