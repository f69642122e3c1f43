import type { Context } from 'hono';
import { audit } from '../access/audit.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { complaintOf, runDkm } from '../actions/dkm-command.ts';
import { failure } from '../failure.ts';
import { readPromises } from '../picture/promises-view.ts';

/**
 * Answers a POST to `/cgi-bin/monitor-run-promise.cgi?service=<id>`: the promise is run, and its result is in the tree
 * when it is done. Nobody waits for it: 204 says that it was asked for.
 */
export function runPromiseCgi(parts: ConsoleParts): (context: Context<ConsoleEnv>) => Promise<Response> {
  return async (context) => {
    const id = context.req.query('service') ?? '';
    const { promises } = await readPromises(parts.layout.promisesStatus);
    if (!promises.some((promise) => promise.id === id)) return failure(context, 404, 'not-found', 'There is no promise of this name.');
    const ending = await runDkm(parts.layout, ['check', '--json', '--', id], NOT_WAITING_MS);
    await audit(context, parts, 'promise.run', id, ending.kind === 'under-way' ? 'asked for' : ending.kind);
    if (ending.kind === 'busy') return failure(context, 503, 'busy', complaintOf(ending));
    if (ending.kind === 'failed') {
      parts.log(`error: promise ${id} was not run: ${complaintOf(ending)}`);
      return failure(context, 500, 'failed', 'The promise could not be run; the log says why.');
    }
    return context.body(null, 204);
  };
}

/** As long as it takes to say that it cannot be started. */
const NOT_WAITING_MS = 50;
