/*
 * A line of a picture: pieces of text, each in a colour or in none. What stands in a cell and how a terminal is told are
 * kept apart, so that a line can be measured and cut.
 */

/** Numbers of SGR (ECMA-48, 8.3.117), such as `31` or `1;36`; empty for none. */
export type Style = string;

export interface Piece {
  text: string;
  style?: Style;
}

export const STYLES = { bold: '1', red: '31', green: '32', yellow: '33', cyan: '36', grey: '90', reverse: '7' } as const;

/** Colours of series, told apart on dark and on light ground. */
const SERIES_STYLES: readonly Style[] = ['36', '33', '32', '35', '34', '31', '96', '93', '92', '95', '94', '91'];

export function styleOfSeries(index: number): Style {
  return SERIES_STYLES[index % SERIES_STYLES.length] ?? '';
}

/** The same as the colour of what lies behind. */
export function asBackground(style: Style): Style {
  return String(Number(style) + 10);
}

/** A line as a terminal takes it; without colours where they are not wanted. */
export function written(pieces: readonly Piece[], colour: boolean): string {
  let result = '';
  let style = '';
  for (const { text, style: given = '' } of pieces) {
    const wanted = colour ? given : '';
    if (wanted !== style) result += `${style === '' ? '' : '\u001b[0m'}${wanted === '' ? '' : `\u001b[${wanted}m`}`;
    style = wanted;
    result += text;
  }
  return style === '' ? result : `${result}\u001b[0m`;
}
