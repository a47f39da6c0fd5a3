import { describe, expect, test } from 'vitest';
import type { RawClient } from '../../servers/raw-client.ts';
import { ProtocolBroker } from './protocol-broker.ts';

/** A round trip: everything that the broker sent before has arrived afterwards. */
async function roundTrip(client: RawClient): Promise<void> {
  await client.channel(0).call('connection.update-secret', { newSecret: '', reason: '' });
}

describe('heartbeats', () => {
  test('are sent by the broker when it has nothing else to say', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 10 });
    expect(client.heartbeatAtMs).toBeUndefined();
    await broker.running.clock.advance('11s');
    await roundTrip(client);
    expect(client.heartbeatAtMs).toBeDefined();
  });

  test('are not sent when the client asked for none, and silence is then no fault', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 0 });
    await broker.running.clock.advance('24h');
    await roundTrip(client);
    expect(client.heartbeatAtMs).toBeUndefined();
  });

  test('that the client does not send for two intervals end the stream', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 10 });
    await broker.running.clock.advance('20s');
    expect(broker.broker.connectionCount).toBe(1);
    await broker.running.clock.advance('6s');
    await client.whenEnded;
    expect(client.closed).toBeUndefined();
    await broker.whenConnectionCount(0);
  });

  test('of the client keep the connection', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 10 });
    for (let count = 0; count < 10; count++) {
      client.sendHeartbeat();
      await roundTrip(client);
      await broker.running.clock.advance('15s');
    }
    await roundTrip(client);
  });

  test('may be replaced by any other frame of the client', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 10 });
    for (let count = 0; count < 10; count++) {
      await roundTrip(client);
      await broker.running.clock.advance('15s');
    }
    await roundTrip(client);
  });

  test('missed by one client end no other connection', async () => {
    const broker = await ProtocolBroker.start();
    const silent = await broker.connect({ heartbeat: 5 });
    const patient = await broker.connect({ heartbeat: 60 });
    await broker.running.clock.advance('20s');
    await silent.whenEnded;
    await roundTrip(patient);
  });

  test('missed by a client end its consumers, and its messages go to others', async () => {
    const broker = await ProtocolBroker.start();
    const silent = await broker.connect({ heartbeat: 5 });
    const first = await silent.openChannel(1);
    await first.call('queue.declare', { queue: 'q' });
    first.publish({ routingKey: 'q' }, {}, 'x');
    await first.call('basic.consume', { queue: 'q' });
    await first.expect('basic.deliver');
    const second = await broker.openChannel();
    await second.call('basic.consume', { queue: 'q' });
    await broker.running.clock.advance('20s');
    const again = await second.expect('basic.deliver');
    expect(again.method.redelivered).toBe(true);
  });

  test('are not asked of a publisher that an alarm has stopped, which cannot be heard', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect({ heartbeat: 5 });
    const channel = await client.openChannel(1);
    channel.publish({ exchange: 'amq.fanout' });
    await channel.settle();
    broker.broker.setAlarm('memory', true);
    await broker.running.clock.advance('1h');
    broker.broker.setAlarm('memory', false);
    await channel.settle();
  });
});
