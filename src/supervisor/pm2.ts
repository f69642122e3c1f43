import type { Pm2God } from 'pm2/lib/God.js';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import { processStartTime } from '../base/process-identity.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { becomeService } from './become-service.ts';
import { serviceEnvironment } from './environment.ts';
import type { RunningProcess } from './process.ts';
import { strayMark } from './strays.ts';

/*
 * The only caller of pm2. pm2's process engine runs inside the supervisor's own process: it spawns services, in a
 * session of their own, and tells when they end. When to start, restart or give up is decided by `states.ts`, so its
 * own restarting is off, and its command line, its RPC daemon and its sockets are not used at all.
 */

/** pm2 puts every plain value of its own record of a process into the process's environment; services need not see them. */
const PM2_VARIABLES =
  'name pm_exec_path exec_interpreter exec_mode autorestart autostart vizion disable_logs pm_cwd pm_out_log_path pm_err_log_path pm_pid_path ' +
  'status pm_uptime created_at pm_id restart_time unstable_restarts unique_id vizion_running NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE';

/** Starts services with pm2. */
export class Pm2Engine {
  readonly #home: string;
  #god: Promise<Pm2God> | undefined;

  /** `home` is a directory of pm2's own; nothing that matters is kept there. */
  constructor(home: string) {
    this.#home = home;
  }

  /** Starts a service's process. Throws `service-failed` when the system cannot start one at all. */
  async launch(spec: ServiceSpec): Promise<RunningProcess> {
    const god = await (this.#god ??= loadPm2(this.#home).catch((error: unknown) => {
      this.#god = undefined; // next time the disk may have room for its file
      throw error;
    }));
    refuseWithoutFiles(spec.name);
    const { promise, resolve, reject } = Promise.withResolvers<RunningProcess>();
    god.prepare(
      {
        name: spec.name,
        pm_exec_path: '/bin/sh',
        // pm2 connects a service's output to itself by pipes. A supervisor that is killed would take its services with it
        // (a Go program dies when it writes to a closed pipe), and one that copies logs is never idle. So the shell that
        // pm2 starts appends the output to the log file and becomes the service.
        args: becomeService(spec, PM2_VARIABLES, getPriority()),
        exec_interpreter: 'none',
        exec_mode: 'fork_mode',
        autorestart: false,
        autostart: true,
        vizion: false,
        disable_logs: true,
        pm_cwd: spec.directory,
        pm_out_log_path: '/dev/null',
        pm_err_log_path: '/dev/null',
        pm_pid_path: join(this.#home, `${spec.name}.pid`),
        env: { ...serviceEnvironment(spec), ...strayMark(spec) },
      },
      (error) => {
        const child = Object.values(god.clusters_db).find((entry) => entry.pm2_env.name === spec.name);
        if (error || !child?.pid) {
          // It would be found under this name, and without a process, whenever the service is started again.
          if (child) Reflect.deleteProperty(god.clusters_db, child.pm2_env.pm_id);
          reject(
            new DkmError('service-failed', `${spec.name} could not be started: ${error ? messageOf(error) : 'the system gave no process'}.`, { cause: error }),
          );
          return;
        }
        const id = child.pm2_env.pm_id;
        const { promise: ended, resolve: end } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
        child.once('exit', (code, signal) => {
          god.deleteProcessId(id, () => end({ code, signal }));
        });
        resolve({ pid: child.pid, startTime: processStartTime(child.pid), ended });
      },
    );
    return promise;
  }
}

/** Pipes to a child, its pid file, and what Node needs to start it. */
const FILES_TO_START = 12;

/** pm2 does not survive that a process cannot be started for want of file descriptors, so that is tried first. */
function refuseWithoutFiles(service: string): void {
  const files: number[] = [];
  try {
    for (let count = 0; count < FILES_TO_START; count += 1) files.push(openSync('/dev/null', 'r'));
  } catch (error) {
    throw new DkmError('service-failed', `${service} could not be started: the supervisor may not open more files (${messageOf(error)}).`, { cause: error });
  } finally {
    for (const file of files) closeSync(file);
  }
}

async function loadPm2(home: string): Promise<Pm2God> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  // Read when pm2's modules are loaded, so they are set before that and loading is put off until here.
  process.env['PM2_HOME'] = home;
  process.env['PM2_DISCRETE_MODE'] = 'true';
  process.env['PM2_LOG_DATE_FORMAT'] = '';
  writeFileSync(join(home, 'module_conf.json'), '{}'); // pm2 complains when it has no configuration of its own
  // pm2 tells every step on the console; the supervisor's log has them already, with their time.
  globalThis.console.log = () => undefined;
  const { default: god } = await import('pm2/lib/God.js');
  god.Worker = { start: () => undefined }; // pm2's own periodic work (memory limits, module updates) is not used
  return god;
}
