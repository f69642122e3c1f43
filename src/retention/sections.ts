import { DkmError } from '../base/errors.ts';
import type { Dialect } from '../whisper/aggregation.ts';

/*
 * storage-schemas.conf and storage-aggregation.conf as the stores read them. They look alike and are not quite:
 * carbon uses Python's configparser (https://docs.python.org/3/library/configparser.html), go-carbon has a reader of
 * its own (persister/ini.go).
 */

/** A section: its name, and its keys in small letters. */
export interface Section {
  name: string;
  line: number;
  values: Map<string, string>;
}

/** Reads the sections of such a file, in their order. What the store would refuse is an error that names file and line. */
export function readSections(text: string, file: string, dialect: Dialect): Section[] {
  const sections: Section[] = [];
  let lastKey: string | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const section = sections.at(-1);
    if (line === '') {
      lastKey = dialect === 'go-carbon' ? undefined : lastKey;
    } else if (line.startsWith('#') || line.startsWith(';')) {
      continue;
    } else if (dialect === 'carbon-cache' && /^\s/.test(raw) && section && lastKey !== undefined) {
      section.values.set(lastKey, `${section.values.get(lastKey) ?? ''}\n${line}`);
    } else if (line.startsWith('[')) {
      sections.push({ name: sectionName(line, index, file), line: index + 1, values: new Map() });
      lastKey = undefined;
    } else {
      lastKey = addValue(section, line, index, file, dialect);
    }
  }
  if (dialect === 'carbon-cache') refuseRepetitions(sections, file);
  return sections;
}

function sectionName(line: string, index: number, file: string): string {
  const name = /^\[(.+)\]$/.exec(line)?.[1]?.trim();
  if (!name) throw wrongLine(file, index, `expected a section such as [default], found ${line}`);
  return name;
}

/** Adds `key = value` to a section and returns the key. */
function addValue(section: Section | undefined, line: string, index: number, file: string, dialect: Dialect): string {
  const match = (dialect === 'go-carbon' ? /^([^=]*)=(.*)$/ : /^([^=:]*)[=:](.*)$/).exec(line);
  const key = match?.[1]?.trim().toLowerCase();
  if (!key) throw wrongLine(file, index, `expected "key = value", found ${line}`);
  if (!section) throw wrongLine(file, index, `expected a section such as [default] before ${line}`);
  if (dialect === 'carbon-cache' && section.values.has(key)) throw wrongLine(file, index, `${key} stands in [${section.name}] twice`);
  section.values.set(key, valueOf(match?.[2]?.trim() ?? '', dialect, file, index));
  return key;
}

/** go-carbon takes quotes away; configparser takes `%%` for a percent sign, and anything else after one for a reference. */
function valueOf(text: string, dialect: Dialect, file: string, index: number): string {
  if (dialect === 'go-carbon') return text.replace(/^["']+|["']+$/g, '');
  if (/%/.test(text.replaceAll('%%', ''))) throw wrongLine(file, index, 'a percent sign must be written twice (%%) for carbon-cache');
  return text.replaceAll('%%', '%');
}

function refuseRepetitions(sections: readonly Section[], file: string): void {
  const seen = new Set<string>();
  for (const { name, line } of sections) {
    if (seen.has(name)) throw wrongLine(file, line - 1, `there are two sections [${name}]`);
    seen.add(name);
  }
}

function wrongLine(file: string, index: number, what: string): DkmError {
  return new DkmError('file-invalid', `${file}: line ${index + 1}: ${what}.`, { hint: `The store would refuse it, too: mend ${file}.` });
}
