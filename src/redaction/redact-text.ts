import { formsOf, isSought } from './secrets.ts';

/*
 * Text without secrets. Two nets, one below the other: every known secret in every form, and everything that looks like
 * one. What is in doubt goes.
 */

/** What stands where a secret was. */
export const HIDDEN = '[hidden]';

/** Patterns take the square of a line's length at worst. */
const LONGEST_LINE = 4_096;

const WORD =
  '(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|secret[-_ ]?key|session[-_ ]?id|signature)';

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE REQUEST)[A-Z0-9 ]*-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g;
/** The end of a key whose beginning was cut off. */
const END_OF_KEY = /^(?:(?!-----BEGIN)[\s\S])*?-----END [A-Z0-9 ]*PRIVATE KEY[A-Z0-9 ]*-----/;

/** Each is replaced by what it captures first, and HIDDEN. */
const PATTERNS: readonly RegExp[] = [
  // scheme://user:password@host; passwords with "@" in them too
  /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>]+@/gi,
  // Headers, in logs of requests and in curl's -H
  /((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:key|token|auth|secret|session)[a-z-]*)["']?\s*[:=][^\n]*/gi,
  /\b(basic|bearer|digest|negotiate|token)\s+[A-Za-z0-9+/_.~=-]{6,}/gi,
  // --password hunter2
  new RegExp(`(\\B-[\\w-]*${WORD}[\\w-]*)[ =][^\\n]*`, 'gi'),
  // password = hunter2, "token": "…", PGPASSWORD=…: to the end of the line, as a value may hold anything
  new RegExp(`(${WORD}[\\w-]*["'\\]]*\\s*(?:=>|[:=]))[^\\n]*`, 'gi'),
  // Keys by the form that their makers gave them
  /()\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g,
  /()\b(?:AKIA|ASIA|AGPA|AROA)[0-9A-Z]{12,}/g,
  /()\b(?:gh[pousr]_|github_pat_|glpat-|glsa_|glc_|xox[a-z]-|sk[-_]|pk_live_|rk_live_|npm_|pypi-|dop_v1_|hvs\.|SG\.)[A-Za-z0-9_.-]{10,}/g,
  /()\bAIza[0-9A-Za-z_-]{20,}/g,
];

/** In logs a sentence may tell a secret: "the password is hunter2". */
const IN_A_SENTENCE = new RegExp(`(\\b${WORD}\\b)[^\\n]*`, 'gi');

const CANDIDATE = /[A-Za-z0-9+/_=-]{20,}/g;

/** True for what is rather a key than a word: long, and of letters and digits in disorder. Pure. */
export function looksRandom(text: string): boolean {
  const bare = text.replace(/[-_+/=]/g, '');
  if (bare.length < 20) return false;
  if (/^[0-9a-f]+$/i.test(bare)) return bare.length >= 32;
  const classes = [...bare].map((character) => (/\d/.test(character) ? 'd' : /[a-z]/.test(character) ? 'l' : 'u'));
  const changes = classes.filter((kind, index) => index > 0 && kind !== classes[index - 1]).length;
  // Names in camel case have no digits, and change from one kind to the other less often.
  return changes >= bare.length * (classes.includes('d') ? 0.25 : 0.5);
}

/** Takes secrets out of text. */
export interface Redactor {
  /** What others wrote: logs, messages of programs. */
  foreign: (text: string) => string;
  /** What we wrote: known secrets, and what has the form of one. */
  own: (text: string) => string;
  /** Known secrets alone. */
  known: (text: string) => string;
  /** True when a known secret is in these bytes, in any form of that many bytes or more. */
  finds: (bytes: Uint8Array, fewestBytes?: number) => boolean;
}

/** A redactor that knows these secrets. Pure. */
export function redactorOf(secrets: Iterable<string>): Redactor {
  const sought = [...new Set([...secrets].flatMap((secret) => [secret, secret.trim()]))].filter(isSought);
  // Longer ones first: a secret may begin with another one.
  const forms = [...new Set(sought.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const known = (text: string): string =>
    // Looking for each is quicker than one expression with all of them: most are nowhere.
    untilNothingChanges(text, (before) => forms.reduce((left, form) => (left.includes(form) ? left.replaceAll(form, HIDDEN) : left), before));
  const needles = forms.map((form) => Buffer.from(form));
  return {
    known,
    own: (text) => known(withoutPatterns(known(text))),
    foreign: (text) => known(withoutSentences(withoutPatterns(known(plainLines(text))))),
    finds: (bytes, fewestBytes = 0) => needles.some((needle) => needle.length >= fewestBytes && asBuffer(bytes).includes(needle)),
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Taking one secret out may put the parts of another together. Each pass is shorter, or hides something, so it ends. */
function untilNothingChanges(text: string, change: (text: string) => string): string {
  for (let before = text, passes = 0; ; passes += 1) {
    const after = change(before);
    if (after === before || passes === 8) return after;
    before = after;
  }
}

function withoutPatterns(text: string): string {
  const withoutKeys = text.replace(PRIVATE_KEY, HIDDEN).replace(END_OF_KEY, HIDDEN);
  return PATTERNS.reduce((left, pattern) => left.replace(pattern, (_, before: string) => `${before}${before === '' ? '' : ' '}${HIDDEN}`), withoutKeys);
}

function withoutSentences(text: string): string {
  return text.replace(IN_A_SENTENCE, `$1 ${HIDDEN}`).replace(CANDIDATE, (word) => (looksRandom(word) ? HIDDEN : word));
}

/** Without colours, which could stand in the middle of a secret, and without lines that are too long to be lines. */
function plainLines(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .split('\n')
    .map((line) => (line.length > LONGEST_LINE ? `[a line of ${line.length} characters, left out]` : line))
    .join('\n');
}

/** A value made of objects and lists, with `change` applied to each text in it; names of keys stay. Pure. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]));
}
