import { DkmError } from '../base/errors.ts';

/*
 * A directory may have any name. How each of the files that are read at boot wants such a name written is said here,
 * once. Control characters are refused before (see `refuseUnwritable`): no init system takes a line break in a path.
 */

/** Throws `preflight-refused` for text that cannot stand in a line of a file that is read at boot. */
export function refuseUnwritable(text: string, what: string): void {
  if (!/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed() && !text.includes('\ufffd')) return;
  throw new DkmError(
    'preflight-refused',
    `${what} ${JSON.stringify(text)} has characters in it that no init system takes (control characters, or not UTF-8).`,
    {
      hint: 'Install into a directory with another name.',
    },
  );
}

/** One word of a systemd setting that takes paths or assignments: quotes, backslashes and specifiers are escaped. systemd.syntax(7), systemd.unit(5) */
export function systemdWord(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** One word of a systemd command line, where a dollar sign stands for a variable, too. systemd.service(5) "Command lines" */
export function systemdArgument(text: string): string {
  return systemdWord(text).replaceAll('$', '$$$$');
}

/**
 * The program of a systemd command line. systemd takes neither quotes nor backslashes in its name, and reads a dollar
 * sign there in another way than in arguments; sh takes them all, and becomes the program.
 */
export function systemdProgram(path: string): string {
  if (/^\/[\w/.+,=-]*$/.test(path)) return path;
  return `/bin/sh -c 'exec "$$0" "$$@"' ${systemdArgument(path)}`;
}

/** Text that takes the rest of a systemd line, such as a description. A backslash at its end would take the next line along. */
export function systemdText(text: string): string {
  return text.replaceAll('%', '%%').replace(/\\+$/, '');
}

/** One word for sh. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text of an XML element. */
export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * A log's name in logrotate's configuration. logrotate takes quoted names for patterns of glob(7), so what is special
 * there is escaped. It looks for the braces of a section and for comments before it looks at quotes: such names throw.
 */
export function logrotateName(path: string): string {
  if (!/[{}#]/.test(path)) return `"${path.replace(/[\\"*?[\]]/g, '\\$&')}"`;
  throw new DkmError('preflight-refused', `logrotate cannot take names with braces or # in them: ${path}`, {
    hint: 'Leave --logrotate out: dkm rotates its logs itself.',
  });
}
