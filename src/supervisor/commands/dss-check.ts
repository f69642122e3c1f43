import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say, spanInWords, table, type Colour } from '../../base/terminal.ts';
import { readSettings } from '../../contract/settings.ts';
import { GONE_AFTER_DAYS, type InstanceAge, type InstanceState } from '../../dss/ages.ts';
import { checkDss, type Checked } from '../../dss/check.ts';
import { MATCHES, runsDss, type HostProcesses } from '../../dss/processes.ts';
import { templateContext } from '../../manifest/context.ts';

/** `dkm dss check`: does data of DSS arrive, and how old is it? 0: somebody sends and nobody is silent; 1 otherwise, with what to look at. */
export async function checkArrival(layout: Layout, options: { prefix?: string[]; json?: boolean }): Promise<number> {
  const settings = await readSettings(layout.settings);
  const { connect } = templateContext('', settings, layout);
  const checked = await checkDss({
    settings,
    carbon: connect.carbon,
    query: connect.query,
    prefixes: options.prefix ?? [],
    dkm: 'dkm',
    now: Date.now,
  });
  if (options.json) say(JSON.stringify(checked, null, 1));
  else tell(checked);
  return checked.ok ? EXIT.fine : EXIT.failed;
}

function tell({ instances, processes, advice }: Checked): void {
  const sections = [
    ...(instances.length > 0 ? [instanceTable(instances)] : []),
    ...(processes.length > 0 ? [processesInWords(processes)] : []),
    ...(advice.length > 0 ? [advice.map((line) => `- ${line}`).join('\n')] : []),
  ];
  say(sections.join('\n\n'));
}

const COLOUR_OF_STATE: Record<InstanceState, Colour> = { sends: 'green', silent: 'red', gone: 'grey' };

function instanceTable(instances: readonly InstanceAge[]): string {
  const head = ['INSTANCE', 'KIND', 'STATE', 'NEWEST', 'METRICS', 'SENT BY'].map((title) => coloured(title, 'bold'));
  return table([
    head,
    ...instances.map(({ prefix, kind, state, ageSeconds, metrics, parts }) => [
      prefix,
      kind,
      coloured(state, COLOUR_OF_STATE[state]),
      ago(ageSeconds),
      String(metrics),
      parts.map(({ name, metrics: count, ageSeconds: age }) => `${name} (${count}, ${ago(age)})`).join(', '),
    ]),
  ]);
}

function processesInWords(processes: readonly HostProcesses[]): string {
  const running = processes.filter(runsDss);
  const others = processes.length - running.length;
  if (running.length === 0) return `collectd sees no process of DSS on ${hosts(others)} that it measures.`;
  const head = ['HOST', ...MATCHES.map((match) => `DSS_${match.toUpperCase()}`), 'SEEN'].map((title) => coloured(title, 'bold'));
  const rows = running.map(({ host, counts, ageSeconds }) => [host, ...MATCHES.map((match) => String(counts[match] ?? '-')), ago(ageSeconds)]);
  return `${table([head, ...rows])}${others > 0 ? `\nNone on ${hosts(others)} more.` : ''}`;
}

function hosts(count: number): string {
  return count === 1 ? 'one host' : `${count} hosts`;
}

function ago(ageSeconds: number | null): string {
  return ageSeconds === null ? `none for ${GONE_AFTER_DAYS} d` : `${spanInWords(ageSeconds)} ago`;
}
