import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { run } from '../../src/base/exec.ts';
import { writeAtomic } from '../../src/base/files.ts';
import type { Layout } from '../../src/base/layout.ts';
import { carryOut, type Change, type ChangeOutcome } from '../../src/change/transaction.ts';
import { installLog } from '../../src/change/install-log.ts';
import type { OpenBundle } from '../../src/bundle/open.ts';
import { applyChanges, configurationChanges } from '../../src/configuration/written.ts';
import { readGenerated } from '../../src/contract/generated.ts';
import type { Options } from '../options.ts';
import type { Step } from '../plan.ts';
import { performStep } from '../steps/perform.ts';
import type { StepContext } from '../steps/step.ts';
import type { Intention, Present } from './intention.ts';
import type { NewSettings } from './new-settings.ts';

/** Carries an update out, or takes it back. */
export function carryOutUpdate(
  present: Present,
  bundle: OpenBundle,
  intention: Intention,
  settings: NewSettings,
  options: Options,
  { signal, onStep }: Pick<Change, 'signal' | 'onStep'>,
): Promise<ChangeOutcome> {
  const { layout, place } = present;
  const { to, places, makes, databases, services, steps, obsoleteLinks } = intention;
  return carryOut({
    layout,
    kind: 'update',
    from: place,
    to,
    places,
    makes,
    links: [...steps.filter(({ kind }) => kind === 'link').map(({ path }) => path), ...obsoleteLinks],
    databases,
    services,
    watchMs: options.watch * 1000,
    keep: options.keep,
    signal,
    place: async () => {
      // What is left of an update that was killed while it placed files.
      if (places) rmSync(join(layout.versions, to.folder), { recursive: true, force: true });
      await performAll(steps.filter(isOfVersion), { layout, bundle, generated: { schema: 1, files: {} }, isInstalled: false, signal }, onStep);
      await haveOnDisk(layout, signal);
    },
    configure: () => configure(present, bundle, intention, settings, signal),
    onStep,
    log: installLog(layout.installLog),
  });
}

/** Files by the thousand, of which none was waited for. Where `sync` knows no -f, they get there when the system sees fit. */
async function haveOnDisk({ versions, installLog: path }: Layout, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await run('sync', ['-f', versions], { signal }).catch((error: unknown) => ({ code: 1, stderr: messageOf(error) }));
  if (code !== 0) installLog(path).add(`the new version's files may not be on the disk yet: ${stderr.trim()}`);
}

async function performAll(steps: readonly Step[], context: StepContext, onStep: Change['onStep']): Promise<void> {
  for (const [index, step] of steps.entries()) {
    context.signal.throwIfAborted();
    onStep('place', `${index + 1}/${steps.length} ${step.path}`);
    await performStep(step, context);
  }
}

function isOfVersion({ kind, path }: Step): boolean {
  return kind === 'place-files' || (kind === 'make-directory' && path.startsWith('versions'));
}

/** What the new version needs besides its files; configuration is merged, and `current` is for the transaction to switch. */
function isProvision(step: Step): boolean {
  if (step.kind === 'link') return step.path !== 'current';
  return step.kind === 'write-secret' || (step.kind === 'make-directory' && !isOfVersion(step));
}

async function configure({ layout }: Present, bundle: OpenBundle, intention: Intention, settings: NewSettings, signal: AbortSignal): Promise<void> {
  const context = { layout, bundle, generated: await readGenerated(layout.generated), isInstalled: true, signal };
  const { steps, files, obsoleteLinks } = intention;
  for (const path of obsoleteLinks) removeLink(join(layout.root, path));
  for (const step of steps.filter(isProvision)) await performStep(step, context);
  if (settings.changes.length > 0) await writeAtomic(layout.settings, settings.text, 0o600);
  // Looked at again: while files were placed and services stopped, one may have been edited.
  intention.changes = await configurationChanges(layout, files);
  await applyChanges(layout, intention.changes, files);
}

/** What an administrator put in a link's place stays. */
function removeLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
}
