import { join } from 'node:path';
import { interruptibly } from '../../../installer/interruptible.ts';
import { DEFAULT_WATCH_S } from '../../../installer/options.ts';
import { progressOn } from '../../../installer/progress.ts';
import { stepsOn } from '../../../installer/update/steps-in-words.ts';
import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { acquireLock } from '../../base/lock.ts';
import { confirmed, say, sayAside } from '../../base/terminal.ts';
import { earlierInWords } from '../../change/earlier-configuration.ts';
import { takenBackInWords } from '../../change/recover.ts';
import { carryOutRollback, rollbackIntention, type RollbackIntention } from '../../change/rollback.ts';
import { SNAPSHOT_PARTS } from '../../change/snapshot.ts';
import type { ChangeOutcome } from '../../change/transaction.ts';
import { keptVersions, pendingSnapshot, snapshotFolder } from '../../change/versions.ts';
import { takeBackInterruptedChange } from './interrupted-change.ts';

interface Options {
  to?: string;
  watch?: number;
  list?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `dkm rollback`: back to a kept version, with its configuration and what was edited since. Returns the exit code. */
export async function rollback(layout: Layout, options: Options): Promise<number> {
  if (options.list) return list(layout, options);
  await takeBackInterruptedChange(layout);
  const lock = await acquireLock(layout.installLock, 'dkm rollback');
  try {
    const intention = await rollbackIntention(layout, options.to);
    if (!options.json) for (const line of intentionInWords(layout, intention)) say(line);
    if (!options.yes && !(await confirmed(`Go back to dkm ${intention.to.version}?`, 'Add --yes where nobody can be asked.'))) return EXIT.refused;
    const progress = progressOn(process.stderr, options.json === true);
    const outcome = await interruptibly(progress, (signal) =>
      carryOutRollback(layout, intention, {
        signal,
        onStep: stepsOn(progress),
        watchMs: (options.watch ?? DEFAULT_WATCH_S) * 1000,
      }),
    );
    if (options.json) say(JSON.stringify(reportOf(layout, outcome, intention), null, 1));
    else for (const line of outcomeInWords(layout, outcome, intention)) (outcome.kind === 'done' ? say : sayAside)(line);
    return outcome.kind === 'done' ? EXIT.fine : EXIT.failed;
  } finally {
    lock.release();
  }
}

async function list(layout: Layout, { json }: Options): Promise<number> {
  const kept = await keptVersions(layout);
  const rows = kept.map(({ place, snapshot }) => ({ version: place.version, folder: place.folder, leftAt: snapshot.at, leftFor: snapshot.to.version }));
  if (json) say(JSON.stringify({ schema: 1, versions: rows }, null, 1));
  else if (rows.length === 0) say('No earlier version is kept here.');
  else for (const { folder, leftAt, leftFor } of rows) say(`${folder}  left on ${leftAt.slice(0, 16).replace('T', ' ')} UTC for ${leftFor}`);
  return EXIT.fine;
}

function intentionInWords(layout: Layout, { from, to, changes, databases, running }: RollbackIntention): string[] {
  return [
    `From dkm ${from.version} back to ${to.version}${running.wanted.length === 0 ? '; nothing runs' : `; ${running.wanted.length} services are restarted`}. Stored metrics stay.`,
    ...changes.map((change) => `  ${earlierInWords(change)}`),
    ...databases.map(
      (path) => `  ${path}: as it was then. What was saved in it since is not in it; ${presentDatabase(layout, from.folder, path)} keeps it as it is now.`,
    ),
  ];
}

/** Where a database of the version that is left is kept. */
function presentDatabase(layout: Layout, folder: string, path: string): string {
  return join(snapshotFolder(layout, folder), SNAPSHOT_PARTS.databases, path);
}

function outcomeInWords(layout: Layout, outcome: ChangeOutcome, { from, to, changes, databases }: RollbackIntention): string[] {
  switch (outcome.kind) {
    case 'done':
      return [
        `dkm ${to.version} is in use again.${outcome.downMs === 0 ? '' : ` Services were down for ${(outcome.downMs / 1000).toFixed(1)} s.`}`,
        ...databases.map((path) => `${path} as it was under dkm ${from.version}: ${presentDatabase(layout, from.folder, path)}`),
        ...changes.filter(({ kind }) => kind === 'conflict').map((change) => `Look at ${earlierInWords(change)}`),
        ...outcome.untidy.map((why) => `Not needed any more, and could not be removed: ${why}`),
        `Forward again: ${join(layout.bin, 'dkm')} rollback --to ${from.folder}`,
      ];
    case 'taken-back':
      return [
        `The rollback to dkm ${to.version} failed: ${outcome.why}`,
        `It was taken back: dkm ${from.version} is there as it was.`,
        ...takenBackInWords(outcome.back),
      ];
    case 'stuck':
      return [
        `The rollback to dkm ${to.version} failed: ${outcome.why}`,
        `Taking it back failed, too: ${outcome.problem}`,
        `What was there before is in ${pendingSnapshot(layout)}; the steps are in ${layout.installLog}. Mend what is named above, then run "dkm start": it goes on with taking it back.`,
      ];
  }
}

function reportOf(layout: Layout, outcome: ChangeOutcome, { from, to, changes, databases }: RollbackIntention): object {
  return {
    schema: 1,
    result: { done: 'rolled-back', 'taken-back': 'taken-back', stuck: 'failed' }[outcome.kind],
    from: from.version,
    to: to.version,
    configuration: changes.map(({ kind, path }) => ({ path, change: kind })),
    databases: databases.map((path) => ({ path, keptBeside: presentDatabase(layout, from.folder, path) })),
    ...(outcome.kind === 'done'
      ? { downSeconds: outcome.downMs / 1000, untidy: outcome.untidy }
      : { error: { message: outcome.why, interrupted: outcome.interrupted } }),
    ...(outcome.kind === 'taken-back' && { logs: outcome.back.logs ?? null, servicesNotStarted: Object.fromEntries(outcome.back.servicesNotStarted) }),
    ...(outcome.kind === 'stuck' && { problem: outcome.problem, snapshot: pendingSnapshot(layout) }),
  };
}
