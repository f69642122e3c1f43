import { isLocked } from '../../base/lock.ts';
import { readChange } from '../../contract/change-journal.ts';
import { journalState, readJournal } from '../../contract/journal.ts';
import { readRestore } from '../../contract/restore-journal.ts';
import type { ServiceStatus } from '../../contract/status.ts';
import { note, problem, warning, type Check, type Found } from '../finding.ts';

/*
 * Whether everything runs that should, and whether something was begun and not ended.
 */

export const states: Check = {
  name: 'services',
  look({ account, supervisorRuns, running, services, layout }) {
    if (supervisorRuns && account) {
      const told = (account.warnings ?? []).map(({ message, directory }) =>
        warning(message, directory, 'Make room there; what takes it: du -xh --max-depth=2 ' + directory),
      );
      return [...account.services.flatMap(stateFindings), ...told];
    }
    if (running.length > 0) {
      const names = running.map(({ name }) => name).join(', ');
      return [
        problem(
          `The supervisor is gone; ${names} ${running.length === 1 ? 'goes' : 'go'} on unwatched.`,
          layout.root,
          'Have a new supervisor take over: dkm start',
        ),
      ];
    }
    if (services.length === 0) return [];
    return [warning('Nothing is running.', layout.root, 'Start it: dkm start')];
  },
};

function stateFindings({ name, title, state, health, reason, restarts }: ServiceStatus): Found[] {
  const because = reason === '' ? '' : `: ${reason.split('\n')[0] ?? ''}`;
  const see = `See why: dkm logs ${name}`;
  switch (state) {
    case 'FATAL':
    case 'BACKOFF':
      return [problem(`${title} does not run (${state})${because}`, name, see)];
    case 'EXITED':
      return [warning(`${title} has ended${because}`, name, `Start it: dkm start ${name}`)];
    case 'STOPPED':
      return reason === '' ? [note(`${title} is stopped.`, name, `Start it: dkm start ${name}`)] : [problem(`${title} is stopped${because}`, name, see)];
    case 'RUNNING':
      if (health === 'unhealthy') return [problem(`${title} runs and is not healthy${because}`, name, see)];
      return restarts >= OFTEN ? [warning(`${title} was restarted ${restarts} times since it was started by hand.`, name, see)] : [];
    case 'STARTING':
    case 'STOPPING':
      return [note(`${title} is ${state.toLowerCase()}.`, name, 'Look again in a moment: dkm status')];
  }
}

/** Restarts that are no chance any more. */
const OFTEN = 5;

export const unfinished: Check = {
  name: 'unfinished',
  look({ layout }) {
    // Under way is not left behind.
    if (isLocked(layout.installLock)) return [note('An installer, an update or a restore is under way.', layout.installLock, 'Look again when it has ended.')];
    const install = journalState(readJournal(layout.journal) ?? []);
    const change = readChange(layout.changeJournal);
    const restore = readRestore(layout.restoreJournal);
    const takenBack = 'Any command that changes something takes it back first: dkm start';
    return [
      ...(install.kind === 'begun'
        ? [
            begunFinding(
              `The installation of version ${install.begin.version}`,
              install.begin.at,
              layout.journal,
              `Run the bundle's installer again: ./installer -d ${layout.root}`,
            ),
          ]
        : []),
      ...(change.kind === 'unfinished'
        ? [begunFinding(`The ${change.begin.kind} to version ${change.begin.to.version}`, change.begin.at, layout.changeJournal, takenBack)]
        : []),
      ...(restore.kind === 'unfinished' ? [begunFinding('A restore', restore.begin.at, layout.restoreJournal, takenBack)] : []),
    ];
  },
};

function begunFinding(what: string, at: string, journal: string, fix: string): Found {
  return problem(`${what} was begun at ${at} and not ended.`, journal, fix);
}
