import { join } from 'node:path';
import { lastLines, type Finished } from '../../src/base/exec.ts';
import { messageOf } from '../../src/base/errors.ts';
import { movableClock } from './clock.ts';
import { inflict, type Inflicted } from './inflict.ts';
import { checkAlways, checkSettled, checkStopped, faultWithin, hold, Violation, type Checked } from './invariants.ts';
import { faultSequence, SERVICES, type Fault, type FaultKind, type ServiceName } from './sequence.ts';
import { Site } from './site.ts';

/** What is the same for all sequences of a run. */
export interface Bench {
  /** dkm, as Node runs it. */
  program: string;
  /** Where installations are made. */
  folder: string;
  /** Faults that this machine does not allow, and why. */
  notAllowed: Partial<Record<FaultKind, string>>;
}

/** What came of one sequence. */
export interface SequenceResult {
  index: number;
  inflicted: Fault[];
  leftOut: Fault[];
  checked: Checked;
  /** What did not hold, after which fault, and what the supervisor said last; undefined when all is well. */
  violation?: { invariant: string; message: string; after: Fault | 'start'; supervisorLog: string };
}

const ALL: ReadonlySet<ServiceName> = new Set(SERVICES);

/** Carries out sequence `index` of `seed` on an installation of its own, and takes it away again. */
export async function runSequence(bench: Bench, seed: number, index: number): Promise<SequenceResult> {
  const faults = faultSequence(seed, index);
  const allowed = faults.filter(({ kind }) => bench.notAllowed[kind] === undefined);
  const result: SequenceResult = { index, inflicted: [], leftOut: faults.filter((fault) => !allowed.includes(fault)), checked: {} };
  const has = (kind: FaultKind): boolean => allowed.some((fault) => fault.kind === kind);
  const root = join(bench.folder, `s${index}`);
  const site = await Site.make({
    program: bench.program,
    root,
    hasOwnDisk: has('fill-disk'),
    clock: has('move-clock') ? movableClock(`${root}.clock`) : undefined,
  });
  let after: Fault | 'start' = 'start';
  try {
    const course = new Course(site, result.checked);
    await course.begin();
    for (const fault of allowed) {
      after = fault;
      await course.take(fault);
      result.inflicted.push(fault);
    }
    await course.end();
  } catch (error) {
    const invariant = error instanceof Violation ? error.invariant : 'the sequence could be carried out';
    result.violation = { invariant, message: messageOf(error), after, supervisorLog: lastLines(site.supervisorLog(), 40) };
  } finally {
    await site.remove();
  }
  return result;
}

/** One sequence under way: the site, and which services should run. */
class Course {
  readonly #site: Site;
  readonly #checked: Checked;
  #wanted: ReadonlySet<ServiceName> = new Set();

  constructor(site: Site, checked: Checked) {
    this.#site = site;
    this.#checked = checked;
  }

  async begin(): Promise<void> {
    await this.#startAll();
    await checkSettled(this.#site, this.#wanted, this.#checked);
  }

  async take(fault: Fault): Promise<void> {
    if (this.#wanted.size < ALL.size && fault.kind !== 'command') await this.#startAll();
    const inflicted = await inflict(this.#site, fault);
    for (const { command, result } of inflicted.finished) this.#checkCommand(command, result);
    await checkAlways(this.#site, this.#checked);
    await this.#settle(fault, inflicted);
  }

  async end(): Promise<void> {
    const stopped = await this.#site.dkm(['stop']);
    hold(this.#checked, 'dkm stop succeeds', stopped.code === 0 ? undefined : told(['stop'], stopped));
    await checkStopped(this.#site, this.#checked);
    const status = await this.#site.dkm(['status']);
    hold(this.#checked, 'dkm status says that nothing runs', status.code === 3 ? undefined : told(['status'], status));
  }

  /** Waits until all is as it should be; what a single command said counts, what several said at once does not. */
  async #settle(fault: Fault, { isUnsure, finished }: Inflicted): Promise<void> {
    if (isUnsure) await this.#startAll();
    else if (fault.kind === 'command') this.#wanted = wantedAfter(this.#wanted, fault.command);
    else if (finished.length > 0) this.#wanted = ALL;
    if (this.#wanted.size === 0) return checkStoppedOrIdle(this.#site, this.#checked);
    // One that failed too often in a row is parked until somebody starts it.
    if ((await faultWithin(12_000, () => this.#parked())) !== undefined) await this.#startAll(this.#wanted);
    await checkSettled(this.#site, this.#wanted, this.#checked);
  }

  /** Undefined once everything wanted runs; otherwise what does not. */
  #parked(): string | undefined {
    const services = this.#site.status()?.services ?? [];
    const parked = services.filter(({ name, state }) => this.#wanted.has(name as ServiceName) && state !== 'RUNNING');
    return parked.length === 0 ? undefined : parked.map(({ name, state }) => `${name} ${state}`).join(', ');
  }

  /** As an administrator would: again, if something was still in the way. */
  async #startAll(wanted: ReadonlySet<ServiceName> = ALL): Promise<void> {
    const command = wanted.size === ALL.size ? ['start'] : ['start', ...wanted];
    let last: Finished | undefined;
    const fault = await faultWithin(30_000, async () => {
      last = await this.#site.dkm(command);
      this.#checkCommand(command, last);
      return last.code === 0 ? undefined : told(command, last);
    });
    hold(this.#checked, 'dkm start succeeds once the fault is lifted', fault);
    this.#wanted = wanted;
  }

  #checkCommand(command: string[], result: Finished): void {
    const isDocumented = [0, 1, 3].includes(result.code ?? -1);
    hold(this.#checked, 'a command ends with a documented exit code', isDocumented ? undefined : told(command, result));
  }
}

async function checkStoppedOrIdle(site: Site, checked: Checked): Promise<void> {
  const fault = await faultWithin(15_000, () => {
    const running = [...site.look().services.values()].flat();
    return running.length === 0 ? undefined : `still there: ${running.map(({ pid }) => pid).join(', ')}`;
  });
  hold(checked, 'what is stopped stays stopped', fault);
}

/** Which services should run after a command that came alone. */
function wantedAfter(wanted: ReadonlySet<ServiceName>, [operation, name]: readonly string[]): ReadonlySet<ServiceName> {
  const named = SERVICES.filter((service) => name === undefined || service === name);
  if (operation === 'start' || operation === 'restart') return new Set([...wanted, ...named]);
  if (operation === 'stop') return new Set([...wanted].filter((service) => !named.includes(service)));
  return wanted;
}

function told(command: readonly string[], { code, stdout, stderr }: Finished): string {
  return `dkm ${command.join(' ')} ended with exit code ${code}:\n${stdout}${stderr}`;
}
