import { readdirSync, readlinkSync, statSync } from 'node:fs';

/*
 * Who has a file open that may have no name any more. Only Linux tells without further programs: /proc/<pid>/fd
 * (https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html).
 */

/** A file, whatever its name. */
export interface Identity {
  dev: number;
  ino: number;
}

/** Whether another process of this user has a metric's file open; `unknown` where the system does not say. */
export function isOpenElsewhere(file: Identity): boolean | 'unknown' {
  const processes = listed('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  if (processes.length === 0 && listed('/proc/self/fd').length === 0) return 'unknown';
  return processes.some((pid) => listed(`/proc/${pid}/fd`).some((descriptor) => isFile(`/proc/${pid}/fd/${descriptor}`, file)));
}

/** Names in a directory; none where it has gone, or is somebody else's. */
function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // a process that ended, or one of another user, who can have no file of ours open
  }
}

function isFile(descriptor: string, { dev, ino }: Identity): boolean {
  try {
    // The name is cheaper than stat(2), and stays when the file lost it: "x.wsp (deleted)".
    if (!readlinkSync(descriptor).includes('.wsp')) return false;
    const found = statSync(descriptor);
    return found.dev === dev && found.ino === ino;
  } catch {
    return false; // closed meanwhile
  }
}
