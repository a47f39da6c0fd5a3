import { literalPattern } from './literal-pattern.ts';
import { PatternProgram } from './pattern-program.ts';
import { parsePattern } from './pattern-syntax.ts';

/**
 * A regular expression that a user wrote, for permissions and policies. A test takes time proportional to the length of the
 * text, for every pattern: nobody can stop the broker with `(a+)+$`, as one can with JavaScript's RegExp.
 *
 * The text matches when the pattern fits anywhere in it, as with RabbitMQ (`re:run`): anchor with `^` and `$`. A character
 * is a Unicode code point; `\w`, `\d`, `\s` and `(?i)` know ASCII only. Differences from RabbitMQ: `$` matches at the
 * very end only, not before a last line feed; backreferences, lookbehind and possessive quantifiers are refused.
 *
 * @example
 * Pattern.compile('^(orders|invoices)\\.').test('orders.created'); // true
 */
export class Pattern {
  readonly source: string;
  readonly #matcher: { test(text: string): boolean };

  private constructor(source: string) {
    const pattern = parsePattern(source);
    this.source = source;
    this.#matcher = literalPattern(pattern) ?? new PatternProgram(source, pattern);
  }

  /** Throws PatternError when `source` is no regular expression, or uses what this broker does not support. */
  static compile(source: string): Pattern {
    return new Pattern(source);
  }

  test(text: string): boolean {
    return this.#matcher.test(text);
  }
}
