import { isEither, isListOf, isOneOf, isRecordWith, isText, type Shape } from '../base/shape.ts';

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
  /** Domains whose pages may use the interface from a browser; their sub-domains may, too. */
  corsDomains: string[];
  hostname: string;
}

/** A line of `parameter-list`: what it is called, and what a change does. */
export type MonitorParameter =
  | { type: 'raw'; key: string; value: string }
  | { type: 'file'; key: string; path: string }
  | { type: 'htpasswd'; key: string; textFile: string; user: string; htpasswdFile: string }
  /** `gracefulBin` makes whoever reads the file read it again; empty: nobody has to be told. */
  | { type: 'httpdcors'; key: string; file: string; gracefulBin: string };

/** The words of a line of `parameter-list`, as they stand in conf/dkm.toml. Keys become lines of an INI file. */
const PARAMETER_FORMS: Record<MonitorParameter['type'], { form: string; pattern: RegExp; build: (words: string[]) => MonitorParameter }> = {
  raw: { form: 'raw KEY VALUE', pattern: /^raw (\S+) (\S.*)$/, build: ([key = '', value = '']) => ({ type: 'raw', key, value }) },
  file: { form: 'file KEY PATH', pattern: /^file (\S+) (\/\S+)$/, build: ([key = '', path = '']) => ({ type: 'file', key, path }) },
  htpasswd: {
    form: 'htpasswd KEY TEXTFILE USER HTPASSWDFILE',
    pattern: /^htpasswd (\S+) (\/\S+) ([^\s:]+) (\/\S+)$/,
    build: ([key = '', textFile = '', user = '', htpasswdFile = '']) => ({ type: 'htpasswd', key, textFile, user, htpasswdFile }),
  },
  httpdcors: {
    form: 'httpdcors KEY FILE PROGRAM',
    pattern: /^httpdcors (\S+) (\/\S+) (\/\S+)$/,
    build: ([key = '', file = '', gracefulBin = '']) => ({ type: 'httpdcors', key, file, gracefulBin }),
  },
};

/** How the lines of `parameter-list` are written. */
export const PARAMETER_LINES = Object.values(PARAMETER_FORMS).map(({ form }) => form);

/** Reads a line of `parameter-list`; undefined when it is none of `PARAMETER_LINES`. Pure. */
export function parseParameter(line: string): MonitorParameter | undefined {
  const form = Object.entries(PARAMETER_FORMS).find(([type]) => line.startsWith(`${type} `))?.[1];
  const [, ...words] = form?.pattern.exec(line) ?? [];
  return words.length === 0 || /[\[\]=:#;]/.test(words[0] ?? '') ? undefined : form?.build(words);
}

const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/');

const isParameter: Shape = (value) =>
  isRecordWith({ type: isOneOf(...Object.keys(PARAMETER_SHAPES)), key: isText })(value) && isComplete(value as MonitorParameter);

const PARAMETER_SHAPES: Record<MonitorParameter['type'], Shape> = {
  raw: isRecordWith({ value: isText }),
  file: isRecordWith({ path: isPath }),
  htpasswd: isRecordWith({ textFile: isPath, user: isText, htpasswdFile: isPath }),
  httpdcors: isRecordWith({ file: isPath, gracefulBin: isEither(isOneOf(''), isPath) }),
};

const isComplete = (parameter: MonitorParameter): boolean => PARAMETER_SHAPES[parameter.type](parameter);

const isSpec = isRecordWith({
  title: isText,
  rootTitle: isText,
  baseUrl: isText,
  instances: isListOf(isText),
  publicPaths: isListOf(isPath),
  privatePaths: isListOf(isPath),
  parameters: isListOf(isParameter),
  corsDomains: isListOf(isText),
  hostname: isText,
});

/** True for a monitor as the commands of this version hand it to the supervisor. */
export function isMonitorSpec(value: unknown): value is MonitorSpec {
  return isSpec(value);
}
