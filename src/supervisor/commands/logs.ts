import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say } from '../../base/terminal.ts';
import { configuredServices, refuseUnknown } from '../installation.ts';
import { followLines, readTailOfAll } from '../../log-files/logs.ts';

const SUPERVISOR = 'supervisor';

/** `dkm logs [-f] [-n COUNT] [service...]`: the ends of the logs one after the other, then, with -f, their new lines as they come. */
export async function logs(layout: Layout, names: readonly string[], options: { follow?: boolean; lines: number }): Promise<number> {
  const services = [
    ...(await configuredServices(layout)).map(({ name, logFiles }) => ({ name, logFiles })),
    { name: SUPERVISOR, logFiles: [layout.supervisorLog] },
  ];
  refuseUnknown(names, services);
  const chosen = services.filter((service) => names.length === 0 || names.includes(service.name));
  const files = chosen.flatMap(({ name, logFiles }) => logFiles.map((file) => ({ name, file })));
  const width = Math.max(...chosen.map((service) => service.name.length));
  const show = (name: string, line: string): void => say(chosen.length === 1 ? line : `${coloured(name.padEnd(width), 'grey')}  ${line}`);

  for (const { name, file } of files) {
    const tail = options.lines === 0 ? '' : await readTailOfAll(file, options.lines);
    if (tail !== '') for (const line of tail.split('\n')) show(name, line);
  }
  if (!options.follow) return EXIT.fine;
  const stops = files.map(({ name, file }) => followLines(file, (line) => show(name, line)));
  await interrupted();
  for (const stop of stops) stop();
  return EXIT.fine;
}

/** Settles on Ctrl-C and on SIGTERM. */
function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', () => resolve());
  process.once('SIGTERM', () => resolve());
  return promise;
}
