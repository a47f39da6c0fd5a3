import { beforeEach, expect, test } from 'vitest';
import { messageTo, RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import type { Publication } from '../message/publication.ts';
import { DIRECT_REPLY_TO, ReplyConsumers, type ReplyTarget } from './reply-consumers.ts';

let replies: ReplyConsumers;

beforeEach(() => {
  replies = new ReplyConsumers(new RuntimeUnderTest().runtime);
});

function targetOf(received: Publication[]): ReplyTarget {
  return {
    deliverReply: (publication) => {
      received.push(publication);
      return true;
    },
  };
}

test('each channel has an address of its own that cannot be guessed', () => {
  const addresses = [replies.add(targetOf([])), replies.add(targetOf([]))];
  for (const address of addresses) {
    expect(address).toMatch(/^amq\.rabbitmq\.reply-to\.[A-Za-z0-9_-]{32}$/);
    expect(replies.isReplyAddress(address)).toBe(true);
    expect(replies.isKnown(address)).toBe(true);
  }
  expect(addresses[0]).not.toBe(addresses[1]);
});

test('a reply reaches the channel that its routing key stands for, and no other', () => {
  const [first, second]: Publication[][] = [[], []];
  const address = replies.add(targetOf(first ?? []));
  replies.add(targetOf(second ?? []));
  const reply = messageTo(address, 'done');
  expect(replies.deliver(reply)).toBe(true);
  expect(first).toEqual([reply]);
  expect(second).toEqual([]);
});

test('a reply that its channel has no room for is not delivered', () => {
  const address = replies.add({ deliverReply: () => false });
  expect(replies.deliver(messageTo(address))).toBe(false);
});

test('a reply to a channel that is gone is not delivered', () => {
  const received: Publication[] = [];
  const address = replies.add(targetOf(received));
  replies.remove(address);
  expect(replies.isKnown(address)).toBe(false);
  expect(replies.deliver(messageTo(address))).toBe(false);
  expect(received).toEqual([]);
});

test('the name that asks for replies is no address, and neither is a queue’s', () => {
  expect(replies.isReplyAddress(DIRECT_REPLY_TO)).toBe(false);
  expect(replies.isReplyAddress('orders')).toBe(false);
  expect(replies.isKnown(`${DIRECT_REPLY_TO}.unknown`)).toBe(false);
});
