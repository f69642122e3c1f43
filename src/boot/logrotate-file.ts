import { join } from 'node:path';
import type { InstallationFacts } from './facts.ts';
import { markerOf } from './marker.ts';
import { logrotateName, shellWord } from './quoting.ts';

/**
 * logrotate's configuration for an installation. Logs that their programs open anew are moved away; those that nobody
 * opens anew (what a program prints, or a program that only a restart would help) are copied and cut. Pure. logrotate(8)
 */
export function logrotateFile({ layout, owner, services }: InstallationFacts): string {
  const printed = new Set(services.map(({ name }) => join(layout.logs, `${name}.log`)));
  const isMoved = services.flatMap(({ reopen, logFiles }) =>
    reopen === 'restart' ? [] : logFiles.filter((file) => !printed.has(file) || logFiles.length === 1),
  );
  const all = [...new Set(services.flatMap(({ logFiles }) => logFiles)), layout.supervisorLog];
  const moved = all.filter((file) => isMoved.includes(file));
  const copied = all.filter((file) => !isMoved.includes(file));
  // Not a section with "postrotate" alone: logrotate runs that as root, and the program belongs to a user.
  const reopen = `runuser -u ${shellWord(owner.user)} -- ${shellWord(join(layout.bin, 'dkm'))} reopenlogs >/dev/null`;
  return `# Made by "dkmadmin install-boot --logrotate"; "dkmadmin remove-boot" removes it.
# ${markerOf(layout.root)}
${section(moved, owner, `  # Logs are moved away, and their programs open new ones.\n  sharedscripts\n  postrotate\n    ${reopen}\n  endscript\n`)}${section(
    copied,
    owner,
    '  # Nobody opens these anew: what is printed while one is copied may be lost.\n  copytruncate\n',
  )}`;
}

function section(files: readonly string[], owner: { user: string; group: string }, more: string): string {
  if (files.length === 0) return '';
  return `
${files.map(logrotateName).join('\n')}
{
  # Whose directory it is, lest root follow links that lie there.
  su ${owner.user} ${owner.group}
  daily
  maxsize 100M
  rotate 14
  compress
  delaycompress
  missingok
  notifempty
${more}}
`;
}
