import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../src/base/exec.ts';
import { eventually } from '../helpers/wait.ts';

/** supervisord (from PyPI) with as many services as dkm has, to compare with. */
export interface SupervisordPeer {
  pid: number;
  status: () => Promise<unknown>;
  stop: () => Promise<unknown>;
}

const VERSION = '4.3.0';

export async function supervisordPeer(work: string, services: number): Promise<SupervisordPeer> {
  const site = join(work, 'supervisord');
  await runOrThrow('python3', ['-m', 'pip', 'install', '--quiet', '--target', site, `supervisor==${VERSION}`], { timeoutMs: 120_000 });
  const configuration = join(work, 'supervisord.conf');
  const socket = join(work, 'supervisor.sock');
  const pidFile = join(work, 'supervisord.pid');
  const programs = Array.from({ length: services }, (_, index) => `[program:service${index}]\ncommand=/bin/sleep 100000\n`).join('');
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
    async () => ((await call('supervisor.supervisorctl', 'status').catch(() => '')).match(/RUNNING/g)?.length ?? 0) === services,
  );
  return {
    pid: Number(readFileSync(pidFile, 'utf8')),
    status: () => call('supervisor.supervisorctl', 'status'),
    stop: () => call('supervisor.supervisorctl', 'shutdown'),
  };
}
