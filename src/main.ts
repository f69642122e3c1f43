import { DkmError, EXIT, messageOf } from './base/errors.ts';
import { isExecutable } from './base/self.ts';
import { coloured, hasColour, sayAside } from './base/terminal.ts';
import { programOf, type ProgramName } from './programs.ts';

/*
 * The one executable. What it does depends on the name it was called by (`installer`, `dkm`, `dkmadmin`: links to the
 * same file) or, under any other name, on its first word. Each program is loaded only when it is the one.
 */

type Program = (args: string[]) => Promise<number>;

const PROGRAMS: Record<ProgramName, () => Promise<Program>> = {
  installer: async () => (await import('../installer/main.ts')).runInstaller,
  dkm: async () => (await import('./supervisor/main.ts')).runDkm,
  dkmadmin: async () => (await import('./boot/main.ts')).runDkmAdmin,
  supervise: () => Promise.resolve(superviseProgram),
  console: () => Promise.resolve(consoleProgram),
};

async function superviseProgram([root = '', option]: string[]): Promise<number> {
  if (option === '--foreground') return (await import('./supervisor/foreground.ts')).runInForeground(root);
  const { runSupervisor } = await import('./supervisor/daemon.ts');
  await runSupervisor(root);
  return EXIT.fine;
}

async function consoleProgram(args: string[]): Promise<number> {
  const { runConsole } = await import('./console/main.ts');
  await runConsole(args[args.indexOf('--config') + 1] ?? '');
  return EXIT.fine;
}

function reportFailure(error: unknown): number {
  const colour = hasColour(process.stderr);
  sayAside(`${coloured('Error:', 'red', colour)} ${messageOf(error)}`);
  if (error instanceof DkmError && error.hint !== undefined) sayAside(`${coloured('Hint:', 'yellow', colour)} ${error.hint}`);
  if (process.env['DKM_DEBUG'] === '1' && error instanceof Error) sayAside(error.stack ?? '');
  if (error instanceof DkmError) return error.exitCode;
  if (process.env['DKM_DEBUG'] !== '1') sayAside('This is a defect of dkm. Set DKM_DEBUG=1 to see where it happened.');
  return EXIT.internal;
}

async function main(): Promise<number> {
  // Run from the sources, the program's name is always the first word.
  const { name, args } = programOf(isExecutable() ? process.argv0 : 'installer', process.argv.slice(2));
  try {
    const program = await PROGRAMS[name]();
    return await program(args);
  } catch (error) {
    return reportFailure(error);
  }
}

void main().then((code) => {
  process.exitCode = code;
});
