import { describe, expect, test } from 'vitest';
import { ProtocolBroker } from './protocol-broker.ts';

describe('limits', () => {
  test('on connections of the broker end a stream that is one too many', async () => {
    const broker = await ProtocolBroker.start({ maxConnections: 2 });
    const kept = [await broker.openChannel(), await broker.openChannel()];
    const refused = await broker.dial();
    await refused.whenEnded;
    for (const channel of kept) await channel.settle();
    await kept[0]?.client.close();
    await broker.whenConnectionCount(1);
    while ((await broker.connect().catch(() => undefined)) === undefined);
  });

  test('on connections of a vhost close with 530', async () => {
    const broker = await ProtocolBroker.start();
    const vhost = broker.broker.vhosts.get('/');
    vhost?.setLimits({ maxConnections: 1 });
    const client = await broker.connect();
    await expect(broker.connect()).rejects.toMatchObject({
      code: 530,
      text: "NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (1) is reached",
    });
    await client.close();
    await broker.whenConnectionCount(0);
    await broker.connect();
  });

  test('on connections of a user close with 530', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('busy');
    broker.broker.access.setUserLimits('busy', { maxConnections: 1 });
    await broker.connect({ user: 'busy', password: 'secret' });
    await expect(broker.connect({ user: 'busy', password: 'secret' })).rejects.toMatchObject({
      code: 530,
      text: expect.stringContaining('(1)'),
    });
    await broker.connect();
  });

  test('on channels of a user close the connection with 530', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('busy');
    broker.broker.access.setUserLimits('busy', { maxChannels: 2 });
    const first = await broker.connect({ user: 'busy', password: 'secret' });
    const second = await broker.connect({ user: 'busy', password: 'secret' });
    await first.openChannel(1);
    await second.openChannel(1);
    await expect(first.openChannel(2)).rejects.toMatchObject({ level: 'connection', code: 530 });
    await expect((await second.openChannel(2)).settle()).resolves.toBeUndefined();
  });

  test('on channels of a connection close it with 530 when a number above channel_max is opened', async () => {
    const client = await (await ProtocolBroker.start()).connect({ channelMax: 3 });
    await client.openChannel(3);
    await expect(client.openChannel(4)).rejects.toMatchObject({
      level: 'connection',
      code: 530,
      text: expect.stringContaining('(3)'),
    });
  });

  test('on the size of a message close the channel with 406 as soon as its header has come', async () => {
    const broker = await ProtocolBroker.start({ maxMessageSize: 1000 });
    const channel = await broker.openChannel();
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' }, {}, 'x'.repeat(1000));
    await channel.expect('basic.ack');
    channel.publish({ exchange: 'amq.fanout' }, {}, 'x'.repeat(1001));
    await expect(channel.whenClosed()).resolves.toMatchObject({
      level: 'channel',
      code: 406,
      text: 'PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000',
      classId: 60,
      methodId: 40,
    });
    await (await channel.client.openChannel(1)).settle();
  });
});
