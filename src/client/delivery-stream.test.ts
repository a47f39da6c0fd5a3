import { expect, test } from 'vitest';
import type { Delivery } from './delivery.ts';
import { DeliveryStream } from './delivery-stream.ts';

function delivery(deliveryTag: number): Delivery {
  const body = new Uint8Array(0);
  const rest = { exchange: '', routingKey: 'q', properties: {}, body, redelivered: false };
  return { consumerTag: 'c', deliveryTag, ...rest };
}

/** A stream, and what it asked of its channel. `onCancel` runs while the cancel is under way. */
function openStream(onCancel: (stream: DeliveryStream) => void = () => {}): {
  stream: DeliveryStream;
  asked: string[];
} {
  const asked: string[] = [];
  const stream: DeliveryStream = new DeliveryStream({
    cancel: async () => {
      asked.push('cancel');
      onCancel(stream);
    },
    finished: () => {},
    giveBack: (unseen) => asked.push(`give back ${unseen.map((each) => each.deliveryTag).join(' ')}`),
  });
  return { stream, asked };
}

test('deliveries are iterated over in order, whether they wait or are waited for', async () => {
  const { stream } = openStream();
  stream.push(delivery(1));
  const first = await stream.next();
  const second = stream.next();
  const third = stream.next();
  stream.push(delivery(2));
  stream.push(delivery(3));
  const tags = [first, await second, await third].map((result) => result.value?.deliveryTag);
  expect(tags).toEqual([1, 2, 3]);
});

test('a cancelled consumer ends the iteration behind what waits', async () => {
  const { stream, asked } = openStream();
  stream.push(delivery(1));
  stream.finish();
  const seen: number[] = [];
  for await (const each of stream) {
    seen.push(each.deliveryTag);
  }
  expect(seen).toEqual([1]);
  expect(asked).toEqual([]);
});

test('leaving the loop cancels the consumer and gives back what was not seen, also what came meanwhile', async () => {
  const { stream, asked } = openStream((cancelling) => cancelling.push(delivery(3)));
  stream.push(delivery(1));
  stream.push(delivery(2));
  for await (const each of stream) {
    expect(each.deliveryTag).toBe(1);
    break;
  }
  expect(asked).toEqual(['cancel', 'give back 2 3']);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  await stream.return();
  expect(asked).toHaveLength(2);
});

test('a channel that closes fails the one who asks, once', async () => {
  const { stream } = openStream();
  const asking = stream.next();
  const asking2 = stream.next();
  stream.fail(new Error('gone'));
  await expect(asking).rejects.toThrow('gone');
  expect(await asking2).toMatchObject({ done: true });
  expect(await stream.next()).toMatchObject({ done: true });
});

test('a channel that closes while nobody asks fails the next one, and drops what waits', async () => {
  const { stream } = openStream();
  stream.push(delivery(1));
  stream.fail(new Error('gone'));
  await expect(stream.next()).rejects.toThrow('gone');
  expect(await stream.next()).toMatchObject({ done: true });
});
