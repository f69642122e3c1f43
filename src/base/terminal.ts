import { DkmError } from './errors.ts';

/*
 * The only place that writes to standard output and standard error for people. Colour is used on a terminal only, and
 * not when NO_COLOR is set (https://no-color.org).
 */

let isOutlivingReaders = false;

/** Has this process go on when nobody reads what it prints: work that must not stop half-way, as where an ssh session ends. */
export function outliveReaders(outlive: boolean): void {
  isOutlivingReaders = outlive;
}

// Who reads may have enough of it (`dkm logs | head`): that ends us quietly, as it does other programs.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (isOutlivingReaders) return;
    if (error.code === 'EPIPE') process.exit(141); // 128 + SIGPIPE
    throw error;
  });
}

/** Prints a line to standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a line to standard error. */
export function sayAside(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Asks a person a question that is answered with yes or no. Throws `usage`, with what to do instead, where nobody can be
 * asked.
 */
export async function confirmed(question: string, otherwise: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw new DkmError('usage', `${question} There is no terminal to ask on.`, { hint: otherwise });
  const { createInterface } = await import('node:readline/promises'); // rarely needed
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}

/**
 * Reads a secret: the first line of standard input, or on a terminal what is typed twice and not shown. Throws `usage`,
 * with what to do instead, when there is none.
 */
export async function readSecretFrom(question: string, otherwise: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises'); // rarely needed
  if (!process.stdin.isTTY) {
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) if (line !== '') return line;
    throw new DkmError('usage', `${question}: none was given.`, { hint: otherwise });
  }
  const { Writable } = await import('node:stream');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = createInterface({ input: process.stdin, output: silent, terminal: true });
  const ask = async (text: string): Promise<string> => {
    process.stderr.write(`${text}: `);
    return asking.question('').finally(() => process.stderr.write('\n'));
  };
  try {
    const first = await ask(question);
    if ((await ask('The same again')) === first) return first;
    throw new DkmError('usage', 'The two are not the same; nothing was changed.');
  } finally {
    asking.close();
  }
}

/** True when a stream shows colours. */
export function hasColour(stream: { isTTY?: boolean } = process.stdout): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

const CODES = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof CODES;

/** Text in a colour, where `enabled`. */
export function coloured(text: string, colour: Colour, enabled = hasColour()): string {
  return enabled ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
}

/** Rows as a table of left-aligned columns, two spaces apart; the last column is as wide as it likes. Cells may be coloured. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, shownLength(cell))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - shownLength(cell) + 2)))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

function shownLength(text: string): number {
  return text.replace(/\u001b\[\d+m/g, '').length;
}

/** Bytes in the largest fitting unit of 1024: `61.2 MiB`. */
export function bytesInWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A time span by its two largest units: `3 d 4 h`, `12 m 5 s`, `48 s`. */
export function spanInWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value], index) => index === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}
