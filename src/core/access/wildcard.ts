import { patternOfText } from './pattern-of-text.ts';

/**
 * A pattern of a scope: `*` stands for any characters, everything else for itself, percent-encoded where it has to be
 * (RabbitMQ's OAuth 2 plugin). Each literal is searched for once, from where the one before it ended.
 */
export class Wildcard {
  readonly #literals: readonly string[];

  /** Throws URIError for a percent sign that encodes nothing. */
  constructor(pattern: string) {
    this.#literals = pattern.split('*').map(decodeURIComponent);
  }

  /** The same as a regular expression. It has no anchors. */
  get pattern(): string {
    return this.#literals.map(patternOfText).join('.*');
  }

  matches(text: string): boolean {
    const literals = this.#literals;
    const [first = ''] = literals;
    if (literals.length === 1) return text === first;
    const last = literals.at(-1) ?? '';
    const end = text.length - last.length;
    if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (let i = 1; i < literals.length - 1; i++) {
      const literal = literals[i] ?? '';
      const found = text.indexOf(literal, at);
      if (found < 0 || found + literal.length > end) return false;
      at = found + literal.length;
    }
    return true;
  }
}
