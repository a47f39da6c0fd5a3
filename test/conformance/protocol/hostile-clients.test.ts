import { describe, expect, test } from 'vitest';
import { type FieldTable, field, tableOf } from '../../../src/codec/field-table.ts';
import { FuzzedBroker } from '../../fuzz/fuzzed-broker.ts';
import { openingFrames, PROTOCOL_HEADER } from '../../fuzz/session-frames.ts';
import { joinBytes, methodFrame, publishFrames } from '../../servers/frame-bytes.ts';
import { ProtocolBroker } from './protocol-broker.ts';

/** As many entries as a table may have. */
function fullTable(): FieldTable {
  return new Map(Array.from({ length: 1024 }, (_, index) => [`h${index}`, field.bool(true)]));
}

describe('dead-lettering', () => {
  test('of a message whose headers are as many as can be does no harm', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const args = { 'x-message-ttl': 10, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await channel.call('queue.declare', { queue: 'q', arguments: args });
    await channel.call('queue.declare', { queue: 'dead' });
    channel.publish({ routingKey: 'q' }, { headers: fullTable() }, 'x');
    await channel.settle();
    await broker.running.clock.advance('1s');
    await broker.checkUsable();
    const got = await channel.call('basic.get', { queue: 'dead' });
    expect(got.method.name).toBe('basic.get-ok');
  });

  test('through 300 queues does no harm', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    for (let index = 0; index < 300; index++) {
      const args = {
        'x-message-ttl': 0,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': `q${index + 1}`,
      };
      await channel.call('queue.declare', { queue: `q${index}`, arguments: args });
    }
    await channel.call('queue.declare', { queue: 'q300' });
    channel.publish({ routingKey: 'q0' }, {}, 'x');
    await channel.settle();
    await broker.running.clock.advance('1h');
    await broker.checkUsable();
    const got = await channel.call('basic.get', { queue: 'q300' });
    expect(got.method.name).toBe('basic.get-ok');
  });

  test('with a routing key that is no short string is refused with 406 when the queue is declared', async () => {
    const channel = await (await ProtocolBroker.start()).openChannel();
    for (const name of ['x-dead-letter-exchange', 'x-dead-letter-routing-key']) {
      const args = { 'x-dead-letter-exchange': '', [name]: 'x'.repeat(256) };
      const again = await channel.client.openChannel(2);
      await expect(again.call('queue.declare', { queue: 'q', arguments: args })).rejects.toMatchObject({
        code: 406,
      });
    }
  });

  test('of a message with a false x-death header does no harm', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const args = { 'x-message-ttl': 1, 'x-dead-letter-exchange': 'amq.fanout' };
    await channel.call('queue.declare', { queue: 'q', arguments: args });
    await channel.call('queue.declare', { queue: 'dead' });
    await channel.call('queue.bind', { queue: 'dead', exchange: 'amq.fanout' });
    const lies = [
      'text',
      5,
      [1, 'two'],
      [{ count: 'x' }],
      { a: 1 },
      [{ queue: 'q', reason: 'expired' }],
      null,
    ];
    for (const lie of lies)
      channel.publish({ routingKey: 'q' }, { headers: tableOf({ 'x-death': lie }) }, 'x');
    await channel.settle();
    await broker.running.clock.advance('1s');
    const declared = await channel.call('queue.declare', { queue: 'dead', passive: true });
    expect(declared.messageCount).toBe(lies.length);
  });

  test('of a message with carbon copies of any length does no harm', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const args = { 'x-message-ttl': 1, 'x-dead-letter-exchange': 'amq.fanout' };
    await channel.call('queue.declare', { queue: 'q', arguments: args });
    await channel.call('queue.declare', { queue: 'dead' });
    await channel.call('queue.bind', { queue: 'dead', exchange: 'amq.fanout' });
    channel.publish({ routingKey: 'q' }, { headers: tableOf({ CC: ['y'.repeat(5000), 'q'] }) }, 'x');
    await channel.settle();
    await broker.running.clock.advance('1s');
    expect((await channel.call('basic.get', { queue: 'dead' })).method.name).toBe('basic.get-ok');
  });
});

describe('a client that does not read', () => {
  test('and asks for a large message again and again does not make the broker grow', () => {
    const fuzzed = new FuzzedBroker(1);
    const { connection, transport } = fuzzed.connect();
    const send = (...frames: readonly Uint8Array[]): void => {
      const bytes = joinBytes(frames);
      connection.receive(bytes, 0, bytes.length);
    };
    send(PROTOCOL_HEADER, ...openingFrames(131_072), methodFrame(1, 'channel.open'));
    send(methodFrame(1, 'queue.declare', { queue: 'q' }));
    send(...publishFrames(1, { routingKey: 'q' }, {}, new Uint8Array(100_000)));
    fuzzed.settle();
    let takenBytes = 0;
    transport.congested = true;
    const write = transport.write.bind(transport);
    transport.write = (bytes, end) => {
      takenBytes += end;
      return write(bytes, end);
    };
    const again = [
      methodFrame(1, 'basic.get', { queue: 'q' }),
      methodFrame(1, 'basic.nack', { deliveryTag: 0, multiple: true, requeue: true }),
    ];
    for (let count = 0; count < 50 && !transport.paused; count++) {
      send(...Array.from({ length: 500 }, () => again).flat());
      fuzzed.settle();
    }
    expect(transport.paused).toBe(true);
    expect(takenBytes).toBeLessThan(8 * 1024 * 1024);

    transport.congested = false;
    connection.drained();
    fuzzed.settle();
    expect(transport.paused).toBe(false);
    expect(transport.methods.filter((name) => name === 'basic.get-ok').length % 500).toBe(0);
    expect(fuzzed.broker.vhosts.get('/')?.queues.get('q')?.readyCount).toBe(1);
  });

  test('gets no deliveries beyond the ones that were on their way, and all of them later', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await channel.call('queue.declare', { queue: 'q' });
    const consumer = await broker.openChannel();
    await consumer.call('basic.consume', { queue: 'q', noAck: true });
    consumer.client.socket.pause();
    await channel.call('confirm.select');
    const body = new Uint8Array(100_000);
    const count = 500;
    for (let index = 0; index < count; index++) channel.publish({ routingKey: 'q' }, {}, body);
    while (channel.take('basic.ack').every(({ method }) => method.deliveryTag < count)) {
      await channel.settle();
    }
    const { messageCount } = await channel.call('queue.declare', { queue: 'q', passive: true });
    expect(messageCount).toBeGreaterThan(count / 2);
    consumer.client.socket.resume();
    expect(await consumer.expectMany('basic.deliver', count)).toHaveLength(count);
  });
});
