import { spanInWords } from '../base/terminal.ts';
import { nearest } from '../promises/definitions/nearest.ts';
import { nameOf } from '../console/explorer/nodes.ts';
import type { QueryService } from './query.ts';
import { harmless } from './text.ts';

/*
 * Why there is nothing to see under a name: there is no such name, or nothing was sent lately.
 */

const NAMED = 8;
/** How far back is looked for a newest point: exactly, and then roughly. */
const LATELY_S = 3 * 3600;
const LOOK_BACK_S = 30 * 86_400;

/** What is known of a target without data, in sentences. */
export async function whyNothing(service: QueryService, target: string, nowMs: number): Promise<string> {
  const pattern = patternIn(target);
  if (pattern === undefined) return `${harmless(target)}: the query service knows no such series.`;
  const found = await service.find(pattern);
  const metrics = found.filter(({ isMetric }) => isMetric);
  if (metrics.length > 0) return silence(service, pattern, nowMs);
  const [folder] = found;
  if (folder !== undefined) {
    const below = await service.find(`${folder.path}.*`);
    return `${harmless(pattern)} is no metric, but a folder. Below it ${areInWords(below.map(({ path }) => nameOf(path)))}.`;
  }
  return nearName(service, pattern);
}

/** The first name of metrics in a target: `summarize(a.b.*, "1h")` has `a.b.*`. Pure. */
export function patternIn(target: string): string | undefined {
  const text = target.replace(/"[^"]*"|'[^']*'/g, '');
  for (const { 0: word, index } of text.matchAll(/(?:\{[^{}]*\}|[^\s(),{}])+/g)) {
    const isFunction = /^\s*\(/.test(text.slice(index + word.length));
    if (!isFunction && /[A-Za-z*[{]/.test(word) && !/^(true|false|none)$|=/i.test(word)) return word;
  }
  return undefined;
}

async function silence(service: QueryService, pattern: string, nowMs: number): Promise<string> {
  const untilS = Math.ceil(nowMs / 1000);
  const newestOf = async (seconds: number, mostPoints: number): Promise<number> => {
    const series = await service.render([pattern], untilS - seconds, untilS, { mostPoints });
    return Math.max(...series.map(({ points }) => points.findLast(([, value]) => value !== null)?.[0] ?? -Infinity));
  };
  const lately = await newestOf(LATELY_S, LATELY_S);
  const newest = Number.isFinite(lately) ? lately : await newestOf(LOOK_BACK_S, 720);
  const name = harmless(pattern);
  if (!Number.isFinite(newest)) return `${name} is known, and has no point of the last 30 days.`;
  return `${name} is known, and has no point of this time; its newest one is about ${spanInWords(untilS - newest)} old.`;
}

/** Goes down the parts of a name as far as there is something. */
async function nearName(service: QueryService, pattern: string): Promise<string> {
  const parts = pattern.split('.');
  for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
    const above = parts.slice(0, depth).join('.');
    const children = await service.find(above === '' ? '*' : `${above}.*`);
    if (children.length === 0) continue;
    const names = [...new Set(children.map(({ path }) => nameOf(path)))];
    const missing = parts[depth] ?? '';
    const meant = nearest(missing, names);
    const where = above === '' ? 'At the top' : `Below ${harmless(above)}`;
    return `No metric is named ${harmless(pattern)}. ${where} ${areInWords(names)}.${meant === undefined ? '' : ` Did you mean "${harmless(meant)}"?`}`;
  }
  return `No metric is named ${harmless(pattern)}: the store is empty.`;
}

function areInWords(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map(harmless);
  const more = names.length - shown.length;
  return `${names.length === 1 ? 'is' : 'are'} ${[...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')}`;
}
