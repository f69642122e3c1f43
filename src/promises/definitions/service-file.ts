/*
 * `<id>.cfg` beside an executable: an INI file with one section, as SlapOS has it. `%` is an ordinary character, text may
 * go on in indented lines. Section and keys: title, frequency, public-path-list, private-path-list; timeout (seconds) and
 * severity are dkm's own.
 */

/** What such a file says; `timeoutS` and `severity` as they stand there. */
export interface ServiceFile {
  title?: string;
  frequency?: string;
  timeoutS?: string;
  severity?: string;
  publicPaths: string[];
  privatePaths: string[];
}

const SECTION = 'service';
const KEYS = ['title', 'frequency', 'public-path-list', 'private-path-list', 'timeout', 'severity'] as const;
type Key = (typeof KEYS)[number];
/** In SlapOS's README, and never more than that. */
const IGNORED = ['cgi-path-list'];

/** What was read, and what is wrong with the rest. */
export interface ReadServiceFile {
  file: ServiceFile;
  faults: string[];
}

/** Reads such a file; a fault is about one line or key, and what else stands there holds. Pure. */
export function parseServiceFile(text: string): ReadServiceFile {
  const { values, faults } = parseLines(text);
  const one = (key: Key): string | undefined => {
    const value = values.get(key)?.join(' ').trim();
    return value === '' ? undefined : value;
  };
  const list = (key: Key): string[] => (values.get(key) ?? []).flatMap((line) => line.split(/\s+/)).filter((path) => path !== '');
  const [title, frequency, timeoutS, severity] = [one('title'), one('frequency'), one('timeout'), one('severity')];
  const file: ServiceFile = {
    ...(title !== undefined && { title }),
    ...(frequency !== undefined && { frequency }),
    ...(timeoutS !== undefined && { timeoutS }),
    ...(severity !== undefined && { severity }),
    publicPaths: list('public-path-list'),
    privatePaths: list('private-path-list'),
  };
  return { file, faults };
}

interface Parsed {
  values: Map<string, string[]>;
  faults: string[];
}

/** As Python's configparser, which SlapOS reads them with: # and ; begin comments, = or : divide key and value. */
function parseLines(text: string): Parsed {
  const parsed: Parsed = { values: new Map(), faults: [] };
  let section: string | undefined;
  let open: string[] | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.trim();
    const fault = (what: string): number => parsed.faults.push(`line ${index + 1}: ${what}`);
    if (line === '' || /^[#;]/.test(line)) continue;
    if (/^\s/.test(raw) && open !== undefined) {
      open.push(line);
      continue;
    }
    const heading = /^\[([^\]]*)\]$/.exec(line)?.[1];
    if (heading !== undefined) {
      section = heading.trim();
      open = undefined;
      if (section !== SECTION) fault(`expected [${SECTION}], found [${section}]`);
      continue;
    }
    open = takeKey(parsed, section, line, fault);
  }
  return parsed;
}

/** Takes a line `key = value`; returns the list that its continuation goes to. */
function takeKey({ values }: Parsed, section: string | undefined, line: string, fault: (what: string) => void): string[] {
  const continued: string[] = [];
  const [, name, value = ''] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line) ?? [];
  if (name === undefined) fault(`expected "key = value", found "${line.slice(0, 80)}"`);
  else if (section === undefined) fault(`expected [${SECTION}] first, found "${line.slice(0, 80)}"`);
  else if (section === SECTION) {
    const key = name.toLowerCase();
    if (values.has(key)) fault(`${key} stands there twice`);
    else if ((KEYS as readonly string[]).includes(key)) {
      continued.push(value);
      values.set(key, continued);
    } else if (!IGNORED.includes(key)) fault(`${key}: unknown key, expected ${KEYS.join(', ')}`);
  }
  return continued;
}
