/*
 * Text of others (names of metrics, messages) on a terminal: nothing in it may be taken for a command of the terminal, and
 * no line may be wider than it looks.
 */

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const NO_WIDTH = /[\p{M}\p{Cf}]/u;
/** Ends of lines and tabs are shown as a space, what else has no picture as a question mark. */
const SPACE = /[\t\n\v\f\r\u2028\u2029]/g;
const NO_PICTURE = /[\p{Cc}\p{Cs}\p{Co}\u202a-\u202e\u2066-\u2069]/gu;

/** Text without anything that a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(SPACE, ' ').replace(NO_PICTURE, '?');
}

/** Columns that a text without colours takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
}

function widthOfCharacter(character: string): number {
  if (character <= '~') return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The beginning of a text that takes at most so many columns. */
export function cut(text: string, width: number): string {
  let taken = 0;
  let result = '';
  for (const character of text) {
    taken += widthOfCharacter(character);
    if (taken > width) break;
    result += character;
  }
  return result;
}

/** As `cut`, with a mark where something was left out. */
export function shortened(text: string, width: number, mark = '…'): string {
  if (widthOf(text) <= width) return text;
  return width <= 1 ? cut(text, width) : `${cut(text, width - 1)}${mark}`;
}

/** At most so many columns; what is left out is left out of the middle, as names differ at both ends. */
export function shortenedInside(text: string, width: number, mark = '…'): string {
  if (widthOf(text) <= width) return text;
  if (width <= 4) return shortened(text, width, mark);
  const before = Math.floor((width - 1) / 2);
  const after = width - 1 - before;
  const reversed = [...text].reverse().join('');
  return `${cut(text, before)}${mark}${[...cut(reversed, after)].reverse().join('')}`;
}

/** A text in lines of at most so many columns, broken between words where that is possible. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A text in exactly so many columns: spaces are added, or its end is left out. */
export function padded(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const shown = shortened(text, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return side === 'left' ? shown + space : space + shown;
}

const IN_ASCII: Record<string, string> = {
  '–': '-',
  '—': '-',
  µ: 'u',
  '…': '~',
  '°': 'o',
  '·': '-',
  '×': 'x',
  '’': "'",
  '↑': '^',
  '↓': 'v',
  '▼': 'v',
  '▲': '^',
};

/** A text as a terminal shows it that knows ASCII alone. Every character stays one column wide. */
export function inAscii(text: string): string {
  let result = '';
  for (const character of text) result += character <= '~' ? character : (IN_ASCII[character] ?? '?'.repeat(widthOfCharacter(character)));
  return result;
}
