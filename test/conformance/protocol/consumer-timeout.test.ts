import { describe, expect, test } from 'vitest';
import { ProtocolBroker } from './protocol-broker.ts';

/** A channel that consumes from queues with these consumer timeouts, in this order, with a message in each. */
async function consuming(broker: ProtocolBroker, timeoutsMs: readonly number[]) {
  const channel = await broker.openChannel();
  for (const timeoutMs of timeoutsMs) {
    const queue = `q${timeoutMs}`;
    await channel.call('queue.declare', { queue, arguments: { 'x-consumer-timeout': timeoutMs } });
    await channel.call('basic.consume', { queue });
    channel.publish({ routingKey: queue }, {}, 'x');
    await channel.expect('basic.deliver');
  }
  return channel;
}

describe('a consumer timeout', () => {
  test('holds for its own consumer, whatever that of another one on the channel is', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await consuming(broker, [60_000, 1000]);
    await broker.running.clock.advance(2000);
    await expect(channel.whenClosed()).resolves.toMatchObject({
      code: 406,
      text: expect.stringContaining('Delivery tag: 2'),
    });
  });

  test('counts from the delivery, also of a message behind others that were acknowledged', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await consuming(broker, [60_000]);
    await broker.running.clock.advance(30_000);
    channel.publish({ routingKey: 'q60000' }, {}, 'y');
    await channel.expect('basic.deliver');
    channel.send('basic.ack', { deliveryTag: 1 });
    await channel.settle();
    await broker.running.clock.advance(59_000);
    await channel.settle();
    await broker.running.clock.advance(1000);
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 406 });
  });
});
