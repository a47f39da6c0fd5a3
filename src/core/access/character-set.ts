const ASCII_END = 128;
const LAST_CODE_POINT = 0x10ffff;

/** Pairs of first and last code point, both inclusive. */
export type CharacterRanges = readonly (readonly [first: number, last: number])[];

export const DIGITS: CharacterRanges = [[0x30, 0x39]];
/** `\w`: letters, digits and underscore of ASCII, as everywhere in these patterns. */
export const WORD_CHARACTERS: CharacterRanges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
/** `\s`: tab, line feed, vertical tab, form feed, carriage return, space. */
export const SPACES: CharacterRanges = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
/** What `.` does not match. */
export const LINE_FEED: CharacterRanges = [[0x0a, 0x0a]];

/** The names that may stand in `[[:name:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, CharacterRanges> = new Map<string, CharacterRanges>([
  [
    'alpha',
    [
      [0x41, 0x5a],
      [0x61, 0x7a],
    ],
  ],
  ['digit', DIGITS],
  [
    'alnum',
    [
      [0x30, 0x39],
      [0x41, 0x5a],
      [0x61, 0x7a],
    ],
  ],
  ['upper', [[0x41, 0x5a]]],
  ['lower', [[0x61, 0x7a]]],
  [
    'punct',
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  ['space', SPACES],
  [
    'blank',
    [
      [0x09, 0x09],
      [0x20, 0x20],
    ],
  ],
  ['word', WORD_CHARACTERS],
  [
    'xdigit',
    [
      [0x30, 0x39],
      [0x41, 0x46],
      [0x61, 0x66],
    ],
  ],
]);

/** Everything that is not in `ranges`. */
export function complementOf(ranges: CharacterRanges): CharacterRanges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of [...ranges].sort((one, other) => one[0] - other[0])) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= LAST_CODE_POINT) gaps.push([next, LAST_CODE_POINT]);
  return gaps;
}

/** `ranges` and the other case of the ASCII letters in it. */
export function withBothCases(ranges: CharacterRanges): CharacterRanges {
  const both: (readonly [number, number])[] = [...ranges];
  for (const [first, last] of ranges) {
    addShifted(both, Math.max(first, 0x41), Math.min(last, 0x5a), 0x20);
    addShifted(both, Math.max(first, 0x61), Math.min(last, 0x7a), -0x20);
  }
  return both;
}

function addShifted(ranges: (readonly [number, number])[], first: number, last: number, shift: number): void {
  if (first <= last) ranges.push([first + shift, last + shift]);
}

/** A set of code points. ASCII is a table, the rest a walk over the ranges. */
export class CharacterSet {
  readonly #ascii: Uint8Array = new Uint8Array(ASCII_END);
  readonly #beyondAscii: CharacterRanges;

  constructor(ranges: CharacterRanges) {
    for (const [first, last] of ranges) {
      if (first < ASCII_END) this.#ascii.fill(1, first, Math.min(last + 1, ASCII_END));
    }
    this.#beyondAscii = ranges.filter(([, last]) => last >= ASCII_END);
  }

  has(codePoint: number): boolean {
    if (codePoint < ASCII_END) return this.#ascii[codePoint] === 1;
    return this.#beyondAscii.some(([first, last]) => first <= codePoint && codePoint <= last);
  }
}
