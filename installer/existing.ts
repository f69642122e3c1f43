import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError } from '../src/base/errors.ts';
import type { Layout } from '../src/base/layout.ts';
import { differences, type Answers } from './answers.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
import { readRestore } from '../src/contract/restore-journal.ts';
import type { Settings } from '../src/contract/settings.ts';
import type { DirectoryState } from './facts/directory.ts';

/** Refuses a directory that holds another installation than the one asked for: other answers, another version, another build. */
export function refuseOtherInstallation(
  directory: string,
  installed: Extract<DirectoryState, { kind: 'installed' }>,
  answers: Answers,
  { bundle, digest }: OpenBundle,
): void {
  if (installed.version !== bundle.version) {
    throw refusal(
      `${directory} holds dkm ${installed.version}; this bundle is ${bundle.version}.`,
      `To update it: add -u. To have both: install into another directory with -d.`,
    );
  }
  if (installed.bundle !== digest) {
    throw refusal(
      `${directory} holds dkm ${installed.version} from another build than this bundle.`,
      'To put this build in its place: add -u. To have both: install into another directory with -d.',
    );
  }
  refuseOtherAnswers(directory, installed.settings, answers);
}

/** Refuses answers that are not those of the installation that is there, or was. */
export function refuseOtherAnswers(directory: string, settings: Settings, answers: Answers): void {
  const found = differences(answers, settings);
  if (found.length === 0) return;
  throw refusal(
    `${directory} is installed with other answers:\n${found.map((line) => `  ${line}`).join('\n')}`,
    'Change them with "dkm config set" and "dkm reconfigure", or install into another directory.',
  );
}

/** Refuses a directory of somebody else: root would run what that user put there, and follow that user's links. */
export function refuseOthersDirectory({ root }: Layout): void {
  const owner = lstatSync(root, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === process.geteuid?.()) return;
  throw refusal(`${root} belongs to another user. Nothing was changed.`, 'Do it as the user it belongs to.');
}

/** Refuses to work on what is half restored: the restore, taken back later, would put old configuration and data into what came of it. */
export function refuseUnfinishedRestore(layout: Layout): void {
  const state = existsSync(layout.restoreJournal) ? readRestore(layout.restoreJournal) : undefined;
  if (state?.kind !== 'unfinished') return;
  throw refusal(
    `A restore of ${state.begin.file} was begun in ${layout.root} and has not ended. Nothing was changed.`,
    `Unless it is under way, have it taken back: ${join(layout.bin, 'dkm')} stop, or start. Then try again.`,
  );
}

function refusal(message: string, hint: string): DkmError {
  return new DkmError('preflight-refused', message, { hint });
}
