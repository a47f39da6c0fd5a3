import { expect, it } from 'vitest';
import type { Client } from '../../../src/client/amqp-client.ts';
import { Dispatcher } from '../../../src/services/runtime/dispatcher.ts';
import { ManualTime, settled } from '../ordered/manual-time.ts';

/** What is consumed, until it fails or is left. */
class MadeConsumer {
  left = false;
  #end: (reason: Error | undefined) => void = () => {};
  readonly #ended: Promise<IteratorResult<never, undefined>> = new Promise((resolve, reject) => {
    this.#end = (reason) =>
      reason === undefined ? resolve({ done: true, value: undefined }) : reject(reason);
  });

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<never, undefined>> {
    return this.#ended;
  }

  fail(): void {
    this.#end(new Error('the queue is gone'));
  }

  async return(): Promise<IteratorResult<never, undefined>> {
    this.left = true;
    this.#end(undefined);
    return { done: true, value: undefined };
  }
}

it('leaves a queue that it came to consume while it stopped', async () => {
  const time = new ManualTime();
  const consumers = [new MadeConsumer(), new MadeConsumer()];
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let count = 0;
  const client = {
    consume: async () => {
      const consumer = consumers[count++];
      if (count === 2) await opened;
      return consumer;
    },
  } as unknown as Client;
  const dispatcher = new Dispatcher({
    service: 'orders',
    queue: 'orders.in',
    subscriptions: [],
    client,
    processor: { attempt: () => expect.unreachable(), deadLetter: () => expect.unreachable() },
    claimCheck: undefined,
    environment: time.environment(),
    declare: async () => {},
    onEvent: () => {},
  });
  await dispatcher.start();
  consumers[0]?.fail();
  await settled();
  await time.advance(1_000);
  expect(count).toBe(2);
  const stopped = dispatcher.stop();
  open();
  await stopped;
  expect(consumers[1]?.left).toBe(true);
  expect(time.workCount).toBe(0);
});
