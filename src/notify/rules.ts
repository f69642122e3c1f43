import picomatch from 'picomatch';
import type { Channel, NotifySpec } from '../contract/notify.ts';
import type { PromiseRules } from './settle.ts';

type Matches = (id: string) => boolean;

const compiled = new WeakMap<readonly string[], Matches>();

/** True for an id that one of the globs matches. Lists are compiled once and must not be changed. */
export function matchesAny(globs: readonly string[], id: string): boolean {
  let matches = compiled.get(globs);
  if (!matches) compiled.set(globs, (matches = picomatch([...globs], { dot: true, nonegate: true })));
  return matches(id);
}

/** The rules for one promise: those of the first exception that names it, else those for all. */
export function rulesFor({ rules, exceptions }: Pick<NotifySpec, 'rules' | 'exceptions'>, id: string): PromiseRules {
  const exception = exceptions.find(({ promises }) => matchesAny(promises, id));
  return exception === undefined ? rules : { ...rules, ...exception };
}

/** True when a channel is to hear of promises of this name and severity. */
export function isFor(channel: Pick<Channel, 'promises' | 'severities'>, id: string, severity: string): boolean {
  if (channel.severities.length > 0 && !channel.severities.includes(severity)) return false;
  return channel.promises.length === 0 || matchesAny(channel.promises, id);
}
