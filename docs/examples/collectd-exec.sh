#!/bin/sh
# collectd-exec.sh DIRECTORY: tells collectd, as often as it asks for, how many files are in DIRECTORY. For its plug-in
# exec, see collectd-exec.conf. collectd sets the two variables and ends the program when it ends itself.
host=${COLLECTD_HOSTNAME:-localhost}
interval=${COLLECTD_INTERVAL:-10}

while :; do
  # HOST/PLUGIN-INSTANCE/TYPE-INSTANCE is stored as collectd.HOST.PLUGIN.INSTANCE.TYPE.INSTANCE: exec.spool.files.waiting.
  # The types are those of types.db; N is "now".
  printf 'PUTVAL "%s/exec-spool/files-waiting" interval=%s N:%s\n' "$host" "$interval" "$(find "$1" -type f | wc -l)"
  sleep "$interval"
done
