import type { Role } from './install-type.ts';

/*
 * What the supervisor needs to run a service: a manifest's [service] with every template filled in. Made by
 * `src/supervisor/services.ts` in the dkm command that needs it and handed to the supervisor over its socket, so
 * that the supervisor itself reads no configuration. Times are in milliseconds.
 */

export type Probe =
  | { kind: 'tcp'; host: string; port: number }
  | { kind: 'http'; url: string; status: number; contains?: string }
  | { kind: 'file'; path: string; maxAgeMs?: number };

export interface ServicePort {
  name: string;
  title: string;
  address: string;
  port: number;
  protocols: ('tcp' | 'udp')[];
}

export interface ServiceSpec {
  name: string;
  title: string;
  version: string;
  role: Role;
  /** Program (absolute path) and its arguments. */
  command: string[];
  beforeStart: string[][];
  environment: Record<string, string>;
  directory: string;
  /** Names of the services that must be ready first. */
  after: string[];
  ready: Probe;
  health: { probe: Probe; intervalMs: number; timeoutMs: number; failures: number };
  startTimeoutMs: number;
  stop: { signal: NodeJS.Signals; timeoutMs: number };
  reloadSignal?: NodeJS.Signals;
  reopen: NodeJS.Signals | 'self' | 'restart';
  /** `on-failure`: an exit with code 0 is final. */
  restart: 'always' | 'on-failure';
  ports: ServicePort[];
  /** What the service prints is appended here. */
  outputFile: string;
  /** Every log file of the service, `outputFile` among them. */
  logFiles: string[];
  autostart: boolean;
}
