import { expect, test } from 'vitest';
import { PublishRefusedError } from './client-errors.ts';
import { ConfirmTracker } from './confirm-tracker.ts';

/** Messages 1 to `count`, and how each was settled so far. */
function published(count: number): { tracker: ConfirmTracker; outcomes: string[] } {
  const tracker = new ConfirmTracker();
  const outcomes: string[] = [];
  for (let tag = 1; tag <= count; tag += 1) {
    tracker.expectNext().then(
      () => outcomes.push(`${tag} confirmed`),
      (reason: Error) => outcomes.push(`${tag} ${reason.name}`),
    );
  }
  return { tracker, outcomes };
}

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an ack confirms its message only', async () => {
  const { tracker, outcomes } = published(3);
  tracker.ack(2, false);
  await macrotask();
  expect(outcomes).toEqual(['2 confirmed']);
});

test('an ack with multiple confirms all up to its message, but those that were settled before', async () => {
  const { tracker, outcomes } = published(4);
  tracker.nack(2, false);
  tracker.ack(3, true);
  await macrotask();
  expect(outcomes.sort()).toEqual(['1 confirmed', '2 PublishRefusedError', '3 confirmed']);
});

test('a nack names the message that was refused', async () => {
  const tracker = new ConfirmTracker();
  const refused = tracker.expectNext();
  tracker.nack(1, false);
  await expect(refused).rejects.toThrow(PublishRefusedError);
  await expect(refused).rejects.toMatchObject({ deliveryTag: 1 });
});

test('multiple with delivery tag 0 settles everything', async () => {
  const { tracker, outcomes } = published(3);
  tracker.ack(0, true);
  await macrotask();
  expect(outcomes).toHaveLength(3);
});

test('what was not confirmed fails when the channel closes, and later confirms change nothing', async () => {
  const { tracker, outcomes } = published(2);
  tracker.ack(1, false);
  tracker.failAll(new TypeError('the channel is closed'));
  tracker.ack(2, false);
  await macrotask();
  expect(outcomes.sort()).toEqual(['1 confirmed', '2 TypeError']);
});
