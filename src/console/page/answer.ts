import type { ErrorAnswer } from '../answers.ts';

/** Why the console gave no answer. `code` is the API's, or `unreachable`. */
export class Failure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const TIMEOUT_MS = 20_000;

/**
 * Requests at one time. A browser opens six connections to a host: one carries what is live, and one must be free for the
 * page that somebody goes to while a store that hangs keeps the others waiting.
 */
const AT_ONCE = 4;

let running = 0;
const waiting: (() => void)[] = [];

/** Requests in turn, so that at most `AT_ONCE` are under way. */
async function fetchInTurn(path: string): Promise<Response> {
  if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** Gets JSON from the console; who is not logged in any more is sent to the login page. */
export async function getJson<Answer>(path: string): Promise<Answer> {
  const response = await fetchInTurn(path).catch(() => {
    throw new Failure('unreachable', 'The console does not answer.');
  });
  if (response.status === 401) {
    location.assign('/login');
    throw new Failure('not-logged-in', 'Log in again.');
  }
  if (response.ok) return (await response.json()) as Answer;
  const { error } = (await response
    .json()
    .catch(() => ({ error: { code: 'unreachable', message: `The console answered with status ${response.status}.` } }))) as ErrorAnswer;
  throw new Failure(error.code, error.message);
}
