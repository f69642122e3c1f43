import { DkmError } from '../src/base/errors.ts';
import { layoutOf } from '../src/base/layout.ts';
import { differences, type Answers } from './answers.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
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
      `${directory} holds dkm ${installed.version}; this bundle is ${bundle.version}, and this version of the installer does not update.`,
      'Install into another directory with -d.',
    );
  }
  if (installed.bundle !== digest) {
    throw refusal(
      `${directory} holds dkm ${installed.version} from another build than this bundle, and this version of the installer does not update.`,
      'Install into another directory with -d.',
    );
  }
  const found = differences(answers, installed.settings);
  if (found.length === 0) return;
  throw refusal(
    `${directory} is installed with other answers:\n${found.map((line) => `  ${line}`).join('\n')}`,
    `Edit ${layoutOf(directory).settings} and run the installer again with -d alone, or install into another directory.`,
  );
}

function refusal(message: string, hint: string): DkmError {
  return new DkmError('preflight-refused', message, { hint });
}
