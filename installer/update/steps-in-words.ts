import type { Change } from '../../src/change/transaction.ts';
import type { Progress } from '../progress.ts';

const STEPS_IN_WORDS: Record<Parameters<Change['onStep']>[0], string> = {
  place: 'Putting the new version beside the old one',
  snapshot: 'Keeping what is there',
  stop: 'Stopping the services',
  'copy-databases': 'Copying databases',
  configure: 'Merging the configuration',
  switch: 'Switching to the new version',
  start: 'Starting the services',
  watch: 'Watching whether they stay well',
  'going-back': 'Going back to what was there',
};

/** Tells the steps of a change on a progress display. */
export function stepsOn(progress: Progress): Change['onStep'] {
  let shown = '';
  return (step, detail) => {
    if (step !== shown) progress.phase(STEPS_IN_WORDS[step]);
    else if (detail !== undefined) progress.detail(detail);
    shown = step;
  };
}
