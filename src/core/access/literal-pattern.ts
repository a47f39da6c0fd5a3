import { ANY_CHARACTER, type PatternNode } from './pattern-syntax.ts';

/** A pattern that is a plain text with anchors, which most patterns of permissions and policies are. */
export interface LiteralPattern {
  test(text: string): boolean;
}

/** `.*`, `^$`, `orders`, `^orders$`, `^orders`, `^orders.*$`, `orders$` and their like; undefined for anything else. */
export function literalPattern(pattern: PatternNode): LiteralPattern | undefined {
  const items = pattern.kind === 'sequence' ? [...pattern.items] : [pattern];
  const start = isBoundary(items[0], 'text-start');
  if (start || isAnything(items[0])) items.shift();
  const end = isBoundary(items.at(-1), 'text-end');
  if (end) items.pop();
  const tail = isAnything(items.at(-1));
  if (tail) items.pop();
  const literal = literalOf(items);
  if (literal === undefined) return undefined;
  return matcherOf(literal, start, end, tail);
}

function matcherOf(literal: string, start: boolean, end: boolean, tail: boolean): LiteralPattern | undefined {
  if (!end) {
    return start ? { test: (text) => text.startsWith(literal) } : { test: (text) => text.includes(literal) };
  }
  if (!tail) return start ? { test: (text) => text === literal } : { test: (text) => text.endsWith(literal) };
  if (!start) return undefined;
  // What `.*` stands for must not hold a line feed.
  return { test: (text) => text.startsWith(literal) && text.indexOf('\n', literal.length) < 0 };
}

function literalOf(items: readonly PatternNode[]): string | undefined {
  let literal = '';
  for (const item of items) {
    if (item.kind !== 'literal') return undefined;
    literal += String.fromCodePoint(item.codePoint);
  }
  return literal;
}

function isBoundary(node: PatternNode | undefined, boundary: 'text-start' | 'text-end'): boolean {
  return node?.kind === 'boundary' && node.boundary === boundary;
}

/** `.*` */
function isAnything(node: PatternNode | undefined): boolean {
  return (
    node?.kind === 'repeat' &&
    node.item === ANY_CHARACTER &&
    node.min === 0 &&
    node.max === Number.POSITIVE_INFINITY
  );
}
