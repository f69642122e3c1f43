import { hasColour } from '../base/terminal.ts';

/*
 * What whoever reads can be shown: how wide, in colour or not, and with which characters.
 */

/** `braille`: 2 × 4 dots in each character; `blocks`: 1 × 2, for the fonts of a Linux console; `ascii`: a character is a dot. */
export type Glyphs = 'braille' | 'blocks' | 'ascii';

export interface Capabilities {
  /** Characters in a line. */
  width: number;
  /** Lines; undefined where they do not matter, as in a file. */
  height: number | undefined;
  colour: boolean;
  glyphs: Glyphs;
}

/** What pictures that are not for a terminal have. */
const PLAIN_WIDTH = 80;

/** What a stream can show: its own size when it is a terminal, else $COLUMNS, else 80 characters. */
export function capabilitiesOf(stream: { isTTY?: boolean; columns?: number; rows?: number }, env: NodeJS.ProcessEnv): Capabilities {
  const isTerminal = stream.isTTY === true;
  return {
    width: (isTerminal && positive(stream.columns)) || positive(Number(env['COLUMNS'])) || PLAIN_WIDTH,
    height: isTerminal ? positive(stream.rows) || positive(Number(env['LINES'])) : undefined,
    colour: hasColour(stream),
    glyphs: glyphsIn(env),
  };
}

/** Of a locale that is not UTF-8 only ASCII is shown. The first of the three that is set counts: POSIX, 8.2. Pure. */
export function glyphsIn(env: NodeJS.ProcessEnv): Glyphs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '') ?? '';
  if (!/utf-?8/i.test(locale)) return 'ascii';
  return env['TERM'] === 'linux' ? 'blocks' : 'braille';
}

function positive(number: number | undefined): number | undefined {
  return number !== undefined && Number.isInteger(number) && number > 0 ? number : undefined;
}
