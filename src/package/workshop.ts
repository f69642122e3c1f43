import { join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import { createProgress, type Progress } from '../base/progress.ts';
import type { FetchContext } from '../sources/api.ts';
import { openVendorStore } from '../sources/vendor-store.ts';
import { openBuildLog, type BuildLog } from './build-log.ts';
import { openBuildPlace, type BuildPlace } from './build-place.ts';
import type { PackageOptions } from './options.ts';

/** What every stage needs. */
export interface Workshop {
  options: PackageOptions;
  place: BuildPlace;
  log: BuildLog;
  progress: Progress;
  context: Omit<FetchContext, 'component'>;
}

/** Opens what the stages need, and closes it whatever happens. Ctrl-C ends what is under way; a second one ends at once. */
export async function inWorkshop<Result>(options: PackageOptions, work: (workshop: Workshop) => Promise<Result>): Promise<Result> {
  const interruption = new AbortController();
  const interrupt = (): void =>
    interruption.abort(
      new DkmError('interrupted', 'make-package was interrupted.', { hint: 'Run it again: downloads continue where they were.', exitCode: 130 }),
    );
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const log = openBuildLog(join(options.buildDir, 'build.log'));
  const progress = createProgress();
  try {
    const vendor = await openVendorStore(options.vendorDir);
    const place = await openBuildPlace(options.buildDir);
    const onProgress = (file: string, doneBytes: number, totalBytes: number | undefined): void => {
      progress.update(file, doneBytes, totalBytes);
      if (doneBytes === totalBytes) progress.finish(file);
    };
    const context = {
      platform: options.platform,
      vendor,
      offline: options.offline,
      onProgress,
      onOutput: (text: string) => log.write(text),
      signal: interruption.signal,
    };
    return await work({ options, place, log, progress, context });
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : withLog(error, log);
  } finally {
    progress.close();
    log.close();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Failures of what was built quote the end of the log and say where all of it is. */
function withLog(error: unknown, log: BuildLog): unknown {
  if (!(error instanceof DkmError) || (error.code !== 'build-failed' && error.code !== 'command-failed')) return error;
  const tail = log.tail(12);
  const message = tail === '' || error.message.includes(tail) ? error.message : `${error.message}\nThe end of ${log.path}:\n${tail}`;
  return new DkmError(error.code, message, { cause: error, hint: error.hint ?? `All of it is in ${log.path}.` });
}
