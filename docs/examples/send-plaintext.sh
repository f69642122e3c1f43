#!/usr/bin/env bash
# send-plaintext.sh HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's plaintext port, one a line, with the time
# it is now. Needs nothing but bash.
set -euo pipefail

host=$1 port=$2
shift 2
exec 3>"/dev/tcp/$host/$port"
while (($# >= 2)); do
  printf '%s %s %s\n' "$1" "$2" "$(date +%s)" >&3
  shift 2
done
