/*
 * Patterns of storage-schemas.conf are regular expressions of Python (carbon-cache) or Go (go-carbon), searched for
 * anywhere in a metric's name, large and small letters being different. JavaScript's mean the same for everything that
 * is common; what would silently mean something else is translated, or refused:
 * https://docs.python.org/3/library/re.html#regular-expression-syntax, https://github.com/google/re2/wiki/Syntax
 */

/** Constructs that JavaScript takes for something else, or that one of the stores does. */
const DIFFERENT = [
  { pattern: /\\[^dDwWsSbBAzZtnrfvx0-9\W_]/, what: (found: string) => `${found}` },
  { pattern: /\[\^?\]/, what: () => 'a class that begins with ]' },
  { pattern: /\[\[?:[a-z^]+:\]/, what: (found: string) => `${found}]` },
  { pattern: /\(\?(?:P[=>]|#|>|[a-z]+\))/, what: (found: string) => found },
  { pattern: /\{,\d/, what: (found: string) => found },
] as const;

/** A store's pattern as a JavaScript expression, or why it cannot be one. */
export function toRegExp(pattern: string): RegExp | { why: string } {
  const inline = /^\(\?([is]+)\)/.exec(pattern);
  const body = pattern
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\A/g, '$1^')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\[zZ]/g, '$1$');
  const unescaped = body.replaceAll('\\\\', '');
  for (const { pattern: different, what } of DIFFERENT) {
    const found = different.exec(unescaped);
    if (found) return { why: `dkm cannot tell what ${what(found[0])} means to the store` };
  }
  try {
    return new RegExp(body, inline?.[1] ?? '');
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
