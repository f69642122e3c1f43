/* Words of a search as Graphite's patterns. A dot in a word is a border between nodes, as in names. */

const GLOB = /[*?[\]{}]/;

/** Words of a search that are used; each one more costs a search of its own. */
export const MOST_WORDS = 4;

/** One word of a search. */
export interface Word {
  text: string;
  /** The patterns of its nodes: "cpu.user" is `*cpu*` and `*user*`. */
  nodes: string[];
}

/** The pattern of one node whose name contains the word in upper or lower case; a word with `*?[]{}` is taken as it is. */
export function containing(word: string): string {
  if (word === '') return '*';
  return GLOB.test(word) ? word : `*${anyCase(word)}*`;
}

function anyCase(word: string): string {
  return word.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

/** The words of a search; `isMore` when some are not used. */
export function wordsOf(text: string): { words: Word[]; isMore: boolean } {
  const texts = text
    .split(/\s+/)
    .map((word) => word.replace(/^\.+|\.+$/g, ''))
    .filter((word) => word !== '');
  const words = texts.slice(0, MOST_WORDS).map((word) => ({ text: word, nodes: word.split('.').map(containing) }));
  return { words, isMore: texts.length > MOST_WORDS };
}

/** How many of the words, from the first, a single name contains besides the one it was found by. */
export function alsoContained(name: string, words: readonly Word[]): number {
  const at = words.findIndex(({ text, nodes }) => nodes.length > 1 || GLOB.test(text) || !name.toLowerCase().includes(text.toLowerCase()));
  return at < 0 ? words.length : at;
}
