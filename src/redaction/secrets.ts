/*
 * What a secret is: a value that is known to be one, in whatever form it was written down, or the value of a key whose
 * name says so.
 */

const SECRET_NAME =
  /pass|pwd|secret|token|credential|auth(?!or\b|ors\b)|cookie|salt|signature|signing|bearer|session|dsn|webhook|connection_?string|_key$|-key$|apikey|^key$|private|license|encryption/i;
/** A key that names where something is, not what it is. */
const NAMES_A_PLACE = /[-_](file|path|dir|directory|folder)$|(File|Path|Dir)$/;

/** True for a key whose value is to be taken for a secret. Pure. */
export function isSecretName(key: string): boolean {
  return SECRET_NAME.test(key) && !NAMES_A_PLACE.test(key);
}

/** Below this a secret cannot be told from ordinary text: it is hidden where it stands, and not looked for elsewhere. */
export const SHORTEST_SOUGHT = 4;

/** Values that keys with such names often have, and that give nothing away. */
const ORDINARY = new Set([
  'true',
  'false',
  'none',
  'null',
  'auto',
  'admin',
  'default',
  'disabled',
  'enabled',
  'basic',
  'password',
  'secret',
  'token',
  'required',
  'optional',
  'strict',
]);

/** True for a value that can be looked for everywhere: long enough, and no word of every configuration. Pure. */
export function isSought(value: string): boolean {
  const isNumber = /^[-+.\d\s]*$/.test(value);
  return value.length >= (isNumber ? 6 : SHORTEST_SOUGHT) && !ORDINARY.has(value.toLowerCase());
}

/**
 * Every way in which a secret may have been written down: as it is, and as JSON, TOML, shell, URLs, HTML, hexadecimal
 * and base64 write it, the last one also as a part of something longer (`user:password`). Pure.
 */
export function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = [...Buffer.from(secret)];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const forms = [
    secret,
    json,
    json.replaceAll('/', '\\/'),
    JSON.stringify(json).slice(1, -1),
    asciiJson(secret),
    secret.replaceAll('\\', '\\\\'),
    secret.replaceAll("'", "'\\''"),
    secret.replaceAll("'", "\\'"),
    secret.replaceAll("'", "''"),
    secret.replaceAll('"', '""'),
    secret.replaceAll('%', '%%'),
    secret.replaceAll('$', '$$$$'),
    ...urlForms(secret),
    hex.map((pair) => `%${pair}`).join(''),
    hex.map((pair) => `%${pair.toUpperCase()}`).join(''),
    hex.join(''),
    hex.join('').toUpperCase(),
    hex.map((pair) => `\\x${pair}`).join(''),
    htmlEscaped(secret),
    htmlEscaped(secret).replaceAll('&#39;', '&#x27;').replaceAll('&quot;', '&#34;'),
    ...base64Forms(Buffer.from(secret)),
  ];
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST_SOUGHT);
}

function asciiJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]|[<>&']/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function urlForms(secret: string): string[] {
  const encoded = encodeURIComponent(secret.toWellFormed());
  const strict = encoded.replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ x: secret }).toString().slice(2);
  return [encoded, strict, form, encodeURI(secret.toWellFormed())].flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (pair) => pair.toLowerCase())]);
}

function htmlEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/** Fewer characters of base64 would be found by chance. */
const SHORTEST_BASE64 = 6;

/** The characters that base64 makes of these bytes wherever they begin in a longer text: three alignments, two alphabets. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Of the first and the last character only a part comes from these bytes.
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return core.length < SHORTEST_BASE64 ? [] : [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
