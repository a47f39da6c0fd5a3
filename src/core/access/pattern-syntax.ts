/**
 * Reads the text of a regular expression into a tree. The language is the part of Perl's that can be matched in linear time:
 *
 *     pattern     := '(?i)'? alternatives
 *     alternatives:= sequence ('|' sequence)*
 *     sequence    := (atom quantifier?)*
 *     quantifier  := ('*' | '+' | '?' | '{m}' | '{m,}' | '{m,n}') '?'?
 *     atom        := '(' alternatives ')' | '(?:' ... ')' | '(?=' ... ')' | '(?!' ... ')'
 *                  | '[' class ']' | '.' | '^' | '$' | escape | character
 *
 * A lazy quantifier means the same as a greedy one here: only whether a text matches is asked, never where.
 * As in Perl, `{` that begins no quantifier and `]` that ends no class stand for themselves.
 */
import {
  type CharacterRanges,
  CharacterSet,
  complementOf,
  DIGITS,
  LINE_FEED,
  POSIX_CLASSES,
  SPACES,
  WORD_CHARACTERS,
  withBothCases,
} from './character-set.ts';
import { PatternError } from './pattern-error.ts';

export const PATTERN_LENGTH_MAX = 1024;
/** The largest m or n in `{m,n}`. */
export const PATTERN_REPEAT_MAX = 1000;

/** A condition on the place between two characters. */
export type Boundary = 'text-start' | 'text-end' | 'word-boundary' | 'no-word-boundary';

export type PatternNode =
  | { readonly kind: 'literal'; readonly codePoint: number }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'boundary'; readonly boundary: Boundary }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'alternatives'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly min: number; readonly max: number }
  | { readonly kind: 'lookahead'; readonly item: PatternNode; readonly negated: boolean };

/** The one node that every `.` becomes. */
export const ANY_CHARACTER: PatternNode = setNode(complementOf(LINE_FEED));

/** Throws PatternError. */
export function parsePattern(source: string): PatternNode {
  return new PatternParser(source).parse();
}

const CONTROL_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['f', 0x0c],
  ['r', 0x0d],
  ['a', 0x07],
  ['e', 0x1b],
]);

const CLASS_ESCAPES: ReadonlyMap<string, CharacterRanges> = new Map([
  ['d', DIGITS],
  ['D', complementOf(DIGITS)],
  ['w', WORD_CHARACTERS],
  ['W', complementOf(WORD_CHARACTERS)],
  ['s', SPACES],
  ['S', complementOf(SPACES)],
]);

const BOUNDARY_ESCAPES: ReadonlyMap<string, Boundary> = new Map<string, Boundary>([
  ['b', 'word-boundary'],
  ['B', 'no-word-boundary'],
  ['A', 'text-start'],
  ['z', 'text-end'],
]);

const ESCAPES_ALLOWED =
  '\\d \\D \\w \\W \\s \\S \\b \\B \\A \\z \\t \\n \\r \\f \\a \\e \\xHH \\x{H...} or \\ before punctuation';
const GROUPS_ALLOWED = '(...), (?:...), (?=...), (?!...), and (?i) at the very beginning';

class PatternParser {
  readonly #source: string;
  #position: number = 0;
  #ignoreCase: boolean = false;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): PatternNode {
    if (this.#source.length > PATTERN_LENGTH_MAX) {
      const reason = `it has ${this.#source.length} characters, at most ${PATTERN_LENGTH_MAX} are allowed`;
      throw new PatternError(`${this.#source.slice(0, 40)}...`, PATTERN_LENGTH_MAX, reason);
    }
    this.#ignoreCase = this.#skip('(?i)');
    const node = this.#parseAlternatives();
    if (this.#position < this.#source.length) this.#fail("')' without a group; write \\) for the character");
    return node;
  }

  #parseAlternatives(): PatternNode {
    const items = [this.#parseSequence()];
    while (this.#skip('|')) items.push(this.#parseSequence());
    return items.length === 1 ? items[0]! : { kind: 'alternatives', items };
  }

  #parseSequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#position < this.#source.length && !this.#sees('|') && !this.#sees(')')) {
      items.push(this.#parseRepeat(this.#parseAtom()));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #parseRepeat(item: PatternNode): PatternNode {
    const range = this.#parseQuantifier();
    if (range === undefined) return item;
    if (this.#skip('?')) return { kind: 'repeat', item, ...range }; // lazy
    if (this.#sees('+'))
      this.#fail('possessive quantifiers are not supported: use *, +, ? or {m,n}, each maybe with ?');
    return { kind: 'repeat', item, ...range };
  }

  #parseQuantifier(): { min: number; max: number } | undefined {
    if (this.#skip('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#skip('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#skip('?')) return { min: 0, max: 1 };
    return this.#sees('{') ? this.#parseCounts() : undefined;
  }

  #parseCounts(): { min: number; max: number } | undefined {
    const counts = this.#matchHere(/\{(\d+)(,(\d*))?\}/y);
    if (counts === undefined) return undefined;
    const min = Number(counts[1]);
    const max =
      counts[2] === undefined ? min : counts[3] === '' ? Number.POSITIVE_INFINITY : Number(counts[3]);
    const largest = Number.isFinite(max) ? Math.max(min, max) : min;
    if (largest > PATTERN_REPEAT_MAX) {
      this.#fail(`${counts[0]} repeats ${largest} times, at most ${PATTERN_REPEAT_MAX} are allowed`);
    }
    if (min > max) this.#fail(`${counts[0]} has its numbers in the wrong order: write {least,most}`);
    this.#position += counts[0].length;
    return { min, max };
  }

  #parseAtom(): PatternNode {
    if (this.#sees('(')) return this.#parseGroup();
    if (this.#sees('[')) return this.#parseClass();
    if (this.#sees('\\')) return this.#parseEscape();
    if (this.#skip('.')) return ANY_CHARACTER;
    if (this.#skip('^')) return { kind: 'boundary', boundary: 'text-start' };
    if (this.#skip('$')) return { kind: 'boundary', boundary: 'text-end' };
    if (this.#matchHere(/[*+?]|\{\d+(,\d*)?\}/y) !== undefined) {
      this.#fail('nothing to repeat before the quantifier; write \\ before it for the character');
    }
    return this.#literal(this.#nextCodePoint());
  }

  #parseGroup(): PatternNode {
    const start = this.#position;
    const negated = this.#skip('(?!');
    if (negated || this.#skip('(?=')) {
      return { kind: 'lookahead', item: this.#parseGroupRest(start), negated };
    }
    if (!this.#skip('(?:')) {
      if (this.#sees('(?') || this.#sees('(*')) this.#failGroup();
      this.#skip('(');
    }
    return this.#parseGroupRest(start);
  }

  #parseGroupRest(start: number): PatternNode {
    const node = this.#parseAlternatives();
    if (!this.#skip(')')) this.#fail("the group has no ')'; write \\( for the character", start);
    return node;
  }

  #failGroup(): never {
    const kind =
      this.#sees('(?<=') || this.#sees('(?<!')
        ? 'lookbehind'
        : `a group that begins with '${this.#source.slice(this.#position, this.#position + 3)}'`;
    this.#fail(`${kind} is not supported: allowed are ${GROUPS_ALLOWED}`);
  }

  #parseEscape(): PatternNode {
    const name = this.#source[this.#position + 1];
    const boundary = name === undefined ? undefined : BOUNDARY_ESCAPES.get(name);
    if (boundary !== undefined) {
      this.#position += 2;
      return { kind: 'boundary', boundary };
    }
    const escaped = this.#parseCharacterEscape();
    return typeof escaped === 'number' ? this.#literal(escaped) : setNode(escaped);
  }

  /** An escape that means a character, or a set of them. It means the same inside a class. */
  #parseCharacterEscape(): number | CharacterRanges {
    const start = this.#position;
    this.#position++;
    if (this.#position === this.#source.length)
      this.#fail("nothing after '\\'; write \\\\ for the character", start);
    const name = this.#source[this.#position]!;
    const ranges = CLASS_ESCAPES.get(name);
    const control = CONTROL_ESCAPES.get(name);
    if (name === 'x') return this.#parseHexEscape(start);
    if (/[0-9]/.test(name) && name !== '0') {
      this.#fail(`the backreference \\${name} is not supported: allowed are ${ESCAPES_ALLOWED}`, start);
    }
    if (ranges === undefined && control === undefined && /[A-Za-z0-9]/.test(name)) {
      this.#fail(`the escape \\${name} is not supported: allowed are ${ESCAPES_ALLOWED}`, start);
    }
    const codePoint = this.#nextCodePoint();
    return ranges ?? control ?? codePoint;
  }

  #parseHexEscape(start: number): number {
    const digits = this.#matchHere(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/y);
    const codePoint = Number.parseInt(digits?.[1] ?? digits?.[2] ?? '', 16);
    if (digits === undefined || codePoint > 0x10ffff) {
      this.#fail('\\x needs two hexadecimal digits, or a code point up to 10FFFF in braces', start);
    }
    this.#position += digits[0].length;
    return codePoint;
  }

  #parseClass(): PatternNode {
    const start = this.#position;
    this.#skip('[');
    const negated = this.#skip('^');
    const ranges: (readonly [number, number])[] = [];
    // A ']' right at the beginning is a member.
    for (let first = true; first || !this.#sees(']'); first = false) {
      if (this.#position >= this.#source.length)
        this.#fail("the class has no ']'; write \\[ for the character", start);
      ranges.push(...this.#parseClassItem());
    }
    this.#skip(']');
    const members = this.#ignoreCase ? withBothCases(ranges) : ranges;
    return setNode(negated ? complementOf(members) : members);
  }

  #parseClassItem(): CharacterRanges {
    const start = this.#position;
    if (this.#sees('[:')) return this.#parsePosixClass();
    const first = this.#parseClassMember();
    if (!this.#sees('-') || this.#source[this.#position + 1] === ']') {
      return typeof first === 'number' ? [[first, first]] : first;
    }
    this.#skip('-');
    const last = this.#position < this.#source.length ? this.#parseClassMember() : undefined;
    if (last === undefined) return [];
    // Perl takes '-' after a set like \d as itself.
    if (typeof first !== 'number' || typeof last !== 'number') {
      return [...asRanges(first), [0x2d, 0x2d], ...asRanges(last)];
    }
    if (first > last) this.#fail('the range ends before it begins', start);
    return [[first, last]];
  }

  #parseClassMember(): number | CharacterRanges {
    if (!this.#sees('\\')) return this.#nextCodePoint();
    if (this.#source[this.#position + 1] === 'b') {
      this.#position += 2;
      return 0x08; // backspace, in a class only
    }
    return this.#parseCharacterEscape();
  }

  #parsePosixClass(): CharacterRanges {
    const name = this.#matchHere(/\[:(\^?)([a-z]+):\]/y);
    const ranges = POSIX_CLASSES.get(name?.[2] ?? '');
    if (name === undefined && this.#matchHere(/\[:[^\]]*:\]/y) === undefined) {
      this.#skip('['); // just these two characters as members
      return [[0x5b, 0x5b]];
    }
    if (name === undefined || ranges === undefined) {
      this.#fail(`unknown class name: allowed are [:${[...POSIX_CLASSES.keys()].join(':], [:')}:]`);
    }
    this.#position += name[0].length;
    return name[1] === '^' ? complementOf(ranges) : ranges;
  }

  #literal(codePoint: number): PatternNode {
    const ranges = this.#ignoreCase ? withBothCases([[codePoint, codePoint]]) : [];
    return ranges.length > 1 ? setNode(ranges) : { kind: 'literal', codePoint };
  }

  #nextCodePoint(): number {
    const codePoint = this.#source.codePointAt(this.#position)!;
    this.#position += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#position);
  }

  #skip(text: string): boolean {
    if (!this.#sees(text)) return false;
    this.#position += text.length;
    return true;
  }

  /** The match of a sticky expression at the present position, which stays where it is. */
  #matchHere(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#position;
    return expression.exec(this.#source) ?? undefined;
  }

  #fail(reason: string, position: number = this.#position): never {
    throw new PatternError(this.#source, position, reason);
  }
}

function setNode(ranges: CharacterRanges): PatternNode {
  return { kind: 'set', set: new CharacterSet(ranges) };
}

function asRanges(member: number | CharacterRanges): CharacterRanges {
  return typeof member === 'number' ? [[member, member]] : member;
}
