#!/usr/bin/env bash
# send-pickle.sh HOST PORT NAME VALUE [NAME VALUE ...]: sends points to carbon's pickle port in one message, with the time it is
# now. Needs nothing but bash: pickle's oldest protocol, 0, is text. Names must be ASCII.
set -euo pipefail
export LC_ALL=C # lengths are counted in bytes

host=$1 port=$2
shift 2
now=$(date +%s)
# A list of tuples (name, (time, value)): "(l" opens the list, "S", "I" and "F" are a text, an integer and a floating-point number,
# "t" closes a tuple, "a" appends it, "." is the end.
message=$'(l'
while (($# >= 2)); do
  message+="(S'$1'"$'\n'"(I$now"$'\n'"F$2"$'\n'"tta"
  shift 2
done
message+='.'
# First its length: four bytes, the highest first.
printf -v length '\\x%02x' $((${#message} >> 24 & 255)) $((${#message} >> 16 & 255)) $((${#message} >> 8 & 255)) $((${#message} & 255))
exec 3>"/dev/tcp/$host/$port"
printf "$length%s" "$message" >&3
