import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/* docs/metrics.md, as something to compare stored names with. */

export interface DocumentedMetric {
  /** As it is written. */
  name: string;
  /** The heading that it stands below. */
  section: string;
  /** Where it is there only; empty: everywhere. */
  only: string;
  pattern: RegExp;
}

/** The rows of its tables; `<host>` is one of the given names, turned round. */
export function documentedMetrics(markdown: string, hosts: readonly string[]): DocumentedMetric[] {
  let section = '';
  return markdown.split('\n').flatMap((line) => {
    section = /^## (.*)$/.exec(line)?.[1] ?? section;
    const [, name = '', rest = ''] = /^\| `([^`]+)` \|(.*)\|$/.exec(line) ?? [];
    if (name === '' || name.startsWith('<prefix>')) return [];
    const only = rest.split('|').at(-1)?.trim() ?? '';
    return [{ name, section, only, pattern: patternOf(name, hosts) }];
  });
}

function patternOf(name: string, hosts: readonly string[]): RegExp {
  const escaped = (text: string): string => text.replace(/[.*+?^$()|[\]\\-]/g, '\\$&');
  const parts = name.split(/(<[^>]*>|\{[^}]*\})/).map((part) => {
    if (part === '<host>') return `(?:${hosts.map(escaped).join('|')})`;
    if (part.startsWith('<requests_in')) return 'requests_in_[^.]+';
    if (part.startsWith('<')) return '[^.]+';
    return part.startsWith('{') ? `(?:${part.slice(1, -1).split(',').map(escaped).join('|')})` : escaped(part);
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Names of all metrics in a store. */
export function storedMetrics(storage: string): string[] {
  return readdirSync(join(storage, 'whisper'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.wsp'))
    .map((path) => path.slice(0, -'.wsp'.length).replaceAll('/', '.'));
}
