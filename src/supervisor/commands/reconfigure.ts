import { statSync } from 'node:fs';
import { join } from 'node:path';
import { installPlan, stepInWords, type Step } from '../../../installer/plan.ts';
import { performStep } from '../../../installer/steps/perform.ts';
import { DkmError, EXIT } from '../../base/errors.ts';
import { readIfPresent } from '../../base/files.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { isSameProcess } from '../../base/process-identity.ts';
import { say } from '../../base/terminal.ts';
import { generatedFiles, type GeneratedFile } from '../../configuration/generated-files.ts';
import { openInstalled, type InstalledBundle } from '../../configuration/installed-bundle.ts';
import type { FileChange } from '../../configuration/merge.ts';
import { applyChanges, changeInWords, configurationChanges } from '../../configuration/written.ts';
import { readGenerated } from '../../contract/generated.ts';
import type { ServiceSpec } from '../../contract/service.ts';
import { parseStatus, type SupervisorStatus } from '../../contract/status.ts';
import { portProblems } from '../../host/ports.ts';
import { servicesOf } from '../services.ts';
import { command } from '../supervisor.ts';
import { tellFaults, tellOutcomes } from './change.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

interface Options {
  dryRun?: boolean;
  restart: boolean;
  json?: boolean;
}

/** What reconfiguring would do, found out before anything is done. */
interface Intention {
  installed: InstalledBundle;
  files: GeneratedFile[];
  changes: FileChange[];
  /** Directories, secrets and links that a changed conf/dkm.toml needs. */
  provisions: Step[];
  specs: ServiceSpec[];
  /** Undefined: no supervisor runs. */
  running: SupervisorStatus | undefined;
}

/**
 * `dkm reconfigure`: generates the configuration from conf/dkm.toml as it is now, merges it with the administrator's
 * edits, and restarts what runs and changed. Returns the exit code.
 */
export async function reconfigure(layout: Layout, options: Options): Promise<number> {
  await takeBackInterruptedChange(layout);
  const lock = await acquireLock(layout.installLock, 'dkm reconfigure');
  try {
    const intention = await intentionOf(layout);
    await refuseTakenPorts(intention);
    const affected = affectedServices(layout, intention);
    if (!options.dryRun) await carryOut(layout, intention);
    if (!options.json) tell(intention, affected, options);
    const faults: string[] = [];
    const outcomes = options.dryRun || !options.restart ? undefined : await restart(layout, intention, affected, faults);
    if (options.json) say(JSON.stringify({ ...reportOf(intention, affected, outcomes), faults }, null, 1));
    else if (outcomes) tellOutcomes(outcomes);
    tellFaults(faults);
    return outcomes?.some(({ ok }) => !ok) ? EXIT.failed : EXIT.fine;
  } finally {
    lock.release();
  }
}

async function intentionOf(layout: Layout): Promise<Intention> {
  const installed = await openInstalled(layout);
  const { bundle, components, settings } = installed;
  refuseLackingRoles(installed, layout);
  const specs = servicesOf(bundle.manifests, settings, layout);
  const promiseSettings = await readIfPresent(layout.promiseSettings);
  const files = generatedFiles({ bundle, components, settings, layout, promiseSettings });
  const changes = await configurationChanges(layout, files);
  const steps = installPlan({ bundle, components, settings, directory: layout.root, promiseSettings });
  const account = parseStatus((await readIfPresent(layout.status)) ?? '');
  const running = account && isSameProcess(account.pid, account.pidStartTime) ? account : undefined;
  return { installed, files, changes, provisions: steps.filter(isProvision), specs, running };
}

/** What only a component's presence calls for; the version in use, its links and its files are the installer's. */
function isProvision({ kind, path }: Step): boolean {
  if (kind === 'link') return path !== 'current' && !path.startsWith('bin/');
  return kind === 'write-secret' || (kind === 'make-directory' && !path.startsWith('versions'));
}

/** A type that has roles for which no provider was chosen: choosing one is the installer's, which also looks for what it needs. */
function refuseLackingRoles({ bundle, components, settings }: InstalledBundle, layout: Layout): void {
  const chosen = Object.entries(settings.install.providers);
  const lacking = chosen.filter(([, name]) => !bundle.manifests.some((manifest) => manifest.name === name)).map(([role, name]) => `${role} = "${name}"`);
  if (lacking.length > 0)
    throw new DkmError('file-invalid', `${layout.settings}: install.providers: this bundle has no component for ${lacking.join(', ')}.`, {
      hint: `It has ${bundle.bundle.components.map(({ name }) => name).join(', ')}.`,
    });
  if (components.length === 0) throw new DkmError('file-invalid', `${layout.settings}: nothing is left to run for the type ${settings.install.type}.`);
}

/** Ports that were not ours before must be free, or the services that move there would fail after everything was changed. */
async function refuseTakenPorts({ specs, running }: Intention): Promise<void> {
  const held = new Set((running?.services ?? []).filter(({ pid }) => pid !== null).flatMap(({ ports }) => ports.map(portKey)));
  const problems = running ? await portProblems(specs.flatMap(({ ports }) => ports).filter((port) => !held.has(portKey(port)))) : [];
  if (problems.length === 0) return;
  const found = problems.map(({ port, protocol, address, title, holder }) => `${port}/${protocol} on ${address} (${title})${holder ? ` by ${holder}` : ''}`);
  throw new DkmError('preflight-refused', `Nothing was changed: these ports are taken or cannot be used: ${found.join(', ')}.`, {
    hint: 'Choose others: dkm config set install.port PORT',
  });
}

function portKey({ address, port }: { address: string; port: number }): string {
  return `${address} ${port}`;
}

/**
 * Services whose files are written anew, or were since they were started (by hand, or by a reconfigure that was
 * interrupted), in their order. Those whose command or limits changed the supervisor itself knows.
 */
function affectedServices(layout: Layout, { files, changes, specs, running }: Pick<Intention, 'files' | 'changes' | 'specs' | 'running'>): string[] {
  const written = new Set(changes.filter(({ kind }) => kind === 'write').map(({ path }) => path));
  const startedAt = new Map((running?.services ?? []).map(({ name, startedAtMs }) => [name, startedAtMs]));
  const isAffected = ({ path, component }: GeneratedFile): boolean => {
    const changedAtMs = statSync(join(layout.root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return written.has(path) || changedAtMs > (startedAt.get(component) ?? Infinity);
  };
  const components = new Set(files.filter(isAffected).map(({ component }) => component));
  return specs.filter(({ name }) => components.has(name)).map(({ name }) => name);
}

async function carryOut(layout: Layout, { installed, files, changes, provisions }: Intention): Promise<void> {
  const context = {
    layout,
    bundle: installed.bundle,
    generated: await readGenerated(layout.generated),
    isInstalled: true,
    signal: new AbortController().signal,
  };
  for (const step of provisions) await performStep(step, context);
  await applyChanges(layout, changes, files);
}

type Outcomes = Awaited<ReturnType<typeof command>>;

/** Restarts what runs and changed, and starts what the installation did not have before; notes what is wrong in definitions of promises. */
async function restart(layout: Layout, { running, specs }: Intention, affected: readonly string[], faults: string[]): Promise<Outcomes> {
  if (!running) return undefined;
  const known = new Set(running.services.map(({ name }) => name));
  const added = specs.filter(({ name, autostart }) => autostart && !known.has(name)).map(({ name }) => name);
  const restarted = await command(layout, 'restart-changed', [...affected], (reply) => {
    if (reply.kind === 'fault') faults.push(reply.message);
  });
  const started = added.length > 0 ? await command(layout, 'start', added, () => undefined) : [];
  return [...(restarted ?? []), ...(started ?? [])];
}

function tell({ changes, provisions, running }: Intention, affected: readonly string[], { dryRun, restart: wanted }: Options): void {
  const lines = changes.flatMap((change) => changeInWords(change) ?? []);
  if (dryRun) for (const step of provisions.filter(({ kind }) => kind !== 'make-directory')) lines.push(`${stepInWords(step)}  (where it is not there)`);
  for (const line of lines.length > 0 ? lines : ['The configuration is up to date.']) say(line);
  if (!running || (wanted && !dryRun)) return;
  if (affected.length > 0) say(`${dryRun ? 'Would restart' : 'Not restarted'}, where they run: ${affected.join(', ')}.`);
}

function reportOf({ changes }: Intention, affected: readonly string[], outcomes: Outcomes): object {
  const told = changes.filter(({ kind }) => kind !== 'unchanged').map(({ kind, path }) => ({ path, change: kind }));
  return { schema: 1, files: told, affected, services: outcomes ?? [] };
}
