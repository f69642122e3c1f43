import type { PanelDefinition, VariableDefinition } from '../vocabulary.ts';
import { WHOLE } from './common.ts';

/*
 * What the dashboards about Dataiku DSS have in common. DSS's names, as its monitoring integration sends them:
 *   <prefix>.backend.server.…    what the backend says of itself
 *   <prefix>.collectd.…          what its collectd says of the machine
 * The prefix is dss.<host turned round>.<port> unless it was given: dataiku.dss.<instance> is what we recommend.
 */

/** Nodes that may follow "dss" in a prefix: an instance's name, or a host turned round and a port. */
const DEPTHS = [1, 2, 3, 4, 5, 6] as const;

/** Prefixes below which there is `metric`: `dataiku.dss.design`, `dss.org.example.host.11200`. */
export function prefixesWith(...metrics: readonly string[]): string {
  const roots = ['$prefix', 'dss'];
  const found = metrics.map((metric) => {
    const all = roots.flatMap((root) => DEPTHS.map((depth) => [root, ...Array.from({ length: depth }, () => '*'), metric].join('.')));
    return `aliasSub(group(${all.join(', ')}), '\\.${metric.replaceAll('.', '\\.')}$', '')`;
  });
  return `group(${[...found, NONE].join(', ')})`;
}

/** Stands last among the choices: a variable without any would leave targets that nobody understands. */
const NONE = "alias(constantLine(0), 'none')";

export const dssPrefixVariable: VariableDefinition = {
  kind: 'text',
  name: 'prefix',
  label: 'Prefix',
  about: 'What the prefixes of your instances begin with, besides "dss".',
  current: 'dataiku.dss',
};

/** An instance, by its prefix; "none" where there is none yet. */
export function instanceVariable(label: string, ...metrics: readonly string[]): VariableDefinition {
  return {
    kind: 'names',
    name: 'instance',
    label,
    about: 'The prefix that DSS sends with, as it was set in DSS.',
    target: prefixesWith(...metrics),
    current: '',
  };
}

/** What is to be done where a dashboard is empty. */
export function connect(text: string): PanelDefinition {
  return { kind: 'text', title: '', width: WHOLE, height: 3, text };
}
