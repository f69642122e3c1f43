import type { Glyphs } from './capabilities.ts';
import { asBackground, styleOfSeries, type Piece } from './cells.ts';

/*
 * Dots of series, and the characters that show them.
 */

/** Dots of one character. */
const DOTS: Record<Glyphs, { across: number; down: number }> = {
  braille: { across: 2, down: 4 },
  blocks: { across: 1, down: 2 },
  ascii: { across: 1, down: 1 },
};

/** The bit of each dot of a braille character, by row and column (Unicode, chapter 21.1). */
const BRAILLE_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** What stands for a series where there are no colours. */
const MARKS = '*+ox#@%&=~ABCDEFGHIJKLMNPQRSTUVWYZ';

export function markOfSeries(index: number): string {
  return MARKS.charAt(index % MARKS.length);
}

/** Dots, each of the series that was drawn last; rows count from above. */
export class Canvas {
  readonly across: number;
  readonly down: number;
  readonly #glyphs: Glyphs;
  readonly #owners: Int16Array;

  constructor(columns: number, rows: number, glyphs: Glyphs) {
    this.#glyphs = glyphs;
    this.across = columns * DOTS[glyphs].across;
    this.down = rows * DOTS[glyphs].down;
    this.#owners = new Int16Array(this.across * this.down).fill(-1);
  }

  set(x: number, y: number, series: number): void {
    if (x >= 0 && x < this.across && y >= 0 && y < this.down) this.#owners[y * this.across + x] = series;
  }

  /** A straight line of dots, both ends included: https://en.wikipedia.org/wiki/Bresenham%27s_line_algorithm */
  line(fromX: number, fromY: number, toX: number, toY: number, series: number): void {
    const [width, height] = [Math.abs(toX - fromX), -Math.abs(toY - fromY)];
    const [stepX, stepY] = [fromX < toX ? 1 : -1, fromY < toY ? 1 : -1];
    let [x, y, error] = [fromX, fromY, width + height];
    for (;;) {
      this.set(x, y, series);
      if (x === toX && y === toY) return;
      const twice = 2 * error;
      if (twice >= height) [x, error] = [x + stepX, error + height];
      if (twice <= width) [y, error] = [y + stepY, error + width];
    }
  }

  /** One row of characters. */
  row(row: number): Piece[] {
    const { across, down } = DOTS[this.#glyphs];
    return Array.from({ length: this.across / across }, (_, column) => {
      const owners = Array.from({ length: down }, (_line, y) =>
        Array.from({ length: across }, (_dot, x) => this.#owners[(row * down + y) * this.across + column * across + x] ?? -1),
      );
      return this.#glyphs === 'braille' ? brailleOf(owners) : this.#glyphs === 'blocks' ? blockOf(owners.flat()) : markOf(owners.flat());
    });
  }
}

function brailleOf(owners: readonly (readonly number[])[]): Piece {
  let bits = 0;
  let series = -1;
  for (const [y, line] of owners.entries()) {
    for (const [x, owner] of line.entries()) {
      if (owner < 0) continue;
      bits |= BRAILLE_BITS[y]?.[x] ?? 0;
      series = Math.max(series, owner);
    }
  }
  return bits === 0 ? { text: ' ' } : { text: String.fromCodePoint(0x2800 + bits), style: styleOfSeries(series) };
}

function blockOf([upper = -1, lower = -1]: readonly number[]): Piece {
  if (upper < 0 && lower < 0) return { text: ' ' };
  if (upper < 0) return { text: '▄', style: styleOfSeries(lower) };
  if (lower < 0) return { text: '▀', style: styleOfSeries(upper) };
  if (upper === lower) return { text: '█', style: styleOfSeries(upper) };
  return { text: '▀', style: `${styleOfSeries(upper)};${asBackground(styleOfSeries(lower))}` };
}

function markOf([owner = -1]: readonly number[]): Piece {
  return owner < 0 ? { text: ' ' } : { text: markOfSeries(owner), style: styleOfSeries(owner) };
}
