import { join } from 'node:path';

/** Every path of an installed directory, written down once. All are absolute when `root` is. */
export interface Layout {
  root: string;
  bin: string;
  conf: string;
  storage: string;
  run: string;
  logs: string;
  versions: string;
  /** Link to the version in use. */
  current: string;
  settings: string;
  secrets: string;
  /** Digests of the generated configuration as it was written, to tell edits apart. */
  generated: string;
  /** The generated configuration itself as it was written, each file by its path in the installed directory. */
  generatedTexts: string;
  status: string;
  /** What came of every promise: src/contract/promise.ts. */
  promisesStatus: string;
  /** Promises of this installation's own: executables, and TOML files of built-in kinds. */
  promises: string;
  /** What is changed of any promise, whoever brought it. */
  promiseSettings: string;
  /** Who is told when a promise breaks. */
  notifySettings: string;
  /** What is yet to be told, and what was. */
  notify: string;
  /** The monitoring tree of SlapOS: results, histories, feeds. */
  monitor: string;
  /** Every login to the console and every action in it: src/console/access/audit.ts. */
  consoleAudit: string;
  supervisorLog: string;
  supervisorLock: string;
  installLog: string;
  installLock: string;
  journal: string;
  /** A change of version that is under way. */
  changeJournal: string;
  /** A restore that is under way. */
  restoreJournal: string;
}

export function layoutOf(root: string): Layout {
  const conf = join(root, 'conf');
  const run = join(root, 'run');
  const logs = join(run, 'logs');
  return {
    root,
    bin: join(root, 'bin'),
    conf,
    storage: join(root, 'storage'),
    run,
    logs,
    versions: join(root, 'versions'),
    current: join(root, 'current'),
    settings: join(conf, 'dkm.toml'),
    secrets: join(conf, 'secrets'),
    generated: join(run, 'generated.json'),
    generatedTexts: join(run, 'generated'),
    status: join(run, 'status.json'),
    promisesStatus: join(run, 'promises.json'),
    promises: join(conf, 'promises.d'),
    promiseSettings: join(conf, 'promises.toml'),
    notifySettings: join(conf, 'notify.toml'),
    notify: join(root, 'storage', 'notify'),
    monitor: join(root, 'storage', 'monitor'),
    consoleAudit: join(logs, 'console-audit.log'),
    supervisorLog: join(logs, 'supervisor.log'),
    supervisorLock: join(run, 'supervisor.lock'),
    installLog: join(run, 'install.log'),
    installLock: join(run, 'install.lock'),
    journal: join(run, 'install.journal'),
    changeJournal: join(run, 'change.journal'),
    restoreJournal: join(run, 'restore.journal'),
  };
}

/**
 * The supervisor's socket, by its name in `run/`. Supervisor and commands bind and connect to it from within that
 * directory: a Unix socket's path may have about 100 bytes only, and a directory's name should not decide whether
 * an installation works.
 */
export const CONTROL_SOCKET = 'dkm.sock';
