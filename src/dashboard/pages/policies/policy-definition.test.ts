import { expect, test } from 'vitest';
import { definitionOf, draftOf, type KnownKey, withKnown } from './policy-definition.ts';

const keys: readonly KnownKey[] = ['max-length', 'overflow', 'dead-letter-exchange'];

test('known keys go to fields and come back with the others', () => {
  const definition = { 'max-length': 5, overflow: 'drop-head', 'max-age': '7D' };
  const draft = draftOf(definition, keys);
  expect(draft.known).toEqual({ 'max-length': 5, overflow: 'drop-head' });
  expect(draft.others.map(({ name }) => name)).toEqual(['max-age']);
  expect(definitionOf(draft)).toEqual(definition);
});

test('what a field cannot show becomes a row', () => {
  const definition = { 'max-length': 'many', overflow: 'other', 'dead-letter-exchange': '' };
  const draft = draftOf(definition, keys);
  expect(draft.known).toEqual({});
  expect(definitionOf(draft)).toEqual(definition);
});

test('an emptied field is not set', () => {
  const draft = withKnown(draftOf({ 'max-length': 5 }, keys), 'max-length', undefined);
  expect(definitionOf(draft)).toEqual({});
  expect(definitionOf(withKnown(draft, 'overflow', 'drop-head'))).toEqual({ overflow: 'drop-head' });
});

test('there is no definition while a row is wrong', () => {
  const others = [{ name: 'x', type: 'number', text: 'y' }] as const;
  expect(definitionOf({ known: {}, others })).toBeUndefined();
});
