import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { say, table } from '../../base/terminal.ts';
import { readAudit } from '../../console/access/audit.ts';

/** `dkm console audit`: the newest entries of the audit log, the newest last. */
export async function showAudit(layout: Layout, options: { lines: number; json?: boolean }): Promise<number> {
  const entries = (await readAudit(layout, { limit: options.lines })).reverse();
  if (options.json) say(JSON.stringify({ schema: 1, entries }, null, 1));
  else if (entries.length === 0) say('Nothing was noted yet.');
  else say(table([['TIME', 'WHO', 'VIA', 'FROM', 'ACTION', 'OUTCOME'], ...entries.map((each) => [each.time, each.account, each.via, each.address, `${each.action} ${each.subject}`.trim(), each.outcome].map(shown))])); // prettier-ignore
  return EXIT.fine;
}

/** Read from JSON, control characters are themselves again. */
function shown(text: string): string {
  return text.replace(/\p{C}/gu, '�');
}
