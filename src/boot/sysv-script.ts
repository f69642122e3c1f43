import { join } from 'node:path';
import type { InstallationFacts } from './facts.ts';
import { markerOf } from './marker.ts';
import { shellWord } from './quoting.ts';

/**
 * The script in /etc/init.d of an installation. Pure.
 * Its form and exit codes: Linux Standard Base 5.0, "Init Script Actions" and "Comment Conventions for Init Scripts".
 */
export function sysvScript({ layout, owner }: InstallationFacts, unit: string): string {
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${unit}
# Required-Start:    $local_fs $remote_fs $network
# Required-Stop:     $local_fs $remote_fs $network
# Should-Start:      $time $named
# Should-Stop:       $time $named
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: dkm monitoring
# Description:       Starts the services of a dkm installation, as the user it belongs to.
### END INIT INFO
# chkconfig: 2345 90 10
# description: dkm monitoring
#
# Made by "dkmadmin install-boot"; "dkmadmin remove-boot" removes it.
# ${markerOf(layout.root)}

dkm=${shellWord(join(layout.bin, 'dkm'))}
owner=${shellWord(owner.user)}
owner_id=${owner.userId}

as_owner() {
  cd / || exit 1
  me=$(id -u)
  if [ "$me" = "$owner_id" ]; then
    "$dkm" "$@"
  elif [ "$me" != 0 ]; then
    echo "${unit}: only root and $owner may do this." >&2
    exit 4
  elif command -v runuser >/dev/null 2>&1; then
    runuser -u "$owner" -- "$dkm" "$@"
  else
    su -s /bin/sh -c 'exec "$0" "$@"' "$owner" "$dkm" "$@"
  fi
}

# 0: it runs; 3: it does not; 150: it runs, but a service of it is unhealthy or failed; 4: unknown.
status() {
  as_owner status
  case $? in
    0) return 0 ;;
    1) return 150 ;;
    3) return 3 ;;
    *) return 4 ;;
  esac
}

if [ ! -x "$dkm" ]; then
  echo "${unit}: $dkm is not there." >&2
  # What is not there does not run.
  case "$1" in
    stop) exit 0 ;;
    status) exit 4 ;;
    *) exit 5 ;;
  esac
fi

case "$1" in
  start | stop | reload) as_owner "$1" ;;
  # Not "dkm restart": the supervisor is to be a new one, too.
  restart) as_owner stop && as_owner start ;;
  force-reload) as_owner reload ;;
  try-restart | condrestart)
    status >/dev/null
    case $? in
      0 | 150) as_owner stop && as_owner start ;;
      *) exit 0 ;;
    esac
    ;;
  status) status ;;
  *)
    echo "Usage: $0 {start|stop|restart|try-restart|reload|force-reload|status}" >&2
    exit 2
    ;;
esac
`;
}
