import parseSpdx from 'spdx-expression-parse';
import { DkmError, messageOf } from '../base/errors.ts';
import { matcherOf } from './prune.ts';

/** What licence texts are called where a manifest does not say. */
const USUAL = ['{licen[cs]e,copying,notice,copyright}*'];
const isUsual = matcherOf(USUAL, { nocase: true });

/** True for file names such as LICENSE, COPYING.txt and NOTICE; not for source code about licences. */
export function isLicenceName(name: string): boolean {
  return isUsual(name) && !/\.(go|js|ts|json|py|html)$/i.test(name);
}

/** Which of a component's files are licence texts: those its manifest names, or what has a usual name at its top. */
export function licenceFilesOf(paths: readonly string[], globs: readonly string[]): string[] {
  if (globs.length > 0) return paths.filter(matcherOf(globs));
  return paths.filter((path) => !path.includes('/') && isLicenceName(path));
}

/** The licence expression, when it is one. Throws `licence-unknown` naming whose it is. */
export function knownLicence(whose: string, expression: string | undefined, hint: string): string {
  if (expression === undefined || expression === '') throw new DkmError('licence-unknown', `${whose}: expected a licence, found none.`, { hint });
  try {
    parseSpdx(expression);
    return expression;
  } catch (error) {
    throw new DkmError('licence-unknown', `${whose}: expected an SPDX licence expression, found ${JSON.stringify(expression)} (${messageOf(error)}).`, {
      hint,
      cause: error,
    });
  }
}

/** The licence identifiers in an expression, each once. */
export function licenceIdentifiers(expression: string): string[] {
  const found = new Set<string>();
  const visit = (node: ReturnType<typeof parseSpdx>): void => {
    if ('license' in node) found.add(node.license);
    else [node.left, node.right].forEach(visit);
  };
  visit(parseSpdx(expression));
  return [...found];
}

/** True for licences that ask for the source code to be offered along with the program. */
export function asksForSource(expression: string): boolean {
  return licenceIdentifiers(expression).some((identifier) => /^(A?GPL|LGPL|MPL|EPL|CDDL)-/.test(identifier));
}
