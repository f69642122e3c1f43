import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesInWords } from '../../base/terminal.ts';
import { warning, type Check, type Found } from '../finding.ts';

/*
 * What piles up: logs that nobody rotates, and the memory of programs that crashed.
 */

const MOST_LOG_BYTES = 2 ** 30;

export const logs: Check = {
  name: 'logs',
  async look({ layout }) {
    const bytes = (await filesIn(layout.logs)).reduce((sum, { size }) => sum + size, 0);
    if (bytes <= MOST_LOG_BYTES) return [];
    return [warning(`The logs take ${bytesInWords(bytes)}.`, layout.logs, 'Remove old ones, and bound them: dkm config set logs.total_mib 200')];
  },
};

export const coreDumps: Check = {
  name: 'core-dumps',
  async look({ layout, services }) {
    // The kernel puts them where the service was started.
    const folders = [...new Set([layout.root, layout.run, ...services.map(({ directory }) => directory)])];
    const found = await Promise.all(folders.map(coreDumpsIn));
    return found.flat();
  },
};

async function coreDumpsIn(folder: string): Promise<Found[]> {
  const dumps = (await filesIn(folder)).filter(({ name }) => /^(core(\.\d+)?|.*\.core)$/.test(name));
  return dumps.map(({ name, size }) =>
    warning(
      `A program crashed and left its memory in ${name} (${bytesInWords(size)}), with whatever secrets it knew.`,
      join(folder, name),
      'Keep it for whoever looks into the crash, or remove it.',
    ),
  );
}

async function filesIn(folder: string): Promise<{ name: string; size: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(names.map(async (name) => ({ name, stat: await lstat(join(folder, name)).catch(() => undefined) })));
  return stats.flatMap(({ name, stat }) => (stat?.isFile() ? [{ name, size: stat.size }] : []));
}
