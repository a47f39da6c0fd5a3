import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pattern } from './pattern.ts';
import { PatternError } from './pattern-error.ts';

function check(source: string, matching: readonly string[], other: readonly string[]): void {
  const pattern = Pattern.compile(source);
  for (const text of matching) expect([source, text, pattern.test(text)]).toEqual([source, text, true]);
  for (const text of other) expect([source, text, pattern.test(text)]).toEqual([source, text, false]);
}

function refusal(source: string): PatternError {
  try {
    Pattern.compile(source);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error(`'${source}' was accepted`);
}

describe('Pattern', () => {
  it('matches everything with .* and with the empty pattern', () => {
    check('.*', ['', 'orders', 'two\nlines'], []);
    check('', ['', 'orders'], []);
  });

  it('matches only the empty text with ^$', () => {
    check('^$', [''], ['a', '\n']);
  });

  it('fits anywhere in the text unless it is anchored', () => {
    check('order', ['order', 'my-orders'], ['ord', '']);
    check('^order', ['order', 'orders'], ['my-order']);
    check('order$', ['order', 'my-order'], ['orders']);
    check('^order$', ['order'], ['orders', 'my-order', 'order\n']);
    check('o[rx]der', ['my-oxders'], ['oder']);
  });

  it('matches a prefix and the rest of one line with ^prefix.*$', () => {
    check('^app-.*$', ['app-', 'app-1'], ['my-app-1', 'app-\n']);
    check('^app-.*', ['app-', 'app-\n'], ['xapp-']);
    check('.*app.*', ['xappx', 'app'], ['ap']);
    check('app.*$', ['xapp', 'app\napp'], ['app\n-', 'ap']);
  });

  it('knows the permission patterns of the RabbitMQ documentation', () => {
    check('^(amq\\.gen.*|amq\\.default)$', ['amq.gen-1', 'amq.default'], ['amq.topic', 'xamq.default']);
    check('^$|^queue-[0-9]{2,3}$', ['', 'queue-12', 'queue-123'], ['queue-1', 'queue-1234']);
    check('^(?!amq\\.).*', ['orders', 'amq'], ['amq.topic']);
    check('^xmpp-\\w+\\.[a-z\\d_^-]+$', ['xmpp-a.b', 'xmpp-_1.^-_'], ['xmpp-.b', 'xmpp-a.B']);
  });

  it('reads classes as Perl does', () => {
    check('^[]a]$', [']', 'a'], ['b']);
    check('^[^]a]$', ['b'], [']', 'a']);
    check('^[^a-za-c]$', ['A'], ['b', 'm']);
    check('^[a-]$', ['a', '-'], ['b']);
    check('^[\\d-z]$', ['1', '-', 'z'], ['y']);
    check('^[[:alpha:]_]+$', ['aZ_'], ['1', ':']);
    check('^[[:^digit:]]$', ['a'], ['1']);
    check('^[[a:]+$', ['[a:'], ['b']);
    check('^[\\b\\x41\\x{1F600}]+$', ['\bA\u{1F600}'], ['b']);
  });

  it('reads a brace that is no quantifier, and a lone closing bracket, as characters', () => {
    check('^a{,2}]}$', ['a{,2}]}'], ['aa']);
  });

  it('matches the places between characters', () => {
    check('\\border\\b', ['an order', 'order!'], ['orders', 'reorder']);
    check('a\\Bb', ['ab'], ['a b']);
    check('\\Aab\\z', ['ab'], ['ab\n', 'xab']);
  });

  it('ignores the case of ASCII letters after (?i)', () => {
    check('(?i)^ord[e-g]r_[^x]$', ['ORDER_a', 'oRdFr_A'], ['ordxr_a', 'order_x', 'ORDER_X']);
    check('(?i)é', ['é'], ['É']);
  });

  it('counts an astral character as one', () => {
    check('^.$', ['\u{1F600}', 'é'], ['ab', '\n']);
    check('^[\u{1F600}-\u{1F64F}]{2}$', ['\u{1F601}\u{1F602}'], ['\u{1F601}']);
  });

  it('asks a lookahead at each place where it stands', () => {
    check('^(?:(?=[ab]{2})[ab])*c?b$', ['b', 'aab', 'ab'], ['ac', 'aacb']);
    check('^(?!.*(?!b)z)', ['a', 'b'], ['z', 'az']);
    check('(?=(?:a(?=b))+b*$)', ['ab', 'xabb'], ['a', 'ba']);
  });

  it('gives the same answer when a pattern is tested again', () => {
    const pattern = Pattern.compile('^(a|b)+$');
    expect([pattern.test('abba'), pattern.test('abc'), pattern.test(''), pattern.test('b')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('agrees with JavaScript on random patterns and texts', () => {
    fc.assert(
      fc.property(patternSource(), fc.array(subject(), { minLength: 1, maxLength: 6 }), (source, texts) => {
        const reference = new RegExp(source, 'u');
        const pattern = Pattern.compile(source);
        for (const text of texts)
          expect([source, text, pattern.test(text)]).toEqual([source, text, reference.test(text)]);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(254)}!`],
    ['^(a|a)*$', `${'a'.repeat(254)}!`],
    ['^(.*)*(.*)*(.*)*x$', 'a'.repeat(255)],
    ['^(?:(?=(a+)+$)a)*b', 'a'.repeat(255)],
    ['^(a?){200}a{200}b', 'a'.repeat(255)],
    ['^(((a*)*)*)*b$', 'a'.repeat(255)],
  ])('needs no more than a moment for %s', (source, text) => {
    const pattern = Pattern.compile(source);
    const started = performance.now();
    expect(pattern.test(text)).toBe(false);
    // Backtracking would take longer than the universe has existed. The bound is generous for busy machines.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('takes groups nested as deep as a pattern can be long', () => {
    check(`${'('.repeat(510)}a${')'.repeat(510)}b`, ['ab'], ['a']);
  });

  it.each([
    ['(a', 0, "no ')'"],
    ['a)', 1, "')' without a group"],
    ['[a', 0, "no ']'"],
    ['[z-a]', 1, 'ends before it begins'],
    ['[[:foo:]]', 1, '[:alpha:]'],
    ['*a', 0, 'nothing to repeat'],
    ['a**', 2, 'nothing to repeat'],
    ['x{2}{3}', 4, 'nothing to repeat'],
    ['a++', 2, 'possessive'],
    ['a{3,2}', 1, 'wrong order'],
    ['a{1001}', 1, 'at most 1000'],
    ['(a)\\1', 3, 'backreference'],
    ['a(?<=a)', 1, 'lookbehind'],
    ['a(?<!a)', 1, 'lookbehind'],
    ['(?>a)', 0, '(?:...)'],
    ['a(?i)b', 1, 'very beginning'],
    ['a\\', 1, "nothing after '\\'"],
    ['\\y', 0, 'escape \\y is not supported'],
    ['\\xZ', 0, 'hexadecimal'],
    ['\\x{110000}', 0, 'hexadecimal'],
  ])('refuses %s, and says where and why', (source, position, reason) => {
    const error = refusal(source);
    expect(error.position).toBe(position);
    expect(error.message).toContain(reason);
    expect(error.message).toContain(`'${source}' at offset ${position}`);
  });

  it('refuses a pattern of more than 1024 characters', () => {
    expect(refusal('a'.repeat(1025)).message).toContain('at most 1024');
    expect(Pattern.compile('a'.repeat(1024)).test('a')).toBe(false);
  });

  it('refuses repetitions that grow beyond the limit, also repetitions of nothing', () => {
    expect(refusal('(a{1000}){1000}').message).toContain('too large');
    expect(refusal('((){1000}){1000}').message).toContain('too large');
  });
});

/** Random patterns that mean the same in JavaScript's `u` mode. */
function patternSource(): fc.Arbitrary<string> {
  const atom = fc.constantFrom(
    'a',
    'b',
    '-',
    '.',
    '\\d',
    '\\w',
    '\\W',
    '\\s',
    '\\.',
    '[ab]',
    '[^a1]',
    '[a\\d_-]',
    '[\\W]',
  );
  const place = fc.constantFrom('^', '$', '\\b', '\\B');
  const quantifier = fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,}', '{2,3}?');
  const { node } = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof({ weight: 5, arbitrary: atom }, { weight: 1, arbitrary: place }),
      fc.tuple(tie('node'), tie('node')).map(([one, other]) => one + other),
      fc.tuple(tie('node'), tie('node')).map(([one, other]) => `(${one}|${other})`),
      fc.tuple(tie('node'), quantifier).map(([item, times]) => `(?:${item})${times}`),
      fc.tuple(atom, quantifier).map(([item, times]) => item + times),
      tie('node').map((item) => `(?=${item})`),
      tie('node').map((item) => `(?!${item})`),
    ),
  }));
  return fc.array(node, { maxLength: 4 }).map((items) => items.join(''));
}

function subject(): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom('a', 'a', 'b', '1', '-', '.', ' ', '\n', 'é'), maxLength: 9 });
}
