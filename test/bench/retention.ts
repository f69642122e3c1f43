import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../../src/base/terminal.ts';
import { applyRules } from '../../src/retention/apply.ts';
import { fileLocker } from '../../src/retention/file-lock.ts';
import { parseRules } from '../../src/retention/rules.ts';
import { survey } from '../../src/retention/survey.ts';
import { fileBytesOf, layOut, writeHeader } from '../../src/whisper/format.ts';
import { writeSeries } from '../../src/whisper/series.ts';
import { seconds } from './measure.ts';

/*
 * How many whisper files `dkm retention apply` converts in a second when it is not throttled, and how many `show` looks
 * at: node test/bench/retention.ts [files]. The files are full, of dkm's own retentions.
 */

const FILES = Number(process.argv[2] ?? 200);
const BEFORE = '10s:6h,1m:7d,10m:1y';
const AFTER = '10s:12h,1m:14d,10m:1y';

const work = realpathSync(mkdtempSync(join(tmpdir(), 'dkm-bench-retention-')));
try {
  const rulesFor = (retentions: string): ReturnType<typeof parseRules> =>
    parseRules(
      { schemas: `[all]\npattern = .*\nretentions = ${retentions}\n`, aggregations: '' },
      { dialect: 'go-carbon', schemasFile: 'schemas', aggregationFile: '' },
    );
  const full = fullFile(rulesFor(BEFORE).schemas[0]!.archives);
  mkdirSync(join(work, 'host'));
  for (let index = 0; index < FILES; index += 1) writeFileSync(join(work, 'host', `metric${index}.wsp`), full);
  const rules = rulesFor(AFTER);
  const looked = await seconds(() => survey(work, rules));
  const lock = await fileLocker(join(import.meta.dirname, 'retention.ts'));
  const converting = await seconds(async () => {
    const throttle = { filesPerSecond: Infinity, mibPerSecond: Infinity };
    const { converted } = await applyRules(
      work,
      rules,
      { dialect: 'go-carbon', lock },
      { throttle, allowLoss: false, reserveBytes: 0, signal: new AbortController().signal },
    );
    if (converted !== FILES) throw new Error(`${converted} of ${FILES} files were converted`);
  });
  const mib = (FILES * full.length) / 2 ** 20;
  say(`retention show: ${Math.round(FILES / looked)} files/s`);
  say(
    `retention apply: ${(FILES / converting).toFixed(1)} files/s, ${(mib / converting).toFixed(1)} MiB/s (${FILES} full files of ${Math.round(full.length / 1024)} KiB)`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}

function fullFile(archives: { stepSeconds: number; points: number }[]): Buffer {
  const shape = { archives, method: 1, xFilesFactor: 0.5 };
  const header = layOut(shape);
  const file = Buffer.alloc(fileBytesOf(shape));
  writeHeader(file, header);
  const now = Math.floor(Date.now() / 1000);
  for (const archive of header.archives) {
    const newest = Math.floor(now / archive.stepSeconds) * archive.stepSeconds;
    const times = Float64Array.from({ length: archive.points }, (_, index) => newest - (archive.points - 1 - index) * archive.stepSeconds);
    writeSeries(file, archive, { times, values: times.map((time) => time % 1000) });
  }
  return file;
}
