import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { createProgress } from '../../base/progress.ts';
import { coloured, say } from '../../base/terminal.ts';
import { sceneOf } from '../../diagnosis/scene.ts';
import { verifyInstallation, type ConfigurationState, type Verification } from '../../diagnosis/verification.ts';

/** `dkm verify`: compares what is installed with bundle.json and lists edits. 0: as it was installed, 1: not. */
export async function verify(layout: Layout, options: { json?: boolean }): Promise<number> {
  const isShown = options.json !== true && process.stderr.isTTY === true;
  const progress = isShown ? createProgress() : undefined;
  const result = await verifyInstallation(await sceneOf(layout), (version, done, total) => progress?.update(version, done, total));
  progress?.close();
  if (options.json) say(JSON.stringify({ schema: 1, ...result }, null, 1));
  else for (const line of linesOf(result)) say(line);
  return result.ok ? EXIT.fine : EXIT.failed;
}

function linesOf({ versions, links, configuration, secrets, unread, ok }: Verification): string[] {
  return [
    ...versions.flatMap(({ version, inUse, files, faults }) =>
      part(`Version ${version}${inUse ? ' (in use)' : ''}: ${files} files`, faults, 'as they were installed'),
    ),
    ...part('Links', links, 'right'),
    ...part('Secrets', secrets, "there, and their owner's alone"),
    ...part('Not looked at', unread, ''),
    ...configurationLines(configuration),
    '',
    ok ? coloured('Everything is as it was installed.', 'green') : coloured('Not everything is as it was installed.', 'red') + ` ${AGAIN}`,
  ];
}

const AGAIN = 'Missing and changed files are placed again by the bundle\'s installer, run on this directory; configuration by "dkm reconfigure".';

function part(title: string, faults: readonly string[], otherwise: string): string[] {
  if (faults.length === 0) return otherwise === '' ? [] : [`${title}: ${otherwise}`];
  return [`${title}:`, ...faults.map((fault) => `  ${coloured(fault, 'red')}`)];
}

const WORDS: Record<Exclude<ConfigurationState, 'as-generated'>, string> = {
  edited: 'edited by you',
  missing: 'missing',
  'not-generated': 'not written by dkm',
  waiting: 'waits beside the file that you edited',
};

function configurationLines(configuration: Verification['configuration']): string[] {
  const same = configuration.filter(({ state }) => state === 'as-generated').length;
  const others = configuration.flatMap(({ path, state }) => (state === 'as-generated' ? [] : [`  ${path}: ${WORDS[state]}`]));
  return [`Configuration: ${same} files as dkm wrote them${others.length === 0 ? '' : ', and'}`, ...others];
}
