import type { ArgumentFacts, CommandFacts, OptionFacts, Value } from './command-tree.ts';

/*
 * Completion scripts. All three know the tree of commands by heart, and ask `dkm complete-names KIND BEGINNING` for what
 * only the installation knows: with the program that is being completed, and its --directory.
 */

/** The options that every command takes. */
const EVERYWHERE = ['-d', '--directory', '--help'];

/** A script for bash, 3.2 or later. Pure. */
export function bashCompletion(facts: readonly CommandFacts[]): string {
  return `# Completion of dkm for bash. Made by "dkm completion bash".

_dkm_names() {
  local program=\${COMP_WORDS[0]/#\\~/$HOME}
  "$program" \${_dkm_directory:+"--directory=$_dkm_directory"} complete-names "$1" "$2" 2>/dev/null
}

_dkm_values() {
  local IFS=$'\\n'
  case $1 in
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    nothing) ;;
    words\\ *) IFS=' '; COMPREPLY=($(compgen -W "\${1#words }" -- "$cur")) ;;
    metric) COMPREPLY=($(_dkm_names "$1" "$cur")); [[ \${COMPREPLY[0]} != *. ]] || compopt -o nospace 2>/dev/null ;;
    *) COMPREPLY=($(compgen -W "$(_dkm_names "$1" "$cur")" -- "$cur")) ;;
  esac
}

# The words that may follow a command: those below it, and its options.
_dkm_words() {
  case $1 in
${facts.map((command) => `    ${bashWord(command.path)}) echo ${bashWord([...command.commands.map(({ name }) => name), ...flagsOf(command)].join(' '))} ;;`).join('\n')}
  esac
}

# What an option's value is; nothing when it takes none.
_dkm_option() {
  case "$1 $2" in
${facts
  .flatMap((command) => command.options.filter(({ value, isOptionalValue }) => value !== undefined && !isOptionalValue).map((option) => ({ command, option })))
  .map(
    ({ command, option }) =>
      `    ${flagNames(option)
        .map((flag) => bashWord(`${command.path} ${flag}`))
        .join(' | ')}) echo ${bashWord(valueWord(option.value))} ;;`,
  )
  .join('\n')}
    *" -d" | *" --directory") echo directory ;;
  esac
}

# What the argument of that number is, counted from 0.
_dkm_argument() {
  case "$1 $2" in
${facts.flatMap((command) => command.arguments.map((argument, index) => `    ${bashWord(command.path)}${argument.isVariadic ? '\\ *' : `\\ ${index}`}) echo ${bashWord(valueWord(argument.value))} ;;`)).join('\n')}
  esac
}

_dkm() {
  # bash takes a colon for the end of a word; names have none.
  local cur=\${COMP_WORDS[COMP_CWORD]} path='' words word kind='' pending='' arguments=0 index _dkm_directory=''
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $pending ]]; then
      [[ $pending != directory ]] || _dkm_directory=\${word/#\\~/$HOME}
      pending=''
    elif [[ $word == -* ]]; then
      pending=$(_dkm_option "$path" "$word")
    else
      words=" $(_dkm_words "$path") "
      if [[ $arguments == 0 && $words == *" $word "* ]]; then
        path="\${path:+$path }$word"
      else
        arguments=$((arguments + 1))
      fi
    fi
  done
  if [[ -n $pending ]]; then
    _dkm_values "$pending"
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$(_dkm_words "$path") ${EVERYWHERE.join(' ')}" -- "$cur"))
  else
    kind=$(_dkm_argument "$path" "$arguments")
    if [[ -n $kind ]]; then
      _dkm_values "$kind"
    else
      COMPREPLY=($(compgen -W "$(_dkm_words "$path")" -- "$cur"))
      [[ -n $cur ]] || COMPREPLY=($(for word in "\${COMPREPLY[@]}"; do [[ $word == -* ]] || echo "$word"; done))
    fi
  fi
}

complete -F _dkm dkm
`;
}

function bashWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function flagNames({ short, long }: OptionFacts): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

function flagsOf({ options }: CommandFacts): string[] {
  return options.flatMap(flagNames);
}

function valueWord(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  return value.choices.length > 0 ? `words ${value.choices.join(' ')}` : value.kind;
}

/** A script for zsh, 5 or later. Pure. */
export function zshCompletion(facts: readonly CommandFacts[]): string {
  return `#compdef dkm
# Completion of dkm for zsh. Made by "dkm completion zsh".

_dkm_names() {
  local -a names
  names=(\${(f)"$(\${~words_given[1]} \${directory_given:+--directory} \${directory_given:+\${~directory_given}} complete-names $1 "\${(Q)PREFIX}" 2>/dev/null)"})
  if [[ $1 == metric ]]; then
    local -a folders leaves
    folders=(\${(M)names:#*.})
    leaves=(\${names:#*.})
    # A pattern matches more than what begins with it.
    [[ $PREFIX == *[*?{\\[]* ]] && { compadd -U -Q -S '' -a folders; compadd -U -Q -a leaves; return; }
    compadd -S '' -a folders
    compadd -a leaves
  else
    compadd -a names
  fi
}

_dkm_values() {
  case $1 in
    file) _files ;;
    directory) _files -/ ;;
    nothing) _message 'value' ;;
    words\\ *) compadd -- \${=1#words } ;;
    *) _dkm_names $1 ;;
  esac
}

_dkm_commands() {
  local -a commands
  case $1 in
${facts
  .filter(({ commands }) => commands.length > 0)
  .map(
    (command) =>
      `    ${bashWord(command.path)}) commands=(${command.commands.map(({ name, description }) => bashWord(`${name}:${description}`)).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  (( $#commands )) && _describe -t commands 'command' commands
}

_dkm_options() {
  local -a options
  case $1 in
${facts
  .filter(({ options }) => options.length > 0)
  .map(
    (command) =>
      `    ${bashWord(command.path)}) options=(${command.options.flatMap((option) => flagNames(option).map((flag) => bashWord(`${flag}:${option.description}`))).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  options+=('--help:display help for command' '--directory:the installed directory')
  _describe -t options 'option' options
}

_dkm_is_command() {
  case "$1 $2" in
${facts
  .filter(({ commands }) => commands.length > 0)
  .map((command) => `    ${command.commands.map(({ name }) => bashWord(`${command.path} ${name}`)).join(' | ')}) return 0 ;;`)
  .join('\n')}
  esac
  return 1
}

_dkm_option_value() {
  case "$1 $2" in
${facts
  .flatMap((command) =>
    command.options
      .filter(({ value, isOptionalValue }) => value !== undefined && !isOptionalValue)
      .map(
        (option) =>
          `    ${flagNames(option)
            .map((flag) => bashWord(`${command.path} ${flag}`))
            .join(' | ')}) REPLY=${bashWord(valueWord(option.value))} ;;`,
      ),
  )
  .join('\n')}
    *' -d' | *' --directory') REPLY=directory ;;
    *) REPLY='' ;;
  esac
}

_dkm_argument() {
  case "$1 $2" in
${facts.flatMap((command) => command.arguments.map((argument, index) => `    ${bashWord(command.path)}${argument.isVariadic ? '\\ *' : `\\ ${index}`}) REPLY=${bashWord(valueWord(argument.value))} ;;`)).join('\n')}
    *) REPLY='' ;;
  esac
}

_dkm() {
  local place='' pending='' word REPLY directory_given=''
  local -a words_given
  integer index arguments=0
  words_given=("\${words[@]}")
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    if [[ -n $pending ]]; then
      [[ $pending == directory ]] && directory_given=$word
      pending=''
    elif [[ $word == -* ]]; then
      _dkm_option_value "$place" "$word"
      pending=$REPLY
    elif (( arguments == 0 )) && _dkm_is_command "$place" "$word"; then
      place="\${place:+$place }$word"
    else
      (( arguments++ ))
    fi
  done
  if [[ -n $pending ]]; then
    _dkm_values $pending
  elif [[ \${words[CURRENT]} == -* ]]; then
    _dkm_options "$place"
  else
    _dkm_argument "$place" $arguments
    if [[ -n $REPLY ]]; then
      _dkm_values $REPLY
    else
      _dkm_commands "$place"
    fi
  fi
}

if [[ $funcstack[1] == _dkm ]]; then
  _dkm "$@"
else
  compdef _dkm dkm
fi
`;
}

/** A script for fish, 3 or later. Pure. */
export function fishCompletion(facts: readonly CommandFacts[]): string {
  const lines = facts.flatMap((command) => [
    ...command.commands.map(
      ({ name, description }) => `complete -c dkm -n '__dkm_at 0 ${fishPlace(command)}' -f -a ${fishWord(name)} -d ${fishWord(description)}`,
    ),
    ...command.options.map((option) => `complete -c dkm -n '__dkm_in ${fishPlace(command)}'${fishOption(option)} -d ${fishWord(option.description)}`),
    ...command.arguments.map(
      (argument, index) => `complete -c dkm -n '__dkm_at ${argument.isVariadic ? 'any' : index} ${fishPlace(command)}'${fishArgument(argument)}`,
    ),
  ]);
  const commands = facts.flatMap((command) => command.commands.map(({ name }) => `${command.path} ${name}`.trim()));
  const withValue = facts.flatMap((command) =>
    command.options
      .filter(({ value, isOptionalValue }) => value !== undefined && !isOptionalValue)
      .flatMap((option) => flagNames(option).map((flag) => `${command.path} ${flag}`.trim())),
  );
  return `# Completion of dkm for fish. Made by "dkm completion fish".

set -g __dkm_commands ${commands.map(fishWord).join(' ')}
set -g __dkm_options_with_value ${[...new Set(withValue)].map(fishWord).join(' ')}

# Where the words before the cursor lead: sets __dkm_place, __dkm_count (of arguments) and __dkm_dir.
function __dkm_look
    set -g __dkm_place ''
    set -g __dkm_count 0
    set -g __dkm_dir
    set -l pending ''
    for word in (commandline -opc)[2..]
        if test -n "$pending"
            contains -- $pending -d --directory; and set -g __dkm_dir --directory (string replace -r '^~' $HOME -- $word)
            set pending ''
        else if string match -q -- '-*' $word
            if contains -- $word -d --directory; or contains -- (string trim -- "$__dkm_place $word") $__dkm_options_with_value
                set pending $word
            end
        else if test $__dkm_count = 0; and contains -- (string trim -- "$__dkm_place $word") $__dkm_commands
            set -g __dkm_place (string trim -- "$__dkm_place $word")
        else
            set -g __dkm_count (math $__dkm_count + 1)
        end
    end
end

# __dkm_at COUNT WORD...: so many arguments follow exactly these words.
function __dkm_at
    __dkm_look
    test "$__dkm_place" = "$argv[2..]"; and contains -- $argv[1] any $__dkm_count
end

function __dkm_in
    __dkm_look
    test "$__dkm_place" = "$argv"
end

function __dkm_names
    __dkm_look
    set -l program (string replace -r '^~' $HOME -- (commandline -opc)[1])
    $program $__dkm_dir complete-names $argv[1] (commandline -ct) 2>/dev/null
end

complete -c dkm -f
complete -c dkm -s d -l directory -x -a '(__fish_complete_directories)' -d 'the installed directory'
${lines.join('\n')}
`;
}

function fishPlace({ path }: CommandFacts): string {
  return path;
}

function fishWord(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function fishOption({ short, long, value, isOptionalValue }: OptionFacts): string {
  const names = `${short === undefined ? '' : ` -s ${short.slice(1)}`}${long === undefined ? '' : ` -l ${long.slice(2)}`}`;
  return value === undefined || isOptionalValue ? names : `${names}${fishValue(value, true)}`;
}

function fishArgument({ value }: ArgumentFacts): string {
  return fishValue(value, false);
}

function fishValue({ kind, choices }: Value, isOption: boolean): string {
  const only = isOption ? ' -x' : ' -f';
  if (choices.length > 0) return `${only} -a ${fishWord(choices.join(' '))}`;
  switch (kind) {
    case 'file':
      return isOption ? ' -r -F' : ' -F';
    case 'directory':
      return `${only} -a '(__fish_complete_directories)'`;
    case 'nothing':
      return only;
    case 'service':
    case 'service-or-supervisor':
    case 'promise':
    case 'metric':
      return `${only} -a '(__dkm_names ${kind})'`;
  }
}
