import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { IncomingDelivery } from '../../../src/client/incoming-delivery.ts';
import { field } from '../../../src/codec/field-table.ts';
import { event } from '../../../src/services/contract.ts';
import { BatchCollector } from '../../../src/services/runtime/batch/batch-collector.ts';
import type { AttemptResult } from '../../../src/services/runtime/processing.ts';
import type { Subscription } from '../../../src/services/runtime/subscription.ts';
import { MadeDeliveries } from './made-deliveries.ts';
import { ManualTime, settled } from './manual-time.ts';

const subscription: Subscription = {
  contract: event('things.happened', z.number()),
  part: 'things.happened',
  isInternal: false,
  concurrency: 1,
  isOrdered: false,
  attemptsNow: 3,
  laterMs: [],
  timeoutMs: 30_000,
  rate: undefined,
  batch: { size: 3, waitMs: 50 },
  handle: () => undefined,
};

let time: ManualTime;
let made: MadeDeliveries;
/** Attempts, by the payloads of their messages. */
let attempts: unknown[][];
let alone: unknown[];
/** What attempts result in; they wait for it when it is a promise. */
let result: AttemptResult | Promise<AttemptResult>;

beforeEach(() => {
  time = new ManualTime();
  made = new MadeDeliveries();
  attempts = [];
  alone = [];
  result = { status: 'done' };
});

function openCollector(concurrency = 1, duplicates = false): BatchCollector {
  return new BatchCollector({
    subscription: { ...subscription, concurrency },
    environment: time.environment({ duplicates }),
    processor: {
      attempt: async (deliveries) => {
        attempts.push(deliveries.map((each) => each.json()));
        return result;
      },
      deadLetter: async () => {},
    },
    handleAlone: async (delivery) => {
      alone.push(delivery.json());
      delivery.ack();
    },
  });
}

function pushAll(
  collector: BatchCollector,
  payloads: readonly number[],
): { readonly deliveries: readonly IncomingDelivery[]; readonly done: Promise<unknown> } {
  const deliveries = payloads.map((payload) => made.make(payload));
  return { deliveries, done: Promise.all(deliveries.map((each) => collector.push(each))) };
}

describe('a batch', () => {
  test('is handled as soon as it is full', async () => {
    const { deliveries, done } = pushAll(openCollector(), [1, 2, 3]);
    await done;
    expect(attempts).toEqual([[1, 2, 3]]);
    expect(deliveries.every(({ isSettled }) => isSettled)).toBe(true);
    expect(time.workCount).toBe(0);
  });

  test('is handled when its first message has waited long enough', async () => {
    const collector = openCollector();
    const first = collector.push(made.make(1));
    await time.advance(30);
    const second = collector.push(made.make(2));
    await time.advance(19);
    expect(attempts).toEqual([]);
    await time.advance(1);
    await Promise.all([first, second]);
    expect(attempts).toEqual([[1, 2]]);
  });

  test('waits for its own first message, not for that of the one before', async () => {
    const collector = openCollector();
    const first = pushAll(collector, [1, 2]);
    await time.advance(30);
    const second = pushAll(collector, [3, 4]);
    await first.done;
    await time.advance(49);
    expect(attempts).toEqual([[1, 2, 3]]);
    await time.advance(1);
    await second.done;
    expect(attempts).toEqual([[1, 2, 3], [4]]);
  });

  test('waits until there are not too many under way', async () => {
    let end = (_: AttemptResult): void => {};
    result = new Promise((resolve) => {
      end = resolve;
    });
    const { done } = pushAll(openCollector(2), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await settled();
    expect(attempts).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    end({ status: 'done' });
    await done;
    expect(attempts).toHaveLength(3);
  });

  test('that fails is tried one by one', async () => {
    result = { status: 'failed', error: new Error('one of them is bad'), isFinal: true };
    const { done } = pushAll(openCollector(), [1, 2, 3]);
    await done;
    expect(attempts).toEqual([[1, 2, 3]]);
    expect(alone).toEqual([1, 2, 3]);
    expect(time.workCount).toBe(0);
  });

  test('in which the service crashes goes back', async () => {
    result = { status: 'crashed' };
    const { done } = pushAll(openCollector(), [1, 2, 3]);
    await done;
    expect(made.requeued).toEqual([1, 2, 3]);
    expect(alone).toEqual([]);
  });

  test('leaves out what was lost meanwhile', async () => {
    const collector = openCollector();
    const { done } = pushAll(collector, [1, 2]);
    made.channel.lose();
    const later = new MadeDeliveries();
    await collector.push(later.make(3));
    await done;
    expect(attempts).toEqual([[3]]);
  });

  test('is handled twice where a test wants that', async () => {
    await pushAll(openCollector(1, true), [1, 2, 3]).done;
    expect(attempts).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
});

test('what was put off before stays alone', async () => {
  await openCollector().push(made.makeRetried(7));
  expect(alone).toEqual([7]);
});

test('a question for a result is no message of a batch', async () => {
  await openCollector().push(made.make(null, { headers: new Map([['x-result-only', field.bool(true)]]) }));
  expect(alone).toEqual([null]);
});

test('what is gathered waits for nothing when the service stops', async () => {
  const collector = openCollector();
  const { done } = pushAll(collector, [1, 2]);
  collector.flush();
  await done;
  expect(attempts).toEqual([[1, 2]]);
});
