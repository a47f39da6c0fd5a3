import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldTable } from '../../codec/field-table.ts';
import type { RouterBinding } from './router.ts';
import { TopicRouter } from './topic-router.ts';

const NO_ARGS: FieldTable = new Map();

/** A binding to a destination that has the name of the binding key. */
function binding(key: string): RouterBinding<string> {
  return { destination: key, routingKey: key, arguments: NO_ARGS };
}

function routerOf(bindings: readonly RouterBinding<string>[]): TopicRouter<string> {
  const router = new TopicRouter<string>();
  for (const added of bindings) router.add(added);
  return router;
}

function bound(...bindingKeys: string[]): TopicRouter<string> {
  return routerOf(bindingKeys.map(binding));
}

function routesOf(router: TopicRouter<string>, routingKey: string): string[] {
  const into: string[] = [];
  router.route({ routingKey, headers: () => undefined, properties: () => ({}) }, into);
  return into.sort();
}

/** The definition, one binding at a time. */
function fits(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return fits(rest, words) || (words.length > 0 && fits(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && fits(rest, words.slice(1));
}

function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

describe('TopicRouter', () => {
  it('matches equal words', () => {
    const router = bound('stock.usd.nyse', 'stock.usd', 'stock');
    expect(routesOf(router, 'stock.usd')).toEqual(['stock.usd']);
    expect(routesOf(router, 'stock.eur')).toEqual([]);
  });

  it('matches exactly one word with *', () => {
    const router = bound('*', 'stock.*', '*.usd', '*.*');
    expect(routesOf(router, 'stock.usd')).toEqual(['*.*', '*.usd', 'stock.*']);
    expect(routesOf(router, 'stock')).toEqual(['*']);
    expect(routesOf(router, 'stock.usd.nyse')).toEqual([]);
  });

  it('matches any number of words with #, also none', () => {
    const router = bound('#', 'stock.#', '#.nyse', 'stock.#.nyse');
    expect(routesOf(router, 'stock')).toEqual(['#', 'stock.#']);
    expect(routesOf(router, 'stock.nyse')).toEqual(['#', '#.nyse', 'stock.#', 'stock.#.nyse']);
    expect(routesOf(router, 'stock.a.b.nyse')).toEqual(['#', '#.nyse', 'stock.#', 'stock.#.nyse']);
    expect(routesOf(router, 'nyse')).toEqual(['#', '#.nyse']);
  });

  it('takes the empty key as no word, and words between two dots as empty ones', () => {
    const router = bound('', '#', '*', '*.*', 'a..b');
    expect(routesOf(router, '')).toEqual(['', '#']);
    expect(routesOf(router, '.')).toEqual(['#', '*.*']);
    expect(routesOf(router, 'a..b')).toEqual(['#', 'a..b']);
  });

  it('takes * and # in a routing key as words like any other', () => {
    const router = bound('a.*', 'a.b');
    expect(routesOf(router, 'a.#')).toEqual(['a.*']);
    expect(routesOf(router, 'a.*')).toEqual(['a.*']);
    expect(routesOf(bound('a.b'), '#')).toEqual([]);
  });

  it('names a destination once per binding, however many ways lead to it', () => {
    expect(routesOf(bound('#.#.#'), 'a.b.c.d')).toEqual(['#.#.#']);
  });

  it('matches many # in a moment', () => {
    const router = bound(`${'#.'.repeat(120)}x`, `${'#.a.'.repeat(60)}x`, '#.*.#.*.#.*.#.*.#.*.#.*.x');
    const started = performance.now();
    expect(routesOf(router, `${'a.'.repeat(127)}b`)).toEqual([]);
    // Trying each way for each # would take longer than the universe has existed.
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('agrees with the definition on random bindings, also after some were removed', () => {
    const bindingKey = fc
      .array(fc.constantFrom('a', 'b', '', '*', '#'), { maxLength: 5 })
      .map((words) => words.join('.'));
    const routingKey = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 6 })
      .map((words) => words.join('.'));
    const records = fc.uniqueArray(fc.record({ key: bindingKey, removed: fc.boolean() }), {
      selector: ({ key }) => key,
      maxLength: 12,
    });
    fc.assert(
      fc.property(records, fc.array(routingKey, { maxLength: 8 }), (all, routingKeys) => {
        const bindings = all.map(({ key }) => binding(key));
        const router = routerOf(bindings);
        for (const [index, { removed }] of all.entries()) if (removed) router.remove(bindings[index]!);
        const left = all.filter(({ removed }) => !removed).map(({ key }) => key);
        for (const key of routingKeys) {
          const expected = left.filter((pattern) => fits(wordsOf(pattern), wordsOf(key)));
          expect(routesOf(router, key)).toEqual(expected.sort());
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps nothing of bindings that are gone', () => {
    const bindings = ['a.b.c', 'a.b', 'a.*.c', '#', 'a.#.b', '*.*'].map(binding);
    const router = routerOf(bindings);
    expect(router.isEmpty).toBe(false);
    for (const removed of bindings) router.remove(removed);
    expect(router.isEmpty).toBe(true);
  });

  it('keeps a branch that another binding needs', () => {
    const longer = binding('a.b.c');
    const router = routerOf([binding('a.b'), longer]);
    router.remove(longer);
    expect(routesOf(router, 'a.b')).toEqual(['a.b']);
    expect(routesOf(router, 'a.b.c')).toEqual([]);
  });
});
