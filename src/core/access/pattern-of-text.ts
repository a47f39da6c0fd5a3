const SPECIAL = '\\^$.|?*+()[]{}-';

/** A regular expression that fits just this text, whatever characters it has. It has no anchors. */
export function patternOfText(text: string): string {
  let pattern = '';
  for (const character of text) pattern += SPECIAL.includes(character) ? `\\${character}` : character;
  return pattern;
}
