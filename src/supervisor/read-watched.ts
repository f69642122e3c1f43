import { messageOf } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import type { WatchTold } from './promise-watch.ts';

/** What an installation's files say of promises, and what is wrong in them. */
export interface Watched {
  told: WatchTold;
  /** `file: what is wrong`, one each. */
  faults: string[];
}

/**
 * Reads promises, who is told of them, how the installation shows itself, and where its own metrics go. Never throws, as services are to be started
 * whatever is wrong here: what is right is told, and what cannot be read at all stays as it was.
 */
export async function readWatched(layout: Layout): Promise<Watched> {
  const parts = await Promise.all([part(() => promisesOf(layout)), part(() => monitorOf(layout)), part(() => notifyOf(layout)), part(() => reportOf(layout))]);
  return { told: Object.assign({}, ...parts.map(({ told }) => told)) as WatchTold, faults: parts.flatMap(({ faults }) => faults) };
}

async function part(read: () => Promise<Watched>): Promise<Watched> {
  try {
    return await read();
  } catch (error) {
    return { told: {}, faults: [messageOf(error)] };
  }
}

async function promisesOf(layout: Layout): Promise<Watched> {
  const { readPromises } = await import('../promises/definitions/read-promises.ts');
  const { promises, faults } = await readPromises(layout);
  return { told: { promises }, faults: faults.map(({ file, message }) => `${file}: ${message}`) };
}

async function monitorOf(layout: Layout): Promise<Watched> {
  const [{ readSettings }, { monitorSpec }] = await Promise.all([import('../contract/settings.ts'), import('../monitor/spec.ts')]);
  return { told: { monitor: monitorSpec(await readSettings(layout.settings), layout) }, faults: [] };
}

async function notifyOf(layout: Layout): Promise<Watched> {
  const { readNotify } = await import('../notify/definitions/read-notify.ts');
  const { spec, faults } = await readNotify(layout);
  return { told: spec ? { notify: spec } : {}, faults };
}

async function reportOf(layout: Layout): Promise<Watched> {
  const [{ readSettings }, { templateContext }] = await Promise.all([import('../contract/settings.ts'), import('../manifest/context.ts')]);
  const { connect, host } = templateContext('dkm', await readSettings(layout.settings), layout);
  return { told: { report: { ...connect.carbon, prefix: `dkm.${host.reversed}` } }, faults: [] };
}
