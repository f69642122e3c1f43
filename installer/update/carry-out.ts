import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../src/base/files.ts';
import { carryOut, type Change, type ChangeOutcome } from '../../src/change/transaction.ts';
import { installLog } from '../../src/change/install-log.ts';
import type { OpenBundle } from '../../src/bundle/open.ts';
import { applyChanges } from '../../src/configuration/written.ts';
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
    },
    configure: () => configure(present, bundle, intention, settings, signal),
    onStep,
    log: installLog(layout.installLog),
  });
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

async function configure(
  { layout }: Present,
  bundle: OpenBundle,
  { steps, changes, files, obsoleteLinks }: Intention,
  settings: NewSettings,
  signal: AbortSignal,
): Promise<void> {
  const context = { layout, bundle, generated: await readGenerated(layout.generated), isInstalled: true, signal };
  for (const path of obsoleteLinks) rmSync(join(layout.root, path), { force: true });
  for (const step of steps.filter(isProvision)) await performStep(step, context);
  if (settings.changes.length > 0) await writeAtomic(layout.settings, settings.text, 0o600);
  await applyChanges(layout, changes, files);
}
