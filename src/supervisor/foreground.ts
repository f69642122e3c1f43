import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DkmError, EXIT, messageOf } from '../base/errors.ts';
import { replaceBy, run } from '../base/exec.ts';
import { makeDirectory, readIfPresent } from '../base/files.ts';
import { layoutOf, type Layout } from '../base/layout.ts';
import { isLocked } from '../base/lock.ts';
import { isExecutable, selfCommand } from '../base/self.ts';
import { parseStatus, type ServiceStatus } from '../contract/status.ts';
import { askSupervisor, isListening } from './control.ts';
import { log, runSupervisor } from './daemon.ts';
import { startRequestFile } from './start-request.ts';
import { enterRun, SUPERVISOR_NODE_OPTIONS } from './supervisor.ts';
import { tellSystemd, watchdogPauseMs } from './systemd-notify.ts';

/*
 * `dkm start --foreground`: the supervisor as the process that systemd, launchd, a container or a terminal runs.
 */

const TRIES = 3;
const CHANGE_POLL_MS = 200;
/** How long another one may take to end after its services have, and how often that is looked at. */
const ENDED_WITHIN_MS = 30_000;
const END_POLL_MS = 50;

/** Becomes the supervisor of an installation, in this very process: whoever started us watches the supervisor itself. */
export function becomeSupervisor(layout: Layout): never {
  const [command, ...args] = selfCommand();
  const env = { ...process.env, ...(isExecutable() && { NODE_OPTIONS: SUPERVISOR_NODE_OPTIONS }) };
  return replaceBy(command, [...args, 'supervise', layout.root, '--foreground'], env);
}

/** Runs the supervisor and starts the services; returns the exit code when it was told to end. */
export async function runInForeground(root: string): Promise<number> {
  const layout = layoutOf(root);
  await makeDirectory(layout.logs);
  await makeDirectory(join(layout.run, 'tmp')); // the unit's TMPDIR
  offerStart(layout);
  enterRun(layout);
  let exitCode: number = EXIT.fine;
  let watchdog: NodeJS.Timeout | undefined;
  const onListening = (): void => {
    watchdog = watchForSystemd();
    void startServices(layout).then(
      (code) => (exitCode = code),
      (error: unknown) => log(`the services could not be started: ${messageOf(error)}`),
    );
  };
  for (let tries = 0; tries < TRIES; tries += 1) {
    await endOther(layout);
    const ran = await runSupervisor(root, { logFile: layout.supervisorLog, onListening });
    clearInterval(watchdog);
    if (ran) return exitCode;
  }
  throw new DkmError('supervisor-unreachable', 'Another supervisor was started each time the one before it had ended.', {
    hint: 'Is "dkm start" being run meanwhile?',
  });
}

/** Where systemd started us and watches for requests, says so to later commands. */
function offerStart(layout: Layout): void {
  const watchingUnit = process.env['DKM_WATCHING_UNIT'];
  if (watchingUnit !== undefined) writeFileSync(startRequestFile(layout), `${watchingUnit}\n`, { mode: 0o600 });
}

/** One that was started by hand ends, with its services: they are to run below what runs us, with its limits. */
async function endOther(layout: Layout): Promise<void> {
  if (await isListening()) {
    log('a supervisor that was started by hand is told to end, as this one takes its place');
    await askSupervisor({ operation: 'shutdown', services: [], specs: [] }, () => undefined);
  }
  // When it has answered it still writes down what it knows of promises, and holds its lock meanwhile.
  const deadline = performance.now() + ENDED_WITHIN_MS;
  while (isLocked(layout.supervisorLock) && performance.now() < deadline) await pause(END_POLL_MS);
}

/** Starts all services as `dkm start` does; the exit code this supervisor is to have in the end. */
async function startServices(layout: Layout): Promise<number> {
  const isStarted = (await startedByChange(layout)) || (await startedByUs(layout));
  const services = await ownServices(layout);
  const ready = services.filter(({ state }) => state === 'RUNNING').length;
  if (!isStarted && services.length === 0) {
    // Without a service to run, as with a faulty conf/dkm.toml, there is nothing to supervise.
    process.kill(process.pid, 'SIGTERM');
    return EXIT.failed;
  }
  // A service that fails is no failure of the supervisor, which goes on trying.
  await tellSystemd(['READY=1', `STATUS=${ready} of ${services.length} services were ready after the start`], log);
  return EXIT.fine;
}

/**
 * An update or a restore that is under way had systemd start us, and tells us itself what to start; a `dkm start` of ours
 * would be refused until it is over. False when there is none, or when it ended without wanting anything.
 */
async function startedByChange(layout: Layout): Promise<boolean> {
  const isUnderWay = (): boolean => [layout.changeJournal, layout.restoreJournal].some(existsSync) && isLocked(layout.installLock);
  while (isUnderWay()) {
    if ((await ownServices(layout)).length > 0) return true;
    await pause(CHANGE_POLL_MS);
  }
  return false;
}

async function startedByUs(layout: Layout): Promise<boolean> {
  const [command, ...args] = selfCommand();
  const { NODE_OPTIONS: _ofSupervisor, ...env } = process.env;
  const started = await run(command, [...args, 'dkm', '--directory', layout.root, 'start'], { env, onOutput: logLines }).catch((error: unknown) => {
    log(messageOf(error));
    return undefined;
  });
  return started?.code === EXIT.fine;
}

/** This supervisor's services; before the first of them status.json is still that of the supervisor before us. */
async function ownServices(layout: Layout): Promise<ServiceStatus[]> {
  const account = parseStatus((await readIfPresent(layout.status)) ?? '');
  return account?.pid === process.pid ? account.services : [];
}

function logLines(text: string): void {
  for (const line of text.split('\n')) if (line !== '') log(line);
}

/** Tells systemd's watchdog that commands reach us, for as long as they do. */
function watchForSystemd(): NodeJS.Timeout | undefined {
  const pauseMs = watchdogPauseMs(process.env);
  if (pauseMs === undefined) return undefined;
  const tell = async (): Promise<void> => {
    if (await isListening()) await tellSystemd(['WATCHDOG=1'], log);
  };
  return setInterval(() => void tell().catch((error: unknown) => log(messageOf(error))), pauseMs);
}
