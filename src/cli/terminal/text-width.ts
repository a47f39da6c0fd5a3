/** Columns of a terminal that a text takes, which is not its length: combining marks take none, and wide characters two. */

const PLAIN = /^[\x20-\x7e]*$/;
const NOTHING = /\p{M}|[\u200b-\u200f]/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** `text` in at most `width` columns, with … for what was left out of its middle: names often differ at their ends. */
export function shortened(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, width);
  const headWidth = Math.ceil((width - 1) / 2);
  const characters = [...text];
  return `${fitting(characters, headWidth)}…${fitting(characters.reverse(), width - 1 - headWidth, true)}`;
}

/** Like `shortened`, but leaves out the end: for sentences. */
export function cutAtEnd(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return width < 1 ? '' : `${fitting([...text], width - 1)}…`;
}

/** Lines of at most `width` columns, broken at spaces; a word that is longer has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** As many of the characters as have room; `reversed`: they come from the end, and are put in order again. */
function fitting(characters: readonly string[], width: number, reversed = false): string {
  const taken: string[] = [];
  let left = width;
  for (const character of characters) {
    left -= characterWidth(character);
    if (left < 0) break;
    taken.push(character);
  }
  return (reversed ? taken.reverse() : taken).join('');
}

function characterWidth(character: string): number {
  if (NOTHING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/**
 * A name or text that a stranger chose, on one line: what would move the cursor, forge a line or hide itself is shown as
 * its escape.
 */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
}

/** The same for a text of several lines, which keeps its line breaks and tabs. */
export function visibleLines(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function escaped(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  return short ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
