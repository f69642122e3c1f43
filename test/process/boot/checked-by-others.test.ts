import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canRun, run } from '../../../src/base/exec.ts';
import { layoutOf } from '../../../src/base/layout.ts';
import type { HostFacts, InstallationFacts } from '../../../src/boot/facts.ts';
import { bootPlan, type BootPlan } from '../../../src/boot/plan.ts';
import { refuseUnwritable, systemdArgument, systemdProgram, systemdWord } from '../../../src/boot/quoting.ts';
import { SERVICES, facts, request, service } from '../../helpers/boot-facts.ts';
import { startSystemd, whyNoSystemd } from '../../helpers/systemd.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** What init systems' own programs say to what was written for them. */

const SYSTEMD: HostFacts = { init: 'systemd', systemdVersion: 252, runLevelTool: undefined };
const ODD = `l'été "100%" $HOME \\n; x`;
const hasAnalyze = await canRun('systemd-analyze');
const NO_ANALYZE = 'systemd-analyze is missing: apt-get install systemd';
const missing = await whyNoSystemd();

/** An installation that is there as far as checkers look: its program can be run, its user is a real one. */
async function installed(name: string, more: Partial<InstallationFacts> = {}): Promise<InstallationFacts> {
  const layout = layoutOf(join(temporaryDirectory(), name));
  mkdirSync(layout.bin, { recursive: true });
  mkdirSync(layout.logs, { recursive: true });
  writeFileSync(join(layout.bin, 'dkm'), '#!/bin/sh\n');
  chmodSync(join(layout.bin, 'dkm'), 0o755);
  const ask = async (...args: string[]): Promise<string> => (await run('id', args)).stdout.trim();
  const owner = { userId: Number(await ask('-u')), groupId: Number(await ask('-g')), user: await ask('-un'), group: await ask('-gn') };
  const services = SERVICES.map((each) => ({ ...each, logFiles: each.logFiles.map((file) => join(layout.logs, file.split('/').pop() ?? '')) }));
  return facts({ layout, owner, services, ...more });
}

function written({ files }: BootPlan): string[] {
  const folder = temporaryDirectory();
  return files.map(({ path, text, mode }) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  });
}

/** Paths of all kinds of characters, but those that are refused. */
const paths = fc
  .array(fc.oneof(fc.constantFrom(...` "'\\$%;#&<>{}[]*?~=:@-+!|()\`é監`), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })), { maxLength: 20 })
  .map((parts) => `/${parts.join('')}`)
  .filter((path) => isWritable(path));

function isWritable(path: string): boolean {
  try {
    refuseUnwritable(path, 'The directory');
    return true;
  } catch {
    return false;
  }
}

describe('systemd', () => {
  it.for<[string, 'system' | 'user']>([
    ['monitoring', 'system'],
    [ODD, 'system'],
    ['monitoring', 'user'],
    [ODD, 'user'],
  ])('finds nothing wrong with the units of %s (%s)', async ([name, scope], { skip }) => {
    skip(!hasAnalyze, NO_ANALYZE);
    const units = written(bootPlan(await installed(name), SYSTEMD, request({ scope, userConfiguration: '/x' })));
    const { code, stdout, stderr } = await run('systemd-analyze', ['verify', ...(scope === 'user' ? ['--user'] : []), '--man=no', ...units], {
      env: { ...process.env, XDG_RUNTIME_DIR: temporaryDirectory() },
    });
    expect(`${stdout}${stderr}`).toBe('');
    expect(code).toBe(0);
  });

  // From 0 (nothing is open) to 10; 9.6 is a unit that hardens nothing.
  it.for<[string, Partial<InstallationFacts>, number]>([
    ['with everything', {}, 2.4],
    ['without collectd', { services: [service('console')] }, 2.3],
    ['at home', { needsHomes: true }, 2.4],
  ])('finds an installation %s exposed no more than it must be', async ([name, more, bound], { skip }) => {
    skip(!hasAnalyze, NO_ANALYZE);
    const [unit] = written(bootPlan(facts(more), SYSTEMD, request()));
    const { stdout, stderr } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit!]);
    skip(stderr.includes('unrecognized option'), 'systemd-analyze is older than 250 and knows no --offline');
    const score = Number(/exposure level for .*: ([\d.]+)/.exec(stdout)?.[1]);
    console.log(`systemd-analyze security, an installation ${name}: ${score}`);
    expect(score, stdout + stderr).toBeLessThanOrEqual(bound);
  });

  it('reads arguments and settings as they were', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const systemd = await startSystemd();
    const seed = Date.now();
    const words = fc.sample(paths, { numRuns: 300, seed });
    const chunks = Array.from({ length: 6 }, (_, index) => words.slice(index * 50, index * 50 + 50));
    const unit = [
      '[Service]',
      'Type=oneshot',
      'StandardOutput=append:/run/words',
      ...words.map((word, index) => `Environment=${systemdWord(`WORD_${index}=${word}`)}`),
      // The shell's own words are arguments, too.
      ...chunks.map((chunk) => `ExecStart=/bin/sh -c ${systemdArgument('printf "%s\\n" "$@"')} sh ${chunk.map(systemdArgument).join(' ')}`),
      `ExecStart=/bin/sh -c ${systemdArgument('index=0; while [ $index -lt 300 ]; do eval "printf \'%s\\\\n\' \\"\\$WORD_$index\\""; index=$((index + 1)); done')}`,
    ];
    writeFileSync(`${systemd.root}/etc/systemd/system/words.service`, `${unit.join('\n')}\n`);
    await systemd.inside('systemctl', ['daemon-reload']);
    expect((await systemd.inside('systemctl', ['start', 'words'])).stderr).toBe('');
    expect(readFileSync(`${systemd.root}/run/words`, 'utf8').split('\n'), `seed ${seed}`).toEqual([...words, ...words, '']);
  });

  it('runs a program whatever its name', async ({ skip }) => {
    skip(missing !== undefined, missing);
    const systemd = await startSystemd();
    const seed = Date.now();
    const names = fc.sample(paths, { numRuns: 40, seed }).map((path, index) => `/run/programs/${index}${path.replaceAll('/', '_')}`);
    mkdirSync(`${systemd.root}/run/programs`);
    for (const name of names) {
      writeFileSync(`${systemd.root}${name}`, '#!/bin/sh\nprintf "%s %s\\n" "$0" "$1"\n');
      chmodSync(`${systemd.root}${name}`, 0o755);
    }
    await systemd.inside('mount', ['-o', 'remount,exec', '/run']);
    const unit = ['[Service]', 'Type=oneshot', 'StandardOutput=append:/run/words', ...names.map((name) => `ExecStart=${systemdProgram(name)} start`)];
    writeFileSync(`${systemd.root}/etc/systemd/system/words.service`, `${unit.join('\n')}\n`);
    await systemd.inside('systemctl', ['daemon-reload']);
    expect((await systemd.inside('systemctl', ['start', 'words'])).stderr).toBe('');
    expect(readFileSync(`${systemd.root}/run/words`, 'utf8').split('\n'), `seed ${seed}`).toEqual([...names.map((name) => `${name} start`), '']);
  });
});

describe('launchd', () => {
  const asJson = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))';

  it.for(['system', 'user'] as const)('its property list (%s) is one, and says what was meant', async (scope, { skip }) => {
    skip(!(await canRun('python3', ['-c', 'import plistlib'])), 'python3 with plistlib is missing: apt-get install python3');
    const installation = await installed(`${ODD} <&> ]]> --`);
    const [file] = written(bootPlan(installation, { init: 'launchd', systemdVersion: 0, runLevelTool: undefined }, request({ scope })));
    const list = JSON.parse((await run('python3', ['-c', asJson, file!])).stdout) as Record<string, unknown>;
    expect(list).toEqual({
      Label: 'org.dkm.dkm-monitoring',
      ProgramArguments: [join(installation.layout.bin, 'dkm'), 'start', '--foreground'],
      ...(scope === 'system' && { UserName: installation.owner.user, GroupName: installation.owner.group }),
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      ExitTimeOut: 140,
      AbandonProcessGroup: true,
      Umask: 0o077,
      SoftResourceLimits: { NumberOfFiles: 65536 },
    });
  });
});

describe('logrotate', () => {
  it.for(['monitoring', `l'été "100%" $HOME \\n [a]*?`])('takes the logs of %s', async (name, { skip }) => {
    skip(!(await canRun('logrotate', ['--version'])), 'logrotate is missing: apt-get install logrotate');
    const installation = await installed(name);
    const logs = [...new Set([...installation.services.flatMap(({ logFiles }) => logFiles), installation.layout.supervisorLog])];
    for (const log of logs) writeFileSync(log, 'a line\n');
    const files = written(bootPlan(installation, SYSTEMD, request({ logrotate: true })));
    const { code, stderr } = await run('logrotate', ['-d', '-f', '-s', join(temporaryDirectory(), 'state'), files.at(-1)!]);
    expect(code, stderr).toBe(0);
    for (const log of logs) expect(stderr).toContain(`considering log ${log}\n`);
    expect(stderr).not.toContain('error');
  });
});
