import { DkmError } from '../src/base/errors.ts';
import { differences, type Answers } from './answers.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
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

function refusal(message: string, hint: string): DkmError {
  return new DkmError('preflight-refused', message, { hint });
}
