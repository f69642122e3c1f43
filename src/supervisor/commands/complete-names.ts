import { EXIT } from '../../base/errors.ts';
import { readIfPresentSync } from '../../base/files.ts';
import { bracketed } from '../../base/host-and-port.ts';
import type { Layout } from '../../base/layout.ts';
import { say } from '../../base/terminal.ts';
import { parseStatus } from '../../contract/status.ts';
import { parsePromisesStatus } from '../../contract/promise.ts';

/*
 * `dkm complete-names KIND BEGINNING`: what a completion asks for while somebody waits. So it reads files that are there
 * already rather than the configuration, as `dkm status` does, and loads little.
 */

/** Nobody waits longer for names. */
const TIMEOUT_MS = 2_000;
const MOST_NAMES = 500;

/** Prints a name on each line. What goes wrong is nothing to complete: a message would end up in what is being typed. */
export async function completeNames(layout: () => Layout, kind: string, beginning: string): Promise<number> {
  try {
    for (const name of await namesOf(layout(), kind, beginning)) if (isPlain(name)) say(name);
    return EXIT.fine;
  } catch {
    return EXIT.failed;
  }
}

/** A shell reads what is printed line by line, and bash and zsh words of it. */
function isPlain(name: string): boolean {
  return !/[\s\p{Cc}'"\\$`]/u.test(name);
}

async function namesOf(layout: Layout, kind: string, beginning: string): Promise<string[]> {
  switch (kind) {
    case 'service':
      return serviceNames(layout);
    case 'service-or-supervisor':
      return [...(await serviceNames(layout)), 'supervisor'];
    case 'promise':
      return promiseIds(layout);
    case 'metric':
      return metricNames(layout, beginning);
    default:
      return [];
  }
}

async function serviceNames(layout: Layout): Promise<string[]> {
  const written = parseStatus(readIfPresentSync(layout.status) ?? '')?.services;
  return (written ?? (await (await import('../installation.ts')).configuredServices(layout))).map(({ name }) => name);
}

async function promiseIds(layout: Layout): Promise<string[]> {
  const written = parsePromisesStatus(readIfPresentSync(layout.promisesStatus) ?? '')?.promises;
  if (written !== undefined) return written.map(({ id }) => id);
  const { readPromises } = await import('../../promises/definitions/read-promises.ts');
  return (await readPromises(layout)).promises.map(({ id }) => id);
}

/** One level of names: metrics, and folders with a dot at the end. */
async function metricNames(layout: Layout, beginning: string): Promise<string[]> {
  const { queryServiceAt } = await import('../../terminal/query.ts');
  const nodes = await queryServiceAt(await queryAddress(layout), '', { timeoutMs: TIMEOUT_MS }).find(`${beginning}*`);
  return nodes.slice(0, MOST_NAMES).flatMap(({ path, isMetric, isFolder }) => [...(isMetric ? [path] : []), ...(isFolder ? [`${path}.`] : [])]);
}

/** A query service of this installation says itself where it listens, without any configuration being read. */
async function queryAddress(layout: Layout): Promise<string> {
  const port = parseStatus(readIfPresentSync(layout.status) ?? '')
    ?.services.find(({ role }) => role === 'query')
    ?.ports.find(({ name }) => name === 'query');
  if (port !== undefined) return `http://${urlHost(port.address)}:${port.port}`;
  const { readSettings } = await import('../../contract/settings.ts');
  const { queryService } = await import('../../terminal/own-query.ts');
  return queryService(await readSettings(layout.settings), layout).url;
}

function urlHost(address: string): string {
  if (address === '0.0.0.0' || address === '') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return bracketed(address);
}
