const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const INDENT = '  ';

/**
 * A JSON text with its parts on lines of their own. It is not read and written again, because numbers above 2^53 would
 * not be the same afterwards.
 */
export function indentedJson(json: string): string {
  let text = '';
  let depth = 0;
  let before = '';
  const newLine = (): string => `\n${INDENT.repeat(depth)}`;
  for (const [token] of json.matchAll(TOKEN)) {
    const isClosing = token === '}' || token === ']';
    if (isClosing) depth--;
    const isEmpty = isClosing && (before === '{' || before === '[');
    if (isClosing ? !isEmpty : before === '{' || before === '[' || before === ',') text += newLine();
    text += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth++;
    before = token;
  }
  return text;
}
