import { expect, test } from 'vitest';
import { foreignPage } from './same-origin.ts';

test.each<[string, string, Record<string, string>, boolean]>([
  ['a program', 'DELETE', { host: 'broker:15672' }, false],
  ['our page', 'POST', { host: 'broker:15672', 'sec-fetch-site': 'same-origin' }, false],
  ['our page without TLS', 'POST', { host: 'broker:15672', origin: 'http://broker:15672' }, false],
  [
    'our page behind a proxy',
    'POST',
    { host: 'a', origin: 'https://b', 'sec-fetch-site': 'same-origin' },
    false,
  ],
  ['another page that reads', 'GET', { host: 'broker:15672', origin: 'http://evil.example' }, false],
  ['another page', 'POST', { host: 'broker:15672', 'sec-fetch-site': 'cross-site' }, true],
  ['another page without TLS', 'POST', { host: 'broker:15672', origin: 'http://evil.example' }, true],
  ['another port without TLS', 'POST', { host: 'broker:15672', origin: 'http://broker' }, true],
  ['a page that hides its origin', 'POST', { host: 'broker:15672', origin: 'null' }, true],
])('%s: %s %j', (_, method, headers, isForeign) => {
  expect(foreignPage({ method, headers }) !== undefined).toBe(isForeign);
});
