#!/bin/sh
# check.sh COLLECTD RUN: has the program COLLECTD read the configuration that lies here, and changes nothing. Ends with 0
# when everything can be used, and otherwise with 1 after a line for each mistake, such as
#
#   conf/collectd.d/tcp.conf, line 3: block not closed
#
# collectd's own -t does not do: up to 5.12 it ends before anything is read
# (https://github.com/collectd/collectd/issues/3216), and in every version it passes over a file of collectd.d that cannot
# be read or parsed, so that what the file measures is missing without a word. So collectd is really started, on a copy
# (in the directory RUN) whose last line names a base directory that cannot be one: collectd reads everything, loads the
# plugins, and ends there, before it initialises any of them.

program=$1
ADDITIONS='../collectd.d'

if [ ! -f collectd.conf ] || [ ! -r collectd.conf ]; then
  echo 'conf/collectd/collectd.conf: it is no file that can be read'
  exit 1
fi

DKM_COPY=$(mktemp "$2/collectd-check.XXXXXX") || exit 1
export DKM_COPY
trap 'rm -f "$DKM_COPY"' EXIT
trap 'exit 1' HUP INT TERM

# read_with WHAT: collectd's words on the configuration with all additions ("all"), with none ("none"), or with one file
# of them. Its log would go to the running collectd's file.
read_with() {
  DKM_ADDITION=$1 awk '
    BEGIN { addition = ENVIRON["DKM_ADDITION"]; gsub(/["\\]/, "\\\\&", addition) }
    /^[ \t]*<Plugin[ \t]+"?logfile"?>/ { in_log = 1 }
    in_log && /^[ \t]*File[ \t]/ { $0 = "File \"stderr\"" }
    /^[ \t]*<Include[ \t]+"?\.\.\/collectd\.d"?>/ { in_include = 1; if (addition != "all") $0 = "<Include \"" addition "\">" }
    { print (in_include && addition == "none" ? "" : $0) }
    /^[ \t]*<\/Plugin>/ { in_log = 0 }
    /^[ \t]*<\/Include>/ { in_include = 0 }
    END { print "BaseDir \"/dev/null\"" }
  ' collectd.conf >"$DKM_COPY" || exit 1
  # collectd expands the name as a shell does, and would take one with a space for two.
  # shellcheck disable=SC2016
  "$program" -f -C '"$DKM_COPY"' 2>&1
}

# Reads collectd's words. Ends with 0 when it came to the base directory and had passed over no file.
is_fine() {
  awk '
    /^(Parse error in file|configfile: |fopen )/ { passed_over = 1 }
    /Unable to change to directory/ { came_there = 1 }
    END { exit !(came_there && !passed_over) }
  '
}

# faults FILE BEFORE: collectd's words as faults of FILE. collectd counts lines through all files it reads; BEFORE of them
# came first. Where it names no line the file is searched for what it names.
faults() {
  DKM_FILE=$1 awk -v before="$2" '
    function tell(line, words) {
      gsub(/^\[[^]]*\] (\[[a-z]+\] )?/, "", words)
      sub(/\. The most common cause.*/, "", words)
      words = shown (line > 0 ? ", line " line : "") ": " words
      if (!(words in told)) print words
      told[words] = 1
      count += 1
    }
    # The line of FILE that loads a plugin, or where a plugin is given an option; 0 where neither is to be found.
    function line_of(plugin, option,   text, words, number, inside, found) {
      while ((getline text < file) > 0) {
        number += 1
        text = tolower(text)
        gsub(/[<>"]/, " ", text)
        split(text, words)
        if (words[1] == "loadplugin" && words[2] == tolower(plugin) && option == "" && !found) found = number
        if (words[1] == "plugin" && words[2] == tolower(plugin)) inside = 1
        if (words[1] == "/plugin") inside = 0
        if (inside && option != "" && words[1] == tolower(option) && !found) found = number
      }
      close(file)
      return found + 0
    }
    function between(text, from, to,   start) {
      start = index(text, from)
      if (start == 0) return ""
      text = substr(text, start + length(from))
      return substr(text, 1, index(text, to) - 1)
    }
    BEGIN {
      file = ENVIRON["DKM_FILE"]
      shown = file
      if (shown == "collectd.conf") shown = "conf/collectd/collectd.conf"
      sub(/^\.\.\//, "conf/", shown)
    }
    /^Parse error in file/ {
      number = between($0, ", line ", " near")
      # It names the line after the newline at which it gave up.
      if (index($0, "near `<newline>'\''")) number -= 1
      words = $0
      sub(/^.* near `[^`]*'\'': /, "", words)
      tell(number - before, words)
      next
    }
    /^fopen / { tell(0, "it cannot be read: " substr($0, index($0, "failed: ") + 8)); next }
    /^configfile: Cannot read file/ { if (count == 0) tell(0, "it cannot be read"); next }
    /^configfile: stat/ && file ~ /[ \t]/ { tell(0, "collectd takes a name with a space for two"); next }
    /^configfile: / { tell(0, substr($0, 13)); next }
    /\[error\] plugin_load: Could not find plugin/ { tell(line_of(between($0, "plugin \"", "\""), ""), $0); next }
    /\[error\] dlopen/ { plugin = between($0, "dlopen(\"", "\")"); sub(/^.*\//, "", plugin); sub(/\.so$/, "", plugin); tell(line_of(plugin, ""), $0); next }
    /\[error\] plugin_load: Load plugin/ { if (count == 0) tell(line_of(between($0, "plugin \"", "\""), ""), $0); next }
    /\[error\] Plugin .* failed to handle option/ { tell(line_of(between($0, "Plugin `", "'\''"), between($0, "option `", "'\''")), $0); next }
    /\[error\] change_basedir/ { next }
    /\[error\]/ { tell(0, $0); next }
    /config file failed/ { refused = 1 }
    { rest = rest "\n" $0 }
    # Without a verdict collectd itself could not be started.
    END { if (count == 0) print (refused ? shown ": collectd does not take it" rest : substr(rest, 2)) }
  '
}

words=$(read_with all)
printf '%s\n' "$words" | is_fine && exit 0

words=$(read_with none)
if ! printf '%s\n' "$words" | is_fine; then
  printf '%s\n' "$words" | faults collectd.conf 0
  exit 1
fi

# The copy is the same for each, but for a name in it.
before=$(wc -l <"$DKM_COPY")
found=$(
  find -L "$ADDITIONS" -name '.?*' ! -name '..*' -prune -o -name '*.conf' ! -type d -print 2>&1 | sort | while IFS= read -r file; do
    case $file in
      "$ADDITIONS"/*) ;;
      *) printf '%s\n' "$file" && continue ;; # what find says of a directory that it cannot read
    esac
    words=$(read_with "$file")
    printf '%s\n' "$words" | is_fine || printf '%s\n' "$words" | faults "$file" "$before"
  done
)
if [ -n "$found" ]; then
  printf '%s\n' "$found"
else
  # Each is right by itself, but not with the others.
  read_with all | faults "$ADDITIONS" 0
fi
exit 1
