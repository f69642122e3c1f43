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

/** Gets JSON from the console; who is not logged in any more is sent to the login page. */
export async function getJson<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {
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
