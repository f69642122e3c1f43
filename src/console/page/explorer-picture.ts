import { make } from './elements.ts';
import { cssColour, figuresOf, type Plotted } from './series-plot.ts';
import { writeValue } from './units.ts';

const LINE_HEIGHT = 20;
const MOST_NAMED = 40;

/** Saves the chart with its legend as a PNG, made in the page. */
export async function downloadPng(chart: HTMLCanvasElement | undefined, plotted: Plotted, unit: string): Promise<void> {
  if (chart === undefined) return;
  const picture = pictureOf(chart, plotted, unit);
  const blob = await new Promise<Blob | null>((resolve) => picture.toBlob(resolve, 'image/png'));
  if (blob === null) return;
  const url = URL.createObjectURL(blob);
  make('a', { href: url, download: `metrics-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function pictureOf(chart: HTMLCanvasElement, { lines }: Plotted, unit: string): HTMLCanvasElement {
  const scale = devicePixelRatio;
  const named = lines.slice(0, MOST_NAMED);
  const picture = make('canvas');
  picture.width = chart.width;
  picture.height = chart.height + (named.length + 1) * LINE_HEIGHT * scale;
  const context = picture.getContext('2d');
  if (context === null) return picture;
  context.fillStyle = cssColour('card');
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(chart, 0, 0);
  context.font = `${13 * scale}px system-ui, sans-serif`;
  for (const [row, { label, colour, values }] of named.entries()) {
    const y = chart.height + (row + 1) * LINE_HEIGHT * scale;
    context.fillStyle = colour;
    context.fillRect(14 * scale, y - 9 * scale, 10 * scale, 10 * scale);
    context.fillStyle = cssColour('text');
    context.fillText(`${label}   ${writeValue(figuresOf(values).last, unit)}`, 32 * scale, y);
  }
  return picture;
}
