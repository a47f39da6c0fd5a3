import { describe, expect, test } from 'vitest';
import { type FieldTable, field, type PlainValue, tableOf } from '../../codec/field-table.ts';
import { ChannelError, ConnectionError } from '../errors.ts';
import {
  applyPolicy,
  assertMayBeServerNamed,
  parseQueueArguments,
  type QueueArguments,
  type QueueProperties,
} from './queue-arguments.ts';

const DURABLE: QueueProperties = { durable: true, exclusive: false, autoDelete: false };

function parse(
  args: { [key: string]: PlainValue } | FieldTable,
  properties: QueueProperties = DURABLE,
): QueueArguments {
  return parseQueueArguments(args instanceof Map ? args : tableOf(args), 'q', '/', properties);
}

function refusal(
  args: { [key: string]: PlainValue } | FieldTable,
  properties: QueueProperties = DURABLE,
): string {
  try {
    parse(args, properties);
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    expect(error.replyCode).toBe(406);
    return error.message;
  }
  throw new Error('the arguments were accepted');
}

describe('what arguments mean', () => {
  test('a queue without arguments is classic and has no limits', () => {
    const queue = parse({});
    expect(queue).toMatchObject({ type: 'classic', singleActiveConsumer: false });
    expect(queue.messageTtlMs).toBeUndefined();
    expect(queue.deliveryLimit).toBeUndefined();
    expect(queue.delayedRetry).toBeUndefined();
  });

  test('every argument arrives', () => {
    const queue = parse({
      'x-message-ttl': 0,
      'x-expires': 1,
      'x-max-length': 2,
      'x-max-length-bytes': 5_000_000_000,
      'x-overflow': 'reject-publish-dlx',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
      'x-max-priority': 10,
      'x-single-active-consumer': true,
      'x-delivery-limit': 3,
      'x-consumer-timeout': 4,
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': 10,
      'x-delayed-retry-max': 20,
      'x-delayed-retry-exponential': 1.5,
    });
    expect(queue).toMatchObject({
      messageTtlMs: 0,
      expiresMs: 1,
      maxLength: 2,
      maxLengthBytes: 5_000_000_000,
      overflow: 'reject-publish-dlx',
      deadLetterExchange: '',
      deadLetterRoutingKey: 'dead',
      maxPriority: 10,
      singleActiveConsumer: true,
      deliveryLimit: 3,
      consumerTimeoutMs: 4,
      delayedRetry: { type: 'all', minMs: 10, maxMs: 20, exponential: 1.5 },
    });
  });

  test('a max-priority of 0 is a queue without priorities', () => {
    expect(parse({ 'x-max-priority': 0 }).maxPriority).toBeUndefined();
  });

  test('a negative delivery limit is none', () => {
    expect(parse({ 'x-delivery-limit': -1 }).deliveryLimit).toBeUndefined();
  });

  test('exponential: true doubles', () => {
    const args = {
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': 1,
      'x-delayed-retry-exponential': true,
    };
    expect(parse(args).delayedRetry?.exponential).toBe(2);
    expect(
      parse({ ...args, 'x-delayed-retry-exponential': false }).delayedRetry?.exponential,
    ).toBeUndefined();
  });

  test('a limit beyond 2^53 is as good as none', () => {
    const args: FieldTable = new Map([['x-max-length', field.long(2n ** 60n)]]);
    expect(parse(args).maxLength).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('unknown and historical arguments are ignored', () => {
    parse({
      'x-ha-policy': 'all',
      'x-message-deduplication': true,
      'x-queue-mode': 'lazy',
      'x-queue-version': 2,
    });
    parse({ 'x-queue-master-locator': 'min-masters', 'x-quorum-initial-group-size': 3, mine: null });
  });
});

describe('what is refused, in the words of RabbitMQ', () => {
  const prefix = (key: string) => `PRECONDITION_FAILED - invalid arg '${key}' for queue 'q' in vhost '/': `;

  test.each<[string, PlainValue, string]>([
    ['x-message-ttl', '10', '"expected integer, got longstr"'],
    ['x-message-ttl', 10.5, '"expected integer, got double"'],
    ['x-message-ttl', null, '"expected integer, got void"'],
    ['x-message-ttl', -1, '{value_negative,-1}'],
    ['x-message-ttl', 315_360_000_001, '{value_too_large,315360000001}'],
    ['x-expires', 0, '{value_zero,0}'],
    ['x-expires', -5, '{value_negative,-5}'],
    ['x-max-length', -1, '{value_negative,-1}'],
    ['x-max-length-bytes', true, '"expected integer, got bool"'],
    ['x-max-priority', 256, '{max_value_exceeded,256}'],
    ['x-overflow', 'drop-tail', 'invalid_overflow'],
    ['x-overflow', 1, '{unacceptable_type,signedint}'],
    ['x-queue-mode', 'fast', '"unsupported queue mode \'fast\'"'],
    ['x-queue-version', 3, '"unsupported queue version \'3\'"'],
    ['x-single-active-consumer', 'true', '{unacceptable_type,longstr}'],
    ['x-queue-type', 'fancy', '"unsupported queue type \'fancy\'"'],
    ['x-queue-type', 1, '{unacceptable_type,signedint}'],
    ['x-dead-letter-routing-key', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-delayed-retry-type', 'some', '"unsupported delayed retry type \'some\'"'],
    ['x-delayed-retry-min', 0, '{value_zero,0}'],
  ])('%s: %s', (key, value, wrong) => {
    expect(refusal({ [key]: value })).toBe(prefix(key) + wrong);
  });

  test('a dead-letter exchange that is no string', () => {
    expect(refusal({ 'x-dead-letter-exchange': 1 })).toBe(
      "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
    );
  });

  test('a factor of delayed retry that does not grow, and a maximum below the minimum', () => {
    expect(refusal({ 'x-delayed-retry-exponential': 1 })).toContain('got 1');
    expect(refusal({ 'x-delayed-retry-min': 10, 'x-delayed-retry-max': 5 })).toContain('must not be smaller');
  });

  test('arguments of another queue type', () => {
    expect(refusal({ 'x-queue-type': 'quorum', 'x-max-priority': 10 })).toBe(
      "PRECONDITION_FAILED - invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue",
    );
    expect(refusal({ 'x-max-age': '7D' })).toContain("'x-max-age' for queue 'q' in vhost '/' of queue type");
  });

  test('a quorum queue that is not durable, or exclusive, or auto-delete', () => {
    const quorum = { 'x-queue-type': 'quorum' };
    expect(refusal(quorum, { ...DURABLE, durable: false })).toBe(
      "PRECONDITION_FAILED - invalid property 'non-durable' for queue 'q' in vhost '/'",
    );
    expect(refusal(quorum, { ...DURABLE, exclusive: true })).toContain("invalid property 'exclusive-owner'");
    expect(refusal(quorum, { ...DURABLE, autoDelete: true })).toContain("invalid property 'auto-delete'");
    expect(parse({ ...quorum, 'x-message-ttl': 5, 'x-delivery-limit': 2 }).type).toBe('quorum');
  });

  test('a stream', () => {
    expect(() => parse({ 'x-queue-type': 'stream' })).toThrow(ConnectionError);
    expect(() => parse({ 'x-queue-type': 'stream' })).toThrow(/^NOT_IMPLEMENTED - /);
  });

  test('a quorum queue without a name', () => {
    expect(() => assertMayBeServerNamed(tableOf({ 'x-queue-type': 'quorum' }))).toThrow(
      'PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue',
    );
    assertMayBeServerNamed(new Map());
  });
});

describe('arguments under a policy', () => {
  function under(args: { [key: string]: PlainValue }, policy: { [key: string]: PlainValue }): QueueArguments {
    return applyPolicy(parse(args), tableOf(policy));
  }

  test('a policy sets what the arguments leave open', () => {
    const policy = {
      'message-ttl': 1,
      expires: 2,
      'max-length': 3,
      'max-length-bytes': 4,
      overflow: 'reject-publish',
      'dead-letter-exchange': 'dlx',
      'dead-letter-routing-key': 'dead',
      'delivery-limit': 5,
      'consumer-timeout': 6,
    };
    expect(under({}, policy)).toMatchObject({
      messageTtlMs: 1,
      expiresMs: 2,
      maxLength: 3,
      maxLengthBytes: 4,
      overflow: 'reject-publish',
      deadLetterExchange: 'dlx',
      deadLetterRoutingKey: 'dead',
      deliveryLimit: 5,
      consumerTimeoutMs: 6,
    });
  });

  test('of two numbers the lower counts', () => {
    expect(under({ 'x-max-length': 10 }, { 'max-length': 5 }).maxLength).toBe(5);
    expect(under({ 'x-max-length': 5 }, { 'max-length': 10 }).maxLength).toBe(5);
    expect(under({ 'x-delivery-limit': 5 }, { 'delivery-limit': -1 }).deliveryLimit).toBe(5);
  });

  test('of two names the argument counts', () => {
    expect(under({ 'x-dead-letter-exchange': 'mine' }, { 'dead-letter-exchange': 'yours' })).toMatchObject({
      deadLetterExchange: 'mine',
    });
  });

  test('delayed retry is made of both, and the type is the policy’s', () => {
    const own = { 'x-delayed-retry-type': 'failed', 'x-delayed-retry-max': 50 };
    expect(parse(own).delayedRetry).toBeUndefined();
    const both = under(own, { 'delayed-retry-type': 'all', 'delayed-retry-min': 10 });
    expect(both.delayedRetry).toEqual({ type: 'all', minMs: 10, maxMs: 50, exponential: undefined });
  });

  test('without the policy the arguments are what they were', () => {
    const own = parse({ 'x-max-length': 10, 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 7 });
    expect(applyPolicy(own, new Map())).toEqual(own);
  });
});
