/** The part of pm2 that dkm uses: the process engine ("God") of its daemon. pm2 ships no types for it. */
declare module 'pm2/lib/God.js' {
  /** A Node child process, with what pm2 adds. */
  interface Pm2Process {
    pid?: number;
    once(event: 'exit', listener: (code: number | null, signal: string | null) => void): void;
    pm2_env: { pm_id: number; name: string };
  }

  interface Pm2App {
    name: string;
    pm_exec_path: string;
    args: string[];
    exec_interpreter: 'none';
    exec_mode: 'fork_mode';
    autorestart: false;
    autostart: true;
    vizion: false;
    disable_logs: true;
    pm_cwd: string;
    pm_out_log_path: string;
    pm_err_log_path: string;
    pm_pid_path: string;
    env: Record<string, string>;
  }

  export interface Pm2God {
    clusters_db: Record<number, Pm2Process>;
    Worker: { start(): void };
    prepare(app: Pm2App, done: (error: Error | null, processes?: Pm2Process[]) => void): void;
    deleteProcessId(id: number, done: (error: Error | null) => void): void;
  }
  const God: Pm2God;
  export default God;
}
