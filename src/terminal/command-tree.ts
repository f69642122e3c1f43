import type { Argument, Command, Option } from 'commander';

/*
 * The commands as completions and the manual page need them: plain data out of commander's tree.
 */

/** What can be completed, as a completion asks for it; `file` and `directory` are the shell's own, `nothing` is typed by hand. */
export type ValueKind = 'service' | 'service-or-supervisor' | 'promise' | 'metric' | 'file' | 'directory' | 'nothing';

export interface Value {
  kind: ValueKind;
  /** The words it can be, where they are known. */
  choices: string[];
}

export interface OptionFacts {
  /** `-n, --lines <count>`, as in the help. */
  flags: string;
  short: string | undefined;
  long: string | undefined;
  description: string;
  /** Undefined for a flag. */
  value: Value | undefined;
  isOptionalValue: boolean;
  default: string | undefined;
}

export interface ArgumentFacts {
  /** `<service...>`, as in the help. */
  usage: string;
  description: string;
  value: Value;
  isVariadic: boolean;
}

export interface CommandFacts {
  /** Words from the program's name on: `promise show`; empty for the program itself. */
  path: string;
  description: string;
  arguments: ArgumentFacts[];
  options: OptionFacts[];
  /** Names of the commands below it. */
  commands: { name: string; description: string }[];
  /** What its help says after that. */
  more: string;
}

/** Every command that help shows, the program first, then in the order of the help. */
export function commandFacts(program: Command): CommandFacts[] {
  return factsBelow(program, '');
}

function factsBelow(command: Command, path: string): CommandFacts[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  const own: CommandFacts = {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => argumentFacts(argument, path)),
    options: command.options.filter((option) => !option.hidden).map((option) => optionFacts(option)),
    commands: below.map((each) => ({ name: each.name(), description: each.description() })),
    more: textAfterHelp(command),
  };
  return [own, ...below.flatMap((each) => factsBelow(each, `${path} ${each.name()}`.trim()))];
}

function argumentFacts(argument: Argument, path: string): ArgumentFacts {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    value: { kind: kindOfArgument(argument.name(), path), choices: argument.argChoices ?? [] },
    isVariadic: argument.variadic,
  };
}

function kindOfArgument(name: string, path: string): ValueKind {
  if (name === 'service') return path === 'logs' ? 'service-or-supervisor' : 'service';
  if (name === 'id' && /^(check|promise\b)/.test(path)) return 'promise';
  if (['target', 'pattern'].includes(name) || path === 'metrics send') return name === 'value' || name === 'time' ? 'nothing' : 'metric';
  return name === 'file' ? 'file' : 'nothing';
}

function optionFacts(option: Option): OptionFacts {
  const takesValue = option.required || option.optional;
  const word = /[<[]([\w-]+)/.exec(option.flags)?.[1] ?? '';
  const kind: ValueKind = word === 'dir' ? 'directory' : word === 'file' ? 'file' : word === 'glob' ? 'metric' : 'nothing';
  const { defaultValue } = option as { defaultValue: unknown };
  return {
    flags: option.flags,
    short: option.short,
    long: option.long,
    description: option.description,
    value: takesValue ? { kind, choices: option.argChoices ?? [] } : undefined,
    isOptionalValue: option.optional,
    default: typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined,
  };
}

/** Commander keeps what `addHelpText` was given as listeners of an event: asking for it is its only way out. */
function textAfterHelp(command: Command): string {
  let text = '';
  (command as unknown as NodeJS.EventEmitter).emit('afterHelp', { error: false, command, write: (part: string) => (text += part) });
  return text.trim();
}
