import { windowOf, type Source } from './convert.ts';
import { hasShape, LONGEST_HEADER_BYTES, readHeader, type Archive, type Shape } from './format.ts';
import { firstAtOrAfter, readSeries, type Series } from './series.ts';

/*
 * Whether a converted file holds what it should: told from the old points and the new file alone, not from how it was
 * made. Every old point must be in the archive that readers of its time will ask.
 */

interface NewArchive {
  archive: Archive;
  series: Series;
  first: number;
  end: number;
}

/** What is wrong with a converted file, read back from disk; undefined when nothing is. */
export function faultOf(file: Buffer, sources: readonly Source[], shape: Shape, now: number): string | undefined {
  const read = readHeader(file.subarray(0, LONGEST_HEADER_BYTES), file.length);
  if (read.kind !== 'whisper') return read.kind === 'damaged' ? read.why : 'it is compressed';
  if (!hasShape(read.header, shape)) return 'its header is not what was wanted';
  const made: NewArchive[] = [];
  for (const archive of read.header.archives) {
    const series = readSeries(file, archive);
    if ('why' in series) return series.why;
    made.push({ archive, series, ...windowOf(archive, sources, now) });
  }
  for (const source of sources) {
    const fault = lostPoint(source, made, sources, shape.xFilesFactor);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function lostPoint({ archive: old, series }: Source, made: readonly NewArchive[], sources: readonly Source[], xFilesFactor: number): string | undefined {
  const twin = made.find(({ archive }) => archive.stepSeconds === old.stepSeconds);
  let inTwin = 0;
  for (const [index, time] of series.times.entries()) {
    const asked = made.find(({ first, end }) => time >= first && time < end);
    if (asked === undefined) continue;
    if (twin !== undefined && time >= twin.first && time < twin.end) {
      while ((twin.series.times[inTwin] ?? Infinity) < time) inTwin += 1;
      if (twin.series.times[inTwin] !== time || !Object.is(twin.series.values[inTwin], series.values[index]))
        return `the point of ${time} is not in the archive of ${old.stepSeconds} s any more`;
      if (asked === twin) continue;
    }
    if (isShown(asked, time, old.stepSeconds) || isTooFew(asked, time, old, sources, xFilesFactor)) continue;
    return `the point of ${time} (archive of ${old.stepSeconds} s) is in no archive that readers ask`;
  }
  return undefined;
}

/** True when the archive has a point for the time an old point stands for. */
function isShown({ archive: { stepSeconds }, series: { times } }: NewArchive, time: number, oldStepSeconds: number): boolean {
  const start = Math.floor(time / stepSeconds) * stepSeconds;
  return (times[firstAtOrAfter(times, start)] ?? Infinity) < Math.max(time + oldStepSeconds, start + stepSeconds);
}

/** True when the point is one of too few of its interval (xFilesFactor), in every old archive that could be thinned out. */
function isTooFew({ archive: { stepSeconds } }: NewArchive, time: number, old: Archive, sources: readonly Source[], xFilesFactor: number): boolean {
  if (old.stepSeconds >= stepSeconds) return false;
  const start = Math.floor(time / stepSeconds) * stepSeconds;
  const finer = sources.filter(({ archive }) => archive.stepSeconds < stepSeconds);
  return finer.every(({ archive, series: { times } }) => {
    const known = firstAtOrAfter(times, start + stepSeconds) - firstAtOrAfter(times, start);
    return known / (stepSeconds / archive.stepSeconds) < Math.fround(xFilesFactor);
  });
}
