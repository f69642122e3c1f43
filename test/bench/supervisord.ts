import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../src/base/exec.ts';
import { eventually } from '../helpers/wait.ts';

/** supervisord (from PyPI) with services of its own, to compare with. */
export interface SupervisordPeer {
  pid: number;
  status: () => Promise<unknown>;
  stop: () => Promise<unknown>;
}

const VERSION = '4.3.0';

/** Starts supervisord with these commands, each restarted when it ends. */
export async function supervisordPeer(work: string, commands: readonly string[]): Promise<SupervisordPeer> {
  const site = join(work, 'supervisord');
  await runOrThrow('python3', ['-m', 'pip', 'install', '--quiet', '--target', site, `supervisor==${VERSION}`], { timeoutMs: 120_000 });
  const configuration = join(work, 'supervisord.conf');
  const socket = join(work, 'supervisor.sock');
  const pidFile = join(work, 'supervisord.pid');
  const programs = commands.map((command, index) => `[program:service${index}]\ncommand=${command}\nautorestart=true\n`).join('');
  writeFileSync(
    configuration,
    `[unix_http_server]\nfile=${socket}\n[supervisord]\nlogfile=${work}/supervisord.log\npidfile=${pidFile}\nchildlogdir=${work}\n` +
      `[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n[supervisorctl]\nserverurl=unix://${socket}\n${programs}`,
  );
  const env = { ...process.env, PYTHONPATH: site };
  const call = (module: string, ...args: string[]): Promise<string> =>
    runOrThrow('python3', ['-m', module, '-c', configuration, ...args], { env, timeoutMs: 30_000 });
  await call('supervisor.supervisord');
  await eventually('supervisord runs', () => existsSync(socket) && existsSync(pidFile));
  await eventually(
    'its services run',
    async () => ((await call('supervisor.supervisorctl', 'status').catch(() => '')).match(/RUNNING/g)?.length ?? 0) === commands.length,
  );
  return {
    pid: Number(readFileSync(pidFile, 'utf8')),
    status: () => call('supervisor.supervisorctl', 'status'),
    stop: () => call('supervisor.supervisorctl', 'shutdown'),
  };
}
