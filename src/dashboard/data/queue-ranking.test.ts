import { expect, test } from 'vitest';
import { busiest, delayMs, isWorrying, type RankedQueue, slowest, stuck } from './queue-ranking.ts';

function queue(name: string, fields: Partial<RankedQueue>, publish = 0, ack = 0, noAck = 0): RankedQueue {
  return {
    name,
    vhost: '/',
    messages: 0,
    messages_ready: 0,
    consumers: 1,
    message_stats: {
      publish: publish * 100,
      publish_details: { avg_rate: publish },
      ack_details: { avg_rate: ack },
      deliver_no_ack_details: { avg_rate: noAck },
    },
    ...fields,
  };
}

test('the delay is what is there over what is taken, with and without acknowledgement', () => {
  expect(delayMs(queue('a', { messages: 30 }, 10, 10, 5))).toBe(2000);
  expect(delayMs(queue('b', { messages: 30 }, 10))).toBeUndefined();
});

test('the slowest are those with the longest delay, without the stuck ones', () => {
  const quick = queue('quick', { messages: 10, messages_ready: 10 }, 10, 10);
  const slow = queue('slow', { messages: 100, messages_ready: 100 }, 10, 10);
  const noConsumer = queue('none', { messages: 9, messages_ready: 9, consumers: 0 }, 1, 1);
  expect(slowest([quick, slow, noConsumer]).map(({ name }) => name)).toEqual(['slow', 'quick']);
});

test('a queue is stuck when messages wait and there is no consumer, or nothing leaves', () => {
  const noConsumer = queue('none', { messages: 9, messages_ready: 9, consumers: 0 }, 1, 1);
  const still = queue('still', { messages: 9, messages_ready: 9 }, 1);
  const working = queue('working', { messages: 9, messages_ready: 0 }, 1);
  expect(stuck([noConsumer, still, working]).map(({ name }) => name)).toEqual(['none', 'still']);
});

test('a stuck queue that nobody publishes to is no reason to worry', () => {
  const deadLetters: RankedQueue = {
    name: 'dead',
    vhost: '/',
    messages: 5,
    messages_ready: 5,
    consumers: 0,
  };
  expect(stuck([deadLetters])).toHaveLength(1);
  expect(isWorrying(deadLetters)).toBe(false);
  expect(isWorrying(queue('working', { messages: 5, messages_ready: 5 }, 1, 1))).toBe(false);
  expect(isWorrying(queue('orders', { messages: 5, messages_ready: 5, consumers: 0 }, 1))).toBe(true);
});

test('what nobody publishes to is not among the busiest', () => {
  expect(busiest([queue('a', {}, 3), queue('b', {})]).map(({ name }) => name)).toEqual(['a']);
});
