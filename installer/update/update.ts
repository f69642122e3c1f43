import { join } from 'node:path';
import { DkmError, EXIT, messageOf } from '../../src/base/errors.ts';
import { bytesInWords, say, sayAside } from '../../src/base/terminal.ts';
import { treeBytes } from '../../src/base/files.ts';
import { layoutOf } from '../../src/base/layout.ts';
import { acquireLock, type Lock } from '../../src/base/lock.ts';
import { bundleSize, type OpenBundle } from '../../src/bundle/open.ts';
import { databaseBytes } from '../../src/change/databases.ts';
import { liveAccount } from '../../src/change/services.ts';
import type { ChangeOutcome } from '../../src/change/transaction.ts';
import type { ServicePort } from '../../src/contract/service.ts';
import { checkConfiguration } from '../../src/supervisor/prepare.ts';
import { servicesOf } from '../../src/supervisor/services.ts';
import { pythonNeed } from '../../src/host/python.ts';
import { answersOf } from '../answers.ts';
import { refuseOtherAnswers } from '../existing.ts';
import { directoryState, type DirectoryState } from '../facts/directory.ts';
import { gatherHostFacts, type HostFacts } from '../host-facts.ts';
import { interruptibly } from '../interruptible.ts';
import type { Options } from '../options.ts';
import { preflight, type Finding } from '../preflight.ts';
import type { Progress } from '../progress.ts';
import { portsFor, type InstallRequest } from '../request.ts';
import { carryOutUpdate } from './carry-out.ts';
import { versionGate } from './gate.ts';
import { intentionOf, presentOf, type Intention, type Present } from './intention.ts';
import { newSettings, pythonFolders, type NewSettings } from './new-settings.ts';
import { providersFor } from './providers.ts';
import { stepsOn } from './steps-in-words.ts';
import { exitCodeOf, hintFor, intentionInWords, outcomeInWords, outcomeReport, presentInWords } from './report.ts';

/** `installer -d DIR -u`: brings an installation to this bundle, or leaves it as it is. Returns the exit code. */
export async function update(directory: string, bundle: OpenBundle, options: Options, progress: Progress): Promise<number> {
  const state = await directoryState(directory);
  if (state.kind !== 'installed') throw nothingToUpdate(directory, state);
  const lock = await lockOf(directory);
  try {
    return await updateLocked(directory, bundle, options, progress);
  } finally {
    lock.release();
  }
}

async function lockOf(directory: string): Promise<Lock> {
  try {
    return await acquireLock(layoutOf(directory).installLock, 'an installer');
  } catch (error) {
    if (error instanceof DkmError) throw error;
    throw new DkmError('preflight-refused', `${directory} cannot be written to: ${messageOf(error)}. Nothing was changed.`, { cause: error });
  }
}

async function updateLocked(directory: string, bundle: OpenBundle, options: Options, progress: Progress): Promise<number> {
  const state = await directoryState(directory); // another installer may have been quicker
  if (state.kind !== 'installed') throw nothingToUpdate(directory, state);
  refuseOtherAnswers(directory, state.settings, answersOf(options, state.settings));
  const gate = versionGate(state, { version: bundle.bundle.version, bundle: bundle.digest }, options.force);
  if (gate === 'same' && Object.keys(options.provider).length === 0) return unchanged(directory, state.version, options, progress);
  const present = await presentOf(directory, state);
  const providers = providersFor(state.settings, bundle, options.provider);
  const request: InstallRequest = { directory, answers: answersOf(options, state.settings), choice: providers.choice, allowRoot: true };
  const facts = await factsFor(request, present, bundle, options);
  const findings = [
    ...providers.shortcomings.map((shortcoming) => ({ check: 'providers', ...shortcoming })),
    ...findingsOf(request, bundle, facts, present),
    ...(await faultyConfigurations(present)),
  ];
  progress.end();
  if (findings.length > 0) return refused(findings, options);
  const settings = await newSettings(present.layout, state.settings, providers.choice, facts.pythons);
  const intention = await intentionOf(present, bundle, providers, settings, options);
  if (!options.json) for (const line of [...presentInWords(present), ...intentionInWords(present, bundle, intention, settings)]) say(line);
  if (options.dryRun) return planned(present, intention, settings, options);
  const outcome = await interruptibly(progress, (signal) =>
    carryOutUpdate(present, bundle, intention, settings, options, { signal, onStep: stepsOn(progress) }),
  );
  return concluded(outcome, present, intention, settings, options);
}

function nothingToUpdate(directory: string, state: DirectoryState): DkmError {
  const what = {
    absent: 'does not exist',
    empty: 'is empty',
    begun: 'holds an installation that was not finished',
    uninstalled: 'holds what an uninstalled dkm left',
  };
  const why = state.kind in what ? what[state.kind as keyof typeof what] : 'is not an installation of dkm';
  return new DkmError('preflight-refused', `There is nothing to update: ${directory} ${why}.`, {
    hint: 'Leave out --update to install there, or name the installed directory with -d.',
  });
}

function unchanged(directory: string, version: string, { json }: Options, progress: Progress): number {
  progress.end();
  if (json) say(JSON.stringify({ result: 'unchanged', directory, from: version, to: version }));
  else say(`dkm ${version} is installed in ${directory}, from this very bundle: there is nothing to update.`);
  return EXIT.fine;
}

async function factsFor({ directory, answers, choice }: InstallRequest, present: Present, bundle: OpenBundle, options: Options): Promise<HostFacts> {
  const modules = pythonNeed(choice.components)?.modules;
  return gatherHostFacts({
    directory,
    bundleRoot: bundle.root,
    basePort: answers.port,
    ports: present.running.wanted.length > 0 || options.start ? await newPorts(present, portsFor(choice, answers)) : [],
    needsHostname: false,
    ...(modules && { pythonModules: modules }),
    pythonFolders: pythonFolders(present.settings),
    programs: choice.components.flatMap(({ requires }) => requires.programs),
    systemCollectd: answers.systemCollectd,
  });
}

/** Ports that the running services do not hold already. */
async function newPorts({ layout }: Present, ports: readonly ServicePort[]): Promise<ServicePort[]> {
  const held = new Set(
    ((await liveAccount(layout))?.services ?? []).filter(({ pid }) => pid !== null).flatMap((service) => service.ports.map(({ port }) => port)),
  );
  return ports.filter(({ port }) => !held.has(port));
}

function findingsOf(request: InstallRequest, bundle: OpenBundle, facts: HostFacts, present: Present): Finding[] {
  const findings = preflight({ request, bundle, facts }).map((finding) =>
    finding.check === 'ports' ? { ...finding, hint: 'Free it, or move the installation: dkm config set install.port PORT, dkm reconfigure.' } : finding,
  );
  return [...findings, ...enoughDisk(bundle, facts, present)];
}

/** What runs well on a configuration that was made faulty since: stopped for the update, it would come back in neither version. */
async function faultyConfigurations({ installed, settings, layout, running }: Present): Promise<Finding[]> {
  const specs = installed === undefined ? [] : servicesOf(installed.bundle.manifests, settings, layout).filter(({ name }) => running.well.includes(name));
  const found = await Promise.all(
    specs.map((spec) =>
      checkConfiguration(spec).then(
        () => [],
        (error: unknown) => [
          { check: 'configuration', problem: `${spec.name} would not start again: ${messageOf(error)}`, hint: `Mend it, or stop it: dkm stop ${spec.name}` },
        ],
      ),
    ),
  );
  return found.flat();
}

/** Room for logs and what services write while they are watched. */
const MARGIN_BYTES = 64 << 20;

function enoughDisk(bundle: OpenBundle, { directory }: HostFacts, { layout, installed }: Present): Finding[] {
  const databases = (installed?.components ?? []).flatMap(({ backup }) => backup.sqlite);
  // Configuration three times: as it is, as it becomes, and what is written beside it.
  const snapshot = 3 * treeBytes(layout.conf) + databaseBytes(layout, databases);
  const needed = MARGIN_BYTES + snapshot + (directory.canLink ? 0 : bundleSize(bundle.bundle));
  if (directory.freeBytes >= needed) return [];
  return [
    {
      check: 'disk',
      problem: `${layout.root} has ${bytesInWords(directory.freeBytes)} free; ${bytesInWords(needed)} are needed for the new version and what it takes to go back.`,
      hint: 'Make room there; versions that are not needed any more are removed by a later update with --keep 1.',
    },
  ];
}

function refused(findings: readonly Finding[], { json }: Options): number {
  if (json) say(JSON.stringify({ result: 'refused', findings }));
  else {
    sayAside(findings.length === 1 ? 'Nothing was changed. In the way is:' : `Nothing was changed. ${findings.length} things are in the way:`);
    for (const { problem, hint } of findings) sayAside(`- ${problem}\n  ${hint}`);
  }
  return EXIT.refused;
}

function planned(present: Present, intention: Intention, settings: NewSettings, { json, watch }: Options): number {
  const { to, services, changes, databases } = intention;
  if (json) {
    const configuration = changes.filter(({ kind }) => kind !== 'unchanged').map(({ kind, path }) => ({ path, change: kind }));
    say(
      JSON.stringify({
        result: 'planned',
        directory: present.layout.root,
        from: present.place.version,
        to: to.version,
        settings: Object.fromEntries(settings.changes),
        configuration,
        services,
        databases,
      }),
    );
    return EXIT.fine;
  }
  say(`Would put dkm ${to.version} in ${join(present.layout.versions, to.folder)}, have current lead to it, and keep what is needed to go back.`);
  if (databases.length > 0) say(`Would copy, while nothing runs: ${databases.join(', ')}`);
  say(
    services.start.length === 0 ? 'Nothing runs, and nothing would be started.' : `Would restart ${services.start.join(', ')} and watch them for ${watch} s.`,
  );
  return EXIT.fine;
}

async function concluded(outcome: ChangeOutcome, present: Present, intention: Intention, settings: NewSettings, options: Options): Promise<number> {
  if (options.json) say(JSON.stringify(outcomeReport(outcome, present, intention, settings)));
  else {
    const lines = await outcomeInWords(outcome, present, intention);
    const hint = hintFor(outcome, present);
    for (const line of lines) (outcome.kind === 'done' ? say : sayAside)(line);
    if (hint !== undefined) sayAside(`Hint: ${hint}`);
  }
  return exitCodeOf(outcome);
}
