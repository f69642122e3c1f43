import { join } from 'node:path';
import { EXIT } from '../../src/base/errors.ts';
import { table } from '../../src/base/terminal.ts';
import type { OpenBundle } from '../../src/bundle/open.ts';
import { takenBackInWords } from '../../src/change/recover.ts';
import type { ChangeOutcome } from '../../src/change/transaction.ts';
import { keptVersions, pendingSnapshot } from '../../src/change/versions.ts';
import { changeInWords } from '../../src/configuration/written.ts';
import type { Intention, Present } from './intention.ts';
import type { NewSettings } from './new-settings.ts';

/** What is there and how it is, in a sentence or two. Pure. */
export function presentInWords({ layout, place, running: { wanted, well }, damage }: Present): string[] {
  const unwell = wanted.filter(({ name }) => !well.includes(name));
  const health =
    wanted.length === 0
      ? 'nothing of it runs'
      : unwell.length === 0
        ? `all ${wanted.length} services that run are well`
        : `not well: ${unwell.map(({ name, state, reason }) => `${name} is ${state}${reason === '' ? '' : ` (${reason})`}`).join(', ')}`;
  return [
    `In ${layout.root} is dkm ${place.version}; ${health}.`,
    ...(damage === undefined ? [] : [`What is installed cannot be read (${damage.split('\n')[0]}); the update puts this bundle in its place.`]),
  ];
}

/** What an update changes: components by version, settings, configuration files. Pure. */
export function intentionInWords(present: Present, bundle: OpenBundle, { changes }: Intention, settings: NewSettings): string[] {
  const versions = componentChanges(present, bundle);
  return [
    `This bundle is dkm ${bundle.bundle.version}${versions.length === 0 ? '; every component stays in its version.' : ':'}`,
    ...(versions.length === 0 ? [] : table(versions.map((row) => ['', ...row])).split('\n')),
    ...settings.changes.map(([key, value]) => `  conf/dkm.toml: ${key} becomes ${JSON.stringify(value)}`),
    ...changes.flatMap((change) => changeInWords(change) ?? []).map((line) => `  ${line}`),
  ];
}

function componentChanges({ installed }: Present, { bundle, manifests }: OpenBundle): string[][] {
  const before = new Map((installed?.bundle.bundle.components ?? []).map(({ name, version }) => [name, version]));
  const titleOf = (name: string): string => manifests.find((manifest) => manifest.name === name)?.title ?? name;
  const now = bundle.components.filter(({ role }) => role !== 'runtime');
  const changed = now
    .filter(({ name, version }) => before.get(name) !== version)
    .map(({ name, version }) => [titleOf(name), before.get(name) ?? 'new', '->', version]);
  const gone = [...before.keys()].filter((name) => !bundle.components.some((component) => component.name === name));
  return [...changed, ...gone.map((name) => [titleOf(name), before.get(name) ?? '', '->', 'not in this bundle'])];
}

/** How an update ended, for people. */
export async function outcomeInWords(outcome: ChangeOutcome, { layout, place }: Present, { to, changes, services }: Intention): Promise<string[]> {
  switch (outcome.kind) {
    case 'done': {
      const conflicts = changes.filter(({ kind }) => kind === 'conflict').map(({ path }) => join(layout.root, path));
      const before = (await keptVersions(layout))[0];
      return [
        `dkm ${to.version} is installed in ${layout.root}.${services.start.length === 0 ? ' Nothing ran before, and nothing was started.' : ` Services were down for ${(outcome.downMs / 1000).toFixed(1)} s.`}`,
        ...(conflicts.length === 0
          ? []
          : [`Look at these: you edited lines that changed, and yours stayed; the new text is beside each, with .new: ${conflicts.join(', ')}`]),
        ...(outcome.pruned.length === 0 ? [] : [`Removed, as no longer kept: versions/${outcome.pruned.join(', versions/')}.`]),
        ...outcome.untidy.map((why) => `Not needed any more, and could not be removed: ${why}`),
        ...(before === undefined ? [] : [`Back to dkm ${before.place.version}: ${join(layout.bin, 'dkm')} rollback`]),
      ];
    }
    case 'taken-back':
      return [
        `The update to dkm ${to.version} failed: ${outcome.why}`,
        `It was taken back: dkm ${place.version} is there as it was${services.ran.length > 0 && outcome.back.servicesNotStarted.size === 0 ? ', and runs' : ''}.`,
        ...takenBackInWords(outcome.back),
      ];
    case 'stuck':
      return [
        `The update to dkm ${to.version} failed: ${outcome.why}`,
        `Taking it back failed, too: ${outcome.problem}`,
        `What was there before is in ${pendingSnapshot(layout)}; the steps are in ${layout.installLog}.`,
      ];
  }
}

/** What comes next after an update that did not end well. */
export function hintFor(outcome: ChangeOutcome, { layout }: Present): string | undefined {
  if (outcome.kind === 'stuck')
    return `Mend what is named above, then run the installer again or ${join(layout.bin, 'dkm')} start: both go on with taking it back.`;
  return outcome.kind === 'taken-back' && !outcome.interrupted ? `See the logs named above and ${layout.installLog}, then try again.` : undefined;
}

/** How an update ended, for --json. */
export function outcomeReport(outcome: ChangeOutcome, present: Present, { to, changes, services }: Intention, settings: NewSettings): object {
  return {
    result: { done: 'updated', 'taken-back': 'taken-back', stuck: 'failed' }[outcome.kind],
    directory: present.layout.root,
    from: present.place.version,
    to: to.version,
    settings: Object.fromEntries(settings.changes),
    configuration: changes.filter(({ kind }) => kind !== 'unchanged').map(({ kind, path }) => ({ path, change: kind })),
    services,
    ...(outcome.kind === 'done' && { downSeconds: outcome.downMs / 1000, pruned: outcome.pruned, untidy: outcome.untidy }),
    ...(outcome.kind !== 'done' && { error: { message: outcome.why, interrupted: outcome.interrupted } }),
    ...(outcome.kind === 'taken-back' && {
      logs: outcome.back.logs ?? null,
      servicesNotStarted: Object.fromEntries(outcome.back.servicesNotStarted),
      leftBehind: outcome.back.leftBehind,
    }),
    ...(outcome.kind === 'stuck' && { problem: outcome.problem, snapshot: pendingSnapshot(present.layout) }),
  };
}

export function exitCodeOf(outcome: ChangeOutcome): number {
  return outcome.kind === 'done' ? EXIT.fine : EXIT.failed;
}
