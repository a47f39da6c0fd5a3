import { beforeEach, expect, test } from 'vitest';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { type PlainValue, tableOf } from '../../codec/field-table.ts';
import { type Definition, encodeDefinition, type QueueDefinition } from './definition.ts';
import { DefinitionSet } from './definition-set.ts';

let set: DefinitionSet;

beforeEach(() => {
  set = new DefinitionSet();
});

function queue(name: string, laneId = 1): QueueDefinition {
  return { kind: 'queue', vhost: '/', name, autoDelete: false, laneId, arguments: new Map() };
}

function apply(definition: Definition, removed = false): void {
  const writer = new ByteWriter();
  encodeDefinition(writer, definition, removed);
  set.apply(writer.bytes, 0, writer.position);
}

function applyTable(entries: { readonly [key: string]: PlainValue }): void {
  const writer = new ByteWriter();
  writer.table(tableOf(entries));
  set.apply(writer.bytes, 0, writer.position);
}

test('a definition that comes again takes the place of the one before', () => {
  apply(queue('a'));
  apply(queue('b'));
  apply(queue('a', 5));
  expect([...set]).toEqual([queue('a', 5), queue('b')]);
});

test('one that was removed is gone, and comes last when it is made again', () => {
  apply(queue('a'));
  apply(queue('b'));
  apply(queue('a'), true);
  expect([...set]).toEqual([queue('b')]);
  apply(queue('a'));
  expect([...set]).toEqual([queue('b'), queue('a')]);
});

test('removing what is not there changes nothing', () => {
  apply(queue('a'), true);
  expect(set.isEmpty).toBe(true);
});

test('what cannot be understood is told and left out', () => {
  applyTable({ kind: 'shovel' });
  set.apply(new Uint8Array([0, 0, 0, 9]), 0, 4);
  apply(queue('a'));
  expect([...set]).toEqual([queue('a')]);
  expect(set.problems).toHaveLength(2);
  expect(set.problems[0]).toContain("unknown kind 'shovel'");
});

test('clearing forgets everything', () => {
  apply(queue('a'));
  applyTable({ kind: 'shovel' });
  set.clear();
  expect(set.isEmpty).toBe(true);
  expect(set.problems).toEqual([]);
});
