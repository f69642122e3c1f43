import { join } from 'node:path';
import type { Layout } from '../base/layout.ts';
import { DataFile } from './data-file.ts';
import { toLocalDate } from './dates.ts';
import { ResourceWatch, type TotalUse } from './resources.ts';
import { monitorTree } from './tree.ts';
import { replaceFile, toAsciiJson } from './write.ts';

/** Twelve hours of minutes; with the original, which keeps all, the charts become slow to load after some weeks. */
const MINUTES_KEPT = 720;

/** The documents on what dkm's own processes use, as monitor.collect of slapos.toolbox writes them to private/documents. */
export class ResourceDocuments {
  readonly #watch: ResourceWatch;
  readonly #documents: string;
  readonly #processes: DataFile;
  readonly #memory: DataFile;
  readonly #io: DataFile;

  constructor(layout: Layout) {
    const { documents } = monitorTree(layout);
    const dataFile = (name: string, heading: string): DataFile => new DataFile(join(documents, `${name}.data.json`), heading, MINUTES_KEPT);
    this.#watch = new ResourceWatch(layout);
    this.#documents = documents;
    this.#processes = dataFile('monitor_resource_process', 'date, total process, CPU percent, CPU time, CPU threads');
    this.#memory = dataFile('monitor_resource_memory', 'date, memory used percent, memory used');
    this.#io = dataFile('monitor_resource_io', 'date, io rw counter, io cycles counter, disk used');
  }

  /** Measures once and adds to each document. Where the system tells nothing, they are made and stay empty. */
  async write(nowMs: number): Promise<void> {
    const found = await this.#watch.look(nowMs);
    const date = toLocalDate(nowMs);
    const line = (...keys: (keyof TotalUse)[]): string | undefined => found && [date, ...keys.map((key) => found.total[key])].join(', ');
    await this.#processes.append(nowMs, line('total_process', 'cpu_percent', 'cpu_time', 'cpu_num_threads'));
    await this.#memory.append(nowMs, line('memory_percent', 'memory_rss'));
    await this.#io.append(nowMs, line('io_rw_counter', 'io_cycles_counter', 'disk_used'));
    await replaceFile(join(this.#documents, 'monitor_process_resource.status.json'), toAsciiJson(found?.processes ?? []));
    await replaceFile(join(this.#documents, 'monitor_resource.status.json'), toAsciiJson({ ...(found?.total ?? NOTHING), date: found ? date : '' }));
  }
}

const NOTHING: TotalUse = {
  total_process: 0,
  cpu_percent: 0,
  cpu_time: 0,
  cpu_num_threads: 0,
  memory_percent: 0,
  memory_rss: 0,
  io_rw_counter: 0,
  io_cycles_counter: 0,
  disk_used: 0,
};
