import { expect, test } from 'vitest';
import { parseListQuery } from './list-query.ts';

test('nothing is asked for unless it is', () => {
  expect(parseListQuery({})).toMatchObject({
    columns: undefined,
    sort: undefined,
    sortReverse: false,
    page: undefined,
    lengths: undefined,
    disableStats: false,
  });
});

test('columns may be within others, and what is empty is ignored', () => {
  const { columns, sort } = parseListQuery({ columns: 'name,,message_stats.publish_details.rate', sort: '' });
  expect(columns).toEqual([['name'], ['message_stats', 'publish_details', 'rate']]);
  expect(sort).toBeUndefined();
  expect(parseListQuery({ columns: '' }).columns).toEqual([]);
});

test('of a parameter that is there twice the first counts', () => {
  expect(parseListQuery({ sort: ['name', 'messages'] }).sort).toEqual(['name']);
});

test('a page has 100 items unless it says how many, and a name that matches anywhere in any case', () => {
  const { page } = parseListQuery({ page: '2', name: 'ORD' });
  expect(page).toMatchObject({ number: 2, size: 100 });
  expect(['my-orders', 'invoices'].map((name) => page?.matches(name))).toEqual([true, false]);
});

test('with use_regex a name is a pattern, in linear time', () => {
  const { page } = parseListQuery({ page: '1', name: '^(a+)+$', use_regex: 'true' });
  const before = performance.now();
  expect(page?.matches(`${'A'.repeat(200)}!`)).toBe(false);
  expect(page?.matches('AAA')).toBe(true);
  expect(performance.now() - before).toBeLessThan(1000);
});

test.each([
  [{ page: '0' }, 'Invalid pagination parameters: page number 0, page size undefined'],
  [{ page: '1', page_size: '501' }, 'Invalid pagination parameters: page number 1, page size 501'],
  [{ page: '1', page_size: '0' }, 'Invalid pagination parameters: page number 1, page size 0'],
  [{ page: 'x' }, 'Pagination parameters are invalid'],
  [{ page: '' }, 'Pagination parameters are invalid'],
  [{ lengths_age: '60', lengths_incr: '0' }, 'Invalid range parameters: age 60, incr 0'],
  [{ msg_rates_age: '5010', msg_rates_incr: '10' }, 'Invalid range parameters: age 5010, incr 10'],
])('%j is refused in the words of RabbitMQ', (query, reason) => {
  expect(() => parseListQuery(query)).toThrowError(
    expect.objectContaining({ statusCode: 400, message: reason }),
  );
});

test('a range needs both numbers', () => {
  expect(parseListQuery({ lengths_age: '60', lengths_incr: '5' }).lengths).toEqual({
    ageSeconds: 60,
    incrementSeconds: 5,
  });
  expect(parseListQuery({ lengths_age: '60' }).lengths).toBeUndefined();
  expect(parseListQuery({ lengths_age: '60', lengths_incr: 'x' }).lengths).toBeUndefined();
});
