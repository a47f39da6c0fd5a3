/** The parts of JSON: texts, marks, and anything else. */
const PARTS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * JSON with two spaces; undefined for what is no JSON. Numbers stay as they are written, because JavaScript would round the large ones,
 * and members that are there twice stay, too.
 */
export function prettyJson(text: string): string | undefined {
  if (!isJson(text)) return undefined;
  const parts = text.match(PARTS) ?? [];
  let pretty = '';
  let depth = 0;
  for (const [at, part] of parts.entries()) {
    const isEmptied = isOpening(parts[at - 1]) && isClosing(part);
    if (isClosing(part)) pretty += isEmptied ? part : newLine(--depth) + part;
    else if (isOpening(part)) pretty += isClosing(parts[at + 1]) ? part : part + newLine(++depth);
    else if (part === ',') pretty += `,${newLine(depth)}`;
    else pretty += part === ':' ? ': ' : readable(part);
  }
  return pretty;
}

function isOpening(part: string | undefined): boolean {
  return part === '{' || part === '[';
}

function isClosing(part: string | undefined): boolean {
  return part === '}' || part === ']';
}

function newLine(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}

/** Texts without escapes that they do not need. */
function readable(part: string): string {
  return part.includes('\\') ? JSON.stringify(JSON.parse(part)) : part;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
