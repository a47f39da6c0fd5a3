import { expect, test } from 'vitest';
import { bodyText, messageTo, RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import { DeadLetters } from './dead-letters.ts';

const queue = { name: 'work', settings: { deadLetterExchange: 'dlx' } } as Queue;

test('dead letters that make others are published one after the other', () => {
  const order: string[] = [];
  const deadLetters = new DeadLetters(new RuntimeUnderTest().runtime, (dead: Publication) => {
    const text = bodyText(dead);
    order.push(`begin ${text}`);
    if (text === 'a') deadLetters.publish(queue, messageTo('work', 'b'), 'maxlen');
    order.push(`end ${text}`);
  });
  deadLetters.publish(queue, messageTo('work', 'a'), 'rejected');
  expect(order).toEqual(['begin a', 'end a', 'begin b', 'end b']);
});

test('a dead letter that cannot be published does not stop those after it', () => {
  const published: string[] = [];
  const deadLetters = new DeadLetters(new RuntimeUnderTest().runtime, (dead: Publication) => {
    if (bodyText(dead) === 'bad') throw new Error('cannot be published');
    published.push(bodyText(dead));
  });
  expect(() => deadLetters.publish(queue, messageTo('work', 'bad'), 'rejected')).toThrow('cannot be');
  deadLetters.publish(queue, messageTo('work', 'good'), 'rejected');
  expect(published).toEqual(['good']);
});
