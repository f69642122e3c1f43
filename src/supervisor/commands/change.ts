import { EXIT, messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, hasColour, say, sayAside } from '../../base/terminal.ts';
import type { ControlOperation, ControlReply, ServiceOutcome } from '../control.ts';
import { command } from '../supervisor.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

/** `dkm start|stop|restart|reload|reopenlogs`: has the supervisor do it, tells what happens, and returns the exit code. */
export async function change(layout: Layout, operation: ControlOperation, services: string[], options: { json?: boolean }): Promise<number> {
  await takeBackInterruptedChange(layout, { start: operation !== 'stop' && operation !== 'shutdown' });
  const progress = new Progress(options.json !== true);
  const unapplied = ['start', 'restart', 'reload'].includes(operation) ? unappliedNote(layout) : Promise.resolve('');
  const faults: string[] = [];
  const outcomes = await command(layout, operation, services, (reply) => {
    if (reply.kind === 'fault') faults.push(reply.message);
    else progress.show(reply);
  });
  progress.clear();
  if (options.json) say(JSON.stringify({ schema: 1, supervisor: outcomes !== undefined, services: outcomes ?? [], faults }, null, 1));
  else if (!outcomes) say('Nothing is running.');
  else tellOutcomes(outcomes);
  tellFaults(faults);
  const note = await unapplied;
  if (note !== '') sayAside(note);
  // Who asked to have files read wants to know that they were; services are started whatever is wrong with promises.
  const isFailed = outcomes?.some((outcome) => !outcome.ok) || (operation === 'reload' && faults.length > 0);
  return isFailed ? EXIT.failed : EXIT.fine;
}

/** Prints what is wrong in what is said about promises, which keeps nothing else from being done. */
export function tellFaults(faults: readonly string[]): void {
  for (const fault of faults) sayAside(`${coloured('Warning:', 'yellow', hasColour(process.stderr))} ${fault}`);
  if (faults.length > 0) sayAside('Hint: correct this, then "dkm reload"; everything else is in force.');
}

const LOOK_AT_METRICS_MS = 200;

/** A sentence about retentions that were changed and that stored metrics do not follow; what is wrong with the rules themselves is the store's to tell. */
async function unappliedNote(layout: Layout): Promise<string> {
  const { unappliedRetention } = await import('../../retention/unapplied.ts');
  const unapplied = await unappliedRetention(layout, { withinMs: LOOK_AT_METRICS_MS }).catch((error: unknown) => ({ message: messageOf(error) }));
  return unapplied === undefined || unapplied.message === '' ? '' : `Note: ${unapplied.message}.`;
}

/** Prints what became of each service, with the ends of the logs of those that failed. */
export function tellOutcomes(outcomes: readonly ServiceOutcome[]): void {
  const width = Math.max(0, ...outcomes.map((outcome) => outcome.service.length));
  for (const { service, ok, message } of outcomes) say(`${service.padEnd(width)}  ${coloured(message.split('\n')[0] ?? '', ok ? 'green' : 'red')}`);
  for (const { service, ok, message } of outcomes) if (!ok) tellRest(service, message);
  const failed = outcomes.filter((outcome) => !outcome.ok && outcome.logTail !== '');
  for (const { service, logTail } of failed) {
    sayAside(`\nThe last lines of ${service}'s log:`);
    sayAside(
      logTail
        .split('\n')
        .map((line) => `  ${line}`)
        .join('\n'),
    );
  }
  if (failed.length > 0) sayAside(`\nHint: see "dkm logs ${failed[0]?.service ?? ''}"; the supervisor goes on trying.`);
}

/** What a program printed, below the cause that was read from it; a single line was told as the cause. */
function tellRest(service: string, message: string): void {
  const [, ...printed] = message.split('\n');
  if (printed.length > 1) sayAside([`\nAll that is wrong with ${service}:`, ...printed.map((line) => `  ${line}`)].join('\n'));
}

/** One line on a terminal that says what is being waited for. */
class Progress {
  readonly #isShown: boolean;
  readonly #waiting = new Map<string, string>();

  constructor(isWanted: boolean) {
    this.#isShown = isWanted && process.stderr.isTTY === true;
  }

  show(reply: ControlReply): void {
    if (!this.#isShown || reply.kind !== 'state') return;
    if (reply.state === 'STARTING' || reply.state === 'STOPPING') this.#waiting.set(reply.service, reply.state.toLowerCase());
    else this.#waiting.delete(reply.service);
    const text = [...this.#waiting].map(([service, state]) => `${service} ${state}`).join(', ');
    const line = text.slice(0, (process.stderr.columns || 80) - 1);
    process.stderr.write(`\r\u001b[K${coloured(line, 'grey', hasColour(process.stderr))}`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
  }
}
