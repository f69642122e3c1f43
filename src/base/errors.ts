/** Exit codes of every dkm program; documented in the README. */
export const EXIT = {
  fine: 0,
  /** Something is unhealthy or failed. */
  failed: 1,
  /** Wrong usage: unknown flag, missing argument. */
  usage: 2,
  /** `dkm status` only: nothing is running. */
  notRunning: 3,
  /** Refused before anything was changed (preflight, verification). */
  refused: 4,
  /** A defect of dkm itself. */
  internal: 70,
} as const;

/** Every kind of failure dkm reports. A new kind is added here first, so that the list stays complete. */
export type ErrorCode =
  | 'usage'
  | 'manifest-invalid'
  | 'file-invalid'
  | 'file-missing'
  | 'not-an-installation'
  | 'download-failed'
  | 'verification-failed'
  | 'verification-too-weak'
  | 'archive-refused'
  | 'source-unavailable'
  | 'components-missing'
  | 'build-failed'
  | 'licence-unknown'
  | 'bundle-damaged'
  | 'preflight-refused'
  | 'install-failed'
  | 'change-failed'
  | 'backup-failed'
  | 'backup-damaged'
  | 'restore-failed'
  | 'locked'
  | 'service-unknown'
  | 'promise-unknown'
  | 'service-failed'
  | 'supervisor-unreachable'
  | 'command-failed'
  | 'timed-out'
  | 'redaction-failed'
  | 'interrupted';

const EXIT_CODE_OF: Partial<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  'service-unknown': EXIT.usage,
  'promise-unknown': EXIT.usage,
  'not-an-installation': EXIT.usage,
  'bundle-damaged': EXIT.refused,
  'backup-damaged': EXIT.refused,
  'preflight-refused': EXIT.refused,
  'verification-too-weak': EXIT.refused,
};

export interface DkmErrorDetails {
  /** The next command to type or thing to change. */
  hint?: string;
  cause?: unknown;
  exitCode?: number;
}

/** The one error class: `message` says which thing, what was expected, what was found; `hint` says what to do next. */
export class DkmError extends Error {
  override readonly name = 'DkmError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, details: DkmErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT_CODE_OF[code] ?? EXIT.failed;
  }
}

/** The message of anything that was thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** True when a file system call failed because the thing is not there. */
export function isNotFound(thrown: unknown): boolean {
  return systemCodeOf(thrown) === 'ENOENT';
}

/** The operating system's error code (`ENOENT`, `EACCES`, …), or undefined when it was not a system error. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
