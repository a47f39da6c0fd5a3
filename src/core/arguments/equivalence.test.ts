import { describe, expect, test } from 'vitest';
import { type FieldTable, field, tableOf } from '../../codec/field-table.ts';
import { assertEquivalent, assertSameProperty, exclusiveQueueLocked, type Resource } from './equivalence.ts';
import { QUEUE_EQUIVALENCE_KEYS } from './queue-arguments.ts';

const queue: Resource = { kind: 'queue', name: 'q', vhost: '/' };
const KEYS = ['x-message-ttl', 'x-queue-type'];

function compare(current: FieldTable, received: FieldTable): void {
  assertEquivalent(queue, current, received, KEYS);
}

describe('properties', () => {
  test('a property that differs is refused with both values', () => {
    expect(() => assertSameProperty(queue, 'durable', true, false)).toThrow(
      "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'",
    );
  });

  test('the type of an exchange is compared', () => {
    const exchange: Resource = { kind: 'exchange', name: 'x', vhost: 'v' };
    expect(() => assertSameProperty(exchange, 'type', 'direct', 'topic')).toThrow(
      "inequivalent arg 'type' for exchange 'x' in vhost 'v': received 'topic' but current is 'direct'",
    );
    assertSameProperty(exchange, 'type', 'direct', 'direct');
  });
});

describe('arguments', () => {
  test('equal numbers are the same in any integer type', () => {
    compare(new Map([['x-message-ttl', field.int(10)]]), new Map([['x-message-ttl', field.long(10)]]));
  });

  test('a whole number and a float of the same value differ', () => {
    const received: FieldTable = new Map([['x-message-ttl', field.double(10)]]);
    expect(() => compare(tableOf({ 'x-message-ttl': 10 }), received)).toThrow(
      "received '10.0' but current is '10'",
    );
  });

  test('other values are refused with both', () => {
    expect(() => compare(tableOf({ 'x-message-ttl': 20 }), tableOf({ 'x-message-ttl': 10 }))).toThrow(
      "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received '10' but current is '20'",
    );
  });

  test('an argument that is missing on one side is refused with the type of the other', () => {
    expect(() => compare(new Map(), tableOf({ 'x-message-ttl': 10 }))).toThrow(
      "received the value '10' of type 'signedint' but current is none",
    );
    expect(() => compare(tableOf({ 'x-queue-type': 'quorum' }), new Map())).toThrow(
      "received none but current is the value 'quorum' of type 'longstr'",
    );
  });

  test('saying classic or saying nothing is the same queue type', () => {
    compare(new Map(), tableOf({ 'x-queue-type': 'classic' }));
    compare(tableOf({ 'x-queue-type': 'classic' }), new Map());
  });

  test('arguments without a meaning may differ', () => {
    compare(tableOf({ 'x-mine': 1 }), tableOf({ 'x-mine': 2 }));
    expect(QUEUE_EQUIVALENCE_KEYS).toContain('x-max-length');
    expect(QUEUE_EQUIVALENCE_KEYS).not.toContain('x-queue-master-locator');
    expect(QUEUE_EQUIVALENCE_KEYS).not.toContain('x-consumer-timeout');
  });

  test('nested values are compared by what is in them', () => {
    const current = tableOf({ 'x-message-ttl': [1, { a: null }] });
    compare(current, tableOf({ 'x-message-ttl': [1, { a: null }] }));
    expect(() => compare(current, tableOf({ 'x-message-ttl': [1, { a: 2 }] }))).toThrow(
      "received '[1,{a=2}]' but current is '[1,{a=undefined}]'",
    );
  });
});

test('a queue of another connection is locked', () => {
  const failure = exclusiveQueueLocked('q', '/');
  expect(failure.replyCode).toBe(405);
  expect(failure.message).toMatch(
    /^RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '\/'\. It could/,
  );
});
