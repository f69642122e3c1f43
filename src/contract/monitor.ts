import { isListOf, isOneOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

/*
 * How an installation shows itself as a SlapOS monitoring instance: [monitor] of conf/dkm.toml with its defaults filled in.
 * Made by the commands, handed to the supervisor, which keeps the files of storage/monitor/.
 */

export interface MonitorSpec {
  /** What this instance is called. */
  title: string;
  /** What it is a part of (`root-title`). */
  rootTitle: string;
  /** Where the console answers, as others reach it, without a slash at the end. */
  baseUrl: string;
  /** Base addresses of the sub-monitors, in order (`monitor-url-list`). */
  instances: string[];
  /** Files and directories linked into public/ and private/. */
  publicPaths: string[];
  privatePaths: string[];
  /** What can be changed through the interface (`parameter-list`). */
  parameters: MonitorParameter[];
  hostname: string;
}

/** A line of `parameter-list`: what it is called, and what a change does. */
export type MonitorParameter =
  | { type: 'raw'; key: string; value: string }
  | { type: 'file'; key: string; path: string }
  | { type: 'htpasswd'; key: string; textFile: string; user: string; htpasswdFile: string }
  | { type: 'httpdcors'; key: string; file: string; gracefulBin: string };

const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/');

const isSpec = isRecordWith({
  title: isText,
  rootTitle: isText,
  baseUrl: isText,
  instances: isListOf(isText),
  publicPaths: isListOf(isPath),
  privatePaths: isListOf(isPath),
  parameters: isListOf(isRecordWith({ type: isOneOf('raw', 'file', 'htpasswd', 'httpdcors'), key: isText })),
  hostname: isText,
});

/** True for a monitor as the commands of this version hand it to the supervisor. */
export function isMonitorSpec(value: unknown): value is MonitorSpec {
  return isSpec(value);
}
