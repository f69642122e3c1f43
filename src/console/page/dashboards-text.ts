import { placeOf } from './dashboards-variables.ts';
import { make } from './elements.ts';

/*
 * The little of Markdown that texts on dashboards use: headings, lists, paragraphs, **bold**, *emphasis*, `code` and links.
 * It is made of elements, so that nothing that is written becomes markup.
 */

/** The text as elements. */
export function markdown(text: string): HTMLElement[] {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .slice(0, 200)
    .map(block);
}

function block(text: string): HTMLElement {
  const lines = text.trim().split('\n');
  const [, marks, heading] = /^(#{1,6})\s+(.*)$/.exec(lines[0] ?? '') ?? [];
  if (marks !== undefined && lines.length === 1) return make('h4', {}, ...inline(heading ?? ''));
  if (lines.every((line) => /^\s*([-*]|\d+\.)\s+/.test(line))) {
    const items = lines.map((line) => make('li', {}, ...inline(line.replace(/^\s*([-*]|\d+\.)\s+/, ''))));
    return /^\s*\d/.test(lines[0] ?? '') ? make('ol', {}, ...items) : make('ul', {}, ...items);
  }
  return make('p', {}, ...inline(lines.join(' ')));
}

const INLINE = /\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)|\*([^*]+)\*/g;

function inline(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(at, match.index));
    parts.push(elementOf(match));
    at = match.index + match[0].length;
  }
  return [...parts, text.slice(at)];
}

function elementOf([whole, bold, code, label, address, emphasis]: RegExpExecArray): Node | string {
  if (bold !== undefined) return make('strong', {}, bold);
  if (code !== undefined) return make('code', {}, code);
  if (emphasis !== undefined) return make('em', {}, emphasis);
  // Whatever else an address could be (javascript:, data:) stays text.
  if (label === undefined || address === undefined || !/^(https?:\/\/|\/(?!\/))/.test(address)) return whole;
  return make('a', { href: placeOf(address), rel: 'noreferrer' }, label);
}
