import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished } from '../../src/base/exec.ts';
import { layoutOf, type Layout } from '../../src/base/layout.ts';
import { formatSettings } from '../../src/contract/settings.ts';
import { parseStatus, type SupervisorStatus } from '../../src/contract/status.ts';
import { portBlock } from './ports.ts';
import { lookAgain, processesBelow, type SeenProcess } from './processes.ts';
import { SERVICES, type ServiceName } from './sequence.ts';
import { diskFor, type Disk } from './disk.ts';
import type { Clock } from './clock.ts';

const SERVICE_PROGRAM = join(import.meta.dirname, 'service.pl');
const COMMAND_WITHIN_MS = 60_000;
/** A site's own disk has 3 MiB, of which the usual thresholds would leave nothing. */
const SMALL_DISK = '\n[disk]\nwarn_free_mib = 0.5\nstop_free_mib = 0.25\n';

/** What a site is made of and where. */
export interface SiteOptions {
  /** dkm, as Node runs it. */
  program: string;
  /** A directory that does not exist. */
  root: string;
  /** A small disk of its own, so that it can be filled. */
  hasOwnDisk: boolean;
  clock: Clock | undefined;
}

/** What /proc shows of a site. */
export interface Seen {
  supervisors: SeenProcess[];
  /** Processes that run a service, by name; the shell that is about to become one counts. */
  services: Map<string, SeenProcess[]>;
  /** dkm commands under way. */
  commands: SeenProcess[];
  /** Everything else: the services' children. */
  others: SeenProcess[];
}

/** An installation that is meant to be damaged: three services that start in milliseconds, supervised by a real dkm. */
export class Site {
  readonly layout: Layout;
  readonly port: number;
  readonly disk: Disk | undefined;
  readonly clock: Clock | undefined;
  readonly #program: string;
  /** Where the services leave their marks: not on the disk that is filled. */
  readonly #marks: string;
  readonly #base: string;

  private constructor(options: SiteOptions, port: number, disk: Disk | undefined) {
    this.#base = options.root;
    this.layout = layoutOf(join(options.root, 'install'));
    this.#marks = join(options.root, 'marks');
    this.#program = options.program;
    this.clock = options.clock;
    this.port = port;
    this.disk = disk;
  }

  /** Makes an installation; nothing runs yet. */
  static async make(options: SiteOptions): Promise<Site> {
    mkdirSync(join(options.root, 'install'), { recursive: true });
    mkdirSync(join(options.root, 'marks'));
    const disk = options.hasOwnDisk ? await diskFor(join(options.root, 'install')) : undefined;
    const site = new Site(options, await portBlock(), disk);
    site.#writeInstallation();
    return site;
  }

  #writeInstallation(): void {
    const { layout } = this;
    const manifests = join(layout.current, 'vendor-manifests');
    for (const directory of [layout.conf, layout.logs, layout.storage, manifests]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const listens = (port: string): string => `[[ports]]\nname = "${port}"\nlisten = "loopback"\ntitle = "answers"\n`;
    const asked = (port: string): string => `ready = { kind = "http", url = "http://127.0.0.1:{{port.${port}}}/" }\n`;
    const texts: Record<ServiceName, string> = {
      store: this.#manifest('store', 'store', '{{port.carbon}}', listens('carbon'), `${asked('carbon')}reload_signal = "SIGHUP"\nreopen = "SIGUSR1"`),
      web: this.#manifest('web', 'dashboards', '{{port.dashboards}}', listens('dashboards'), `${asked('dashboards')}after = ["store"]`),
      agent: this.#manifest('agent', 'collector', '0', '', `ready = { kind = "file", path = ${JSON.stringify(this.mark('agent.alive'))} }`),
    };
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(manifests, `${name}.toml`), text);
    const loopback = { dashboards: '127.0.0.1', carbon: '127.0.0.1', query: '127.0.0.1' };
    const providers = { store: 'store', dashboards: 'web', collector: 'agent' };
    const install = { type: 'all' as const, port: this.port, hostname: 'host.example.org', listen: loopback, providers };
    writeFileSync(layout.settings, `${formatSettings({ install, services: {} })}${SMALL_DISK}`);
  }

  #manifest(name: ServiceName, role: string, port: string, ports: string, service: string): string {
    const command = ['/usr/bin/perl', SERVICE_PROGRAM, name, port, this.#marks];
    return `name = "${name}"
title = "A ${name} for fault sequences"
description = "Is damaged."
homepage = "https://example.org"
version = "1.0"
licence = "Apache-2.0"
role = "${role}"
preference = 1
[[sources]]
kind = "built-in"
${ports}
[service]
command = ${JSON.stringify(command)}
health = { interval_s = 0.3, timeout_s = 0.5, failures = 2 }
stop = { timeout_s = 1 }
start_timeout_s = 8
${service}
`;
  }

  /** A file by which a service tells or is told something. */
  mark(name: string): string {
    return join(this.#marks, name);
  }

  portOf(service: 'store' | 'web'): number {
    return service === 'web' ? this.port : this.port + 1;
  }

  /** Runs a dkm command to its end, or until `signal` kills it. */
  async dkm(args: readonly string[], signal?: AbortSignal): Promise<Finished> {
    const words = [this.#program, 'dkm', '--directory', this.layout.root, ...args];
    const env = { ...process.env, ...this.clock?.environment };
    return run(process.execPath, words, { timeoutMs: COMMAND_WITHIN_MS, env, ...(signal && { signal }) });
  }

  look(): Seen {
    lookAgain();
    const seen: Seen = { supervisors: [], services: new Map(SERVICES.map((name) => [name, []])), commands: [], others: [] };
    for (const process of processesBelow(this.#base)) {
      const service = process.words[process.words.indexOf(SERVICE_PROGRAM) + 1];
      if (process.words.includes(SERVICE_PROGRAM) && process.pid === process.group) seen.services.get(service ?? '')?.push(process);
      else if (process.words.includes('supervise')) seen.supervisors.push(process);
      else if (process.words.includes('--directory')) seen.commands.push(process);
      else seen.others.push(process);
    }
    return seen;
  }

  /** The process that runs a service, as /proc shows it. */
  processOf(service: ServiceName): SeenProcess | undefined {
    return this.look().services.get(service)?.[0];
  }

  /** status.json as it is; undefined when it is not there or not readable as one. */
  status(): SupervisorStatus | undefined {
    try {
      return parseStatus(readFileSync(this.layout.status, 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** What services noted that found another process of theirs when they started. */
  doubles(): string {
    return existsSync(this.mark('doubles')) ? readFileSync(this.mark('doubles'), 'utf8') : '';
  }

  supervisorLog(): string {
    return existsSync(this.layout.supervisorLog) ? readFileSync(this.layout.supervisorLog, 'utf8') : '';
  }

  /** Ends what is left of it, and takes it away. */
  async remove(): Promise<void> {
    lookAgain();
    for (const { pid } of processesBelow(this.#base)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended by itself
      }
    }
    await this.disk?.remove();
    rmSync(this.#base, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
