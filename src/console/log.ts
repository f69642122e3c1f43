/** Writes one line, with its time, to standard output: the supervisor keeps what a service prints. */
export type Log = (message: string) => void;

/** The console's log. Line breaks and other control characters are shown, not obeyed: addresses and messages come from outside. */
export const logToStdout: Log = (message) => {
  process.stdout.write(`${new Date().toISOString()} ${oneLine(message)}\n`);
};

/** The text with its control characters made visible, so that nobody can forge a line of the log. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
