import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DkmError, EXIT } from '../src/base/errors.ts';
import { readIfPresent, resolveExisting } from '../src/base/files.ts';
import { layoutOf } from '../src/base/layout.ts';
import { bytesInWords, say, sayAside } from '../src/base/terminal.ts';
import { answersOf } from './answers.ts';
import { applyPlan, type Applied, type Installation } from './apply.ts';
import { bundleRoot, bundleSize, openBundle, type OpenBundle } from '../src/bundle/open.ts';
import { verifyBundle } from '../src/bundle/verify.ts';
import { interruptedInWords, recoverChange, recoveryInWords, unfinishedChange } from '../src/change/recover.ts';
import { currentFolder } from '../src/change/versions.ts';
import { directoryMeant } from './directory.ts';
import { refuseOtherAnswers, refuseOtherInstallation, refuseOthersDirectory, refuseUnfinishedRestore } from './existing.ts';
import { directoryState, settingsThere, type DirectoryState } from './facts/directory.ts';
import { gatherHostFacts, type Questions } from './host-facts.ts';
import { interruptibly } from './interruptible.ts';
import { parseOptions, type Options } from './options.ts';
import { installPlan, stepInWords, type Step } from './plan.ts';
import { preflight, type Finding } from './preflight.ts';
import { progressOn, type Progress } from './progress.ts';
import { pythonNeed } from '../src/host/python.ts';
import { choiceFor, portsFor, settingsFor, type InstallRequest } from './request.ts';
import { startServices } from './start.ts';
import { summaryInWords, summaryOf, type Summary } from './summary.ts';
import { uninstall } from './uninstall.ts';
import { newSettings } from './update/new-settings.ts';
import { providersFor } from './update/providers.ts';
import { update } from './update/update.ts';

/** Runs the installer's command line (without the program's name) and returns the exit code. */
export async function runInstaller(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  if (options === undefined) return EXIT.fine;
  const progress = progressOn(process.stderr, options.json);
  try {
    return await install(options, progress);
  } catch (error) {
    progress.end();
    if (!options.json || !(error instanceof DkmError)) throw error;
    say(JSON.stringify({ result: 'failed', error: { code: error.code, message: error.message, hint: error.hint ?? null } }));
    return error.exitCode;
  }
}

async function install(options: Options, progress: Progress): Promise<number> {
  if (options.uninstall) return uninstall(options, progress);
  const bundle = await verifiedBundle(options, progress);
  progress.phase('Looking at this machine');
  const directory = directoryMeant(options.directory);
  await settleInterrupted(directory, options, progress);
  if (options.update) return update(directory, bundle, options, progress);
  const state = await directoryState(directory);
  const there = settingsThere(state);
  const answers = answersOf(options, there);
  if (state.kind === 'installed') refuseOtherInstallation(directory, state, answers, bundle);
  else if (there) refuseOtherAnswers(directory, there, answers);
  const { choice, shortcomings } = there ? providersFor(there, bundle, options.provider) : { choice: choiceFor(answers, bundle), shortcomings: [] };
  const request: InstallRequest = { directory, answers, choice, allowRoot: options.allowRoot };
  const facts = await gatherHostFacts(questionsOf(request, bundle, state));
  const findings = [...shortcomings.map((shortcoming) => ({ check: 'providers', ...shortcoming })), ...preflight({ request, bundle, facts })];
  progress.end();
  if (findings.length > 0) return refused(findings, options);

  const carriedOver = there && state.kind !== 'installed' ? await newSettings(layoutOf(directory), there, choice, facts.pythons) : undefined;
  const settings = carriedOver?.settings ?? there ?? settingsFor(request, facts);
  const folder = state.kind === 'installed' ? currentFolder(layoutOf(directory)) : undefined;
  const steps = installPlan({
    bundle,
    components: choice.components,
    settings,
    directory,
    promiseSettings: await readIfPresent(layoutOf(directory).promiseSettings),
    ...(folder !== undefined && { folder }),
    ...(carriedOver && { settingsText: carriedOver.text }),
  });
  const summary = summaryOf(directory, bundle, request.choice.components, settings);
  if (options.dryRun) return planned(steps, summary, options);
  progress.phase(state.kind === 'installed' ? `Comparing ${directory} with the bundle` : `Installing in ${directory}`);
  const applied = await applyInterruptibly({ directory, bundle, settings, steps }, progress);
  return concluded(applied, summary, options);
}

/** An update that was killed is taken back before anything else is looked at. */
async function settleInterrupted(directory: string, { update, dryRun, json }: Options, progress: Progress): Promise<void> {
  const layout = layoutOf(directory);
  if (update || existsSync(layout.changeJournal)) refuseOthersDirectory(layout);
  refuseUnfinishedRestore(layout);
  const unfinished = unfinishedChange(layout);
  if (unfinished === undefined && !dryRun) await recoverChange(layout); // one that ended, but was killed before it had tidied up
  if (unfinished === undefined) return;
  if (dryRun) {
    throw new DkmError('preflight-refused', interruptedInWords(unfinished), { hint: 'Run it without --dry-run: that is taken back first.' });
  }
  progress.phase(`${interruptedInWords(unfinished)} Taking it back`);
  const recovery = await interruptibly(progress, () => recoverChange(layout));
  if (recovery && !json) for (const line of recoveryInWords(recovery)) sayAside(line);
}

async function verifiedBundle(options: Options, progress: Progress): Promise<OpenBundle> {
  const root = resolveExisting(bundleRoot(options.bundle));
  progress.phase('Verifying the bundle');
  const bundle = await verifyBundle(root, (doneBytes) => progress.detail(bytesInWords(doneBytes)));
  progress.phase(`Verified ${Object.keys(bundle.files).length} files, ${bytesInWords(bundleSize(bundle))}`);
  return openBundle(root, bundle);
}

function questionsOf({ directory, answers, choice }: InstallRequest, bundle: OpenBundle, state: DirectoryState): Questions {
  const modules = pythonNeed(choice.components)?.modules;
  return {
    directory,
    bundleRoot: bundle.root,
    basePort: answers.port,
    // A finished installation may be running, on its own ports.
    ports: state.kind === 'installed' ? [] : portsFor(choice, answers),
    needsHostname: answers.hostname === undefined,
    ...(modules && { pythonModules: modules }),
    programs: choice.components.flatMap(({ requires }) => requires.programs),
    systemCollectd: answers.systemCollectd,
  };
}

function refused(findings: readonly Finding[], { json }: Options): number {
  if (json) say(JSON.stringify({ result: 'refused', findings }));
  else {
    sayAside(findings.length === 1 ? 'Nothing was changed. In the way is:' : `Nothing was changed. ${findings.length} things are in the way:`);
    findings.forEach(({ problem, hint }, index) => {
      sayAside(`- ${problem}`);
      if (findings[index + 1]?.hint !== hint) sayAside(`  ${hint}`); // once for several ports
    });
  }
  return EXIT.refused;
}

function planned(steps: readonly Step[], summary: Summary, { json }: Options): number {
  if (json) say(JSON.stringify({ result: 'planned', ...summary, steps: steps.map(({ kind, path }) => ({ kind, path })) }));
  else
    say(
      `Would install dkm ${summary.version} in ${summary.directory}:\n${steps.map((step) => `  ${stepInWords(step)}`).join('\n')}\n\n${summaryInWords(summary)}`,
    );
  return EXIT.fine;
}

function applyInterruptibly(installation: Omit<Installation, 'signal' | 'onStep'>, progress: Progress): Promise<Applied> {
  return interruptibly(progress, (signal) =>
    applyPlan({
      ...installation,
      signal,
      onStep: (step, index) => progress.detail(`${index + 1}/${installation.steps.length} ${step.path}`),
    }),
  );
}

async function concluded(applied: Applied, summary: Summary, options: Options): Promise<number> {
  const result = !applied.wasInstalled ? 'installed' : applied.changed ? 'restored' : 'unchanged';
  if (!options.json) for (const line of conclusion(result, applied, summary)) say(line);
  const started = options.start ? await startServices(summary.directory, options.json) : undefined;
  if (options.json) say(JSON.stringify({ result, ...summary, made: applied.made, kept: applied.kept, ...(started && { start: started.report }) }));
  return started?.exitCode ?? EXIT.fine;
}

function conclusion(result: 'installed' | 'restored' | 'unchanged', { made, kept }: Applied, summary: Summary): string[] {
  const what = `dkm ${summary.version} (type ${summary.type}, host name ${summary.hostname})`;
  const first = {
    installed: `${what} is installed in ${summary.directory}.`,
    restored: `${what} was installed in ${summary.directory} already; these were missing or out of date, and were made again: ${made.join(', ')}.`,
    unchanged: `${what} is installed in ${summary.directory} already; there was nothing to do.`,
  }[result];
  const edited =
    kept.length === 0 ? [] : [`Edited since they were written, and left as they are: ${kept.map((path) => join(summary.directory, path)).join(', ')}.`];
  const log = result === 'unchanged' ? [] : [`Details: ${layoutOf(summary.directory).installLog}`];
  return [first, ...edited, ...log, '', summaryInWords(summary)];
}
