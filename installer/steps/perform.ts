import type { Step } from '../plan.ts';
import { link } from './link.ts';
import { makeDirectory } from './make-directory.ts';
import { placeFiles } from './place-files.ts';
import type { Performed, StepContext } from './step.ts';
import { writeGenerated } from './write-generated.ts';
import { writeSecret } from './write-secret.ts';
import { writeSettings } from './write-settings.ts';

/** Performs a step of any kind. */
export function performStep(step: Step, context: StepContext): Performed | Promise<Performed> {
  switch (step.kind) {
    case 'make-directory':
      return makeDirectory(step, context);
    case 'place-files':
      return placeFiles(step, context);
    case 'link':
      return link(step, context);
    case 'write-secret':
      return writeSecret(step, context);
    case 'write-generated':
      return writeGenerated(step, context);
    case 'write-settings':
      return writeSettings(step, context);
  }
}
