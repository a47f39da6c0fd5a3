import { expect, test } from 'vitest';
import { tableOf } from '../../codec/field-table.ts';
import { carbonCopies, withoutBcc, withoutCc } from './copies.ts';

test('CC and BCC are arrays of routing keys', () => {
  expect(carbonCopies(tableOf({ CC: ['a', 'b'], BCC: ['c'] }))).toEqual({ cc: ['a', 'b'], bcc: ['c'] });
  expect(carbonCopies(new Map())).toEqual({ cc: [], bcc: [] });
});

test('elements that are no strings do not count', () => {
  expect(carbonCopies(tableOf({ CC: ['a', 1, null] })).cc).toEqual(['a']);
});

test('a header that is no array is refused', () => {
  expect(() => carbonCopies(tableOf({ CC: 'a' }))).toThrow(
    'PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}',
  );
});

test('one header is taken out and the others stay', () => {
  const properties = { appId: 'x', headers: tableOf({ CC: ['a'], BCC: ['b'], k: 1 }) };
  expect([...(withoutBcc(properties).headers?.keys() ?? [])]).toEqual(['CC', 'k']);
  expect([...(withoutCc(properties).headers?.keys() ?? [])]).toEqual(['BCC', 'k']);
  expect(properties.headers.size).toBe(3);
});

test('properties without the header are returned as they are', () => {
  const properties = { headers: tableOf({ k: 1 }) };
  expect(withoutBcc(properties)).toBe(properties);
  expect(withoutBcc({})).toEqual({});
});
