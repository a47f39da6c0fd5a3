/** Of the text of an error in a header, so that headers stay below what brokers and clients take in one frame. */
const CHARACTERS_MAX = 4_096;

export function headerText(text: string): string {
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX - 3)}...`;
}
