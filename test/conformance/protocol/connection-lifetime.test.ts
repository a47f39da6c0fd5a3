import { describe, expect, test } from 'vitest';
import { FuzzedBroker } from '../../fuzz/fuzzed-broker.ts';
import { openingFrames, PROTOCOL_HEADER } from '../../fuzz/session-frames.ts';
import { joinBytes, methodFrame, publishFrames } from '../../servers/frame-bytes.ts';
import { ProtocolBroker } from './protocol-broker.ts';

describe('connection.close', () => {
  test('is answered with close-ok, and the stream ends', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect();
    client.channel(0).send('connection.close', { replyCode: 200, replyText: 'goodbye' });
    await client.channel(0).expect('connection.close-ok');
    await client.whenEnded;
    await broker.whenConnectionCount(0);
  });

  test('comes after everything that was asked before it', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.fanout' });
    channel.client.channel(0).send('connection.close', { replyCode: 200 });
    await channel.client.channel(0).expect('connection.close-ok');
    expect(channel.take('basic.ack')).toHaveLength(1);
  });

  test('gives unacked messages back and removes exclusive queues', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await channel.call('queue.declare', { queue: 'kept' });
    await channel.call('queue.declare', { queue: 'own', exclusive: true });
    channel.publish({ routingKey: 'kept' }, {}, 'x');
    await channel.call('basic.get', { queue: 'kept' });
    await channel.client.close();
    await broker.whenConnectionCount(0);
    const other = await broker.openChannel();
    const got = await other.call('basic.get', { queue: 'kept' });
    expect(got.method).toMatchObject({ name: 'basic.get-ok', redelivered: true });
    await expect(other.call('queue.declare', { queue: 'own', passive: true })).rejects.toMatchObject({
      code: 404,
    });
  });

  test.each([
    ['of the client', 'connection.close'],
    ['of the broker', 'connection.open'],
  ] as const)('%s cancels the consumers of all channels before any message goes back', (_whose, last) => {
    const fuzzed = new FuzzedBroker(1);
    const { connection, transport } = fuzzed.connect();
    const send = (...frames: readonly Uint8Array[]): void => {
      const bytes = joinBytes(frames);
      connection.receive(bytes, 0, bytes.length);
      fuzzed.settle();
    };
    const limited = {
      'x-queue-type': 'quorum',
      'x-delivery-limit': 0,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'dead',
    };
    send(PROTOCOL_HEADER, ...openingFrames(131_072), methodFrame(1, 'channel.open'));
    send(methodFrame(2, 'channel.open'));
    send(methodFrame(1, 'queue.declare', { queue: 'q', durable: true, arguments: limited }));
    send(methodFrame(1, 'queue.declare', { queue: 'dead', arguments: { 'x-max-length': 1 } }));
    send(methodFrame(1, 'basic.consume', { queue: 'q' }), methodFrame(2, 'basic.consume', { queue: 'dead' }));
    for (let count = 0; count < 3; count++)
      send(...publishFrames(1, { routingKey: 'q' }, {}, new Uint8Array(1)));
    expect(transport.methods.slice(-3)).toEqual(['basic.deliver', 'basic.deliver', 'basic.deliver']);
    send(methodFrame(0, last, last === 'connection.close' ? { replyCode: 200 } : { virtualHost: '/' }));
    expect(transport.methods.at(-1)).toBe(
      last === 'connection.close' ? 'connection.close-ok' : 'connection.close',
    );
    expect(fuzzed.broker.vhosts.get('/')?.queues.get('dead')?.readyCount).toBe(1);
  });

  test('drops the frames that follow it', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    channel.client.sendBytes(methodFrame(0, 'connection.close', { replyCode: 200 }));
    channel.send('queue.declare', { queue: 'too-late' });
    await channel.client.whenEnded;
    expect(broker.broker.vhosts.get('/')?.queues.has('too-late')).toBe(false);
  });

  test('by the broker is followed by the end of the stream when close-ok arrives', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect();
    client.sendBytes(methodFrame(0, 'connection.open', { virtualHost: '/' }));
    await expect(client.whenClosed()).resolves.toMatchObject({ level: 'connection' });
    await client.whenEnded;
    await broker.whenConnectionCount(0);
  });

  test('by the broker ends the stream after 5 s when close-ok does not arrive', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect();
    client.becomeClosed = (closed) => {
      client.closed = closed;
    };
    client.sendBytes(methodFrame(0, 'connection.open', { virtualHost: '/' }));
    await client.channel(0).expect('connection.close');
    await broker.running.clock.advance('4s');
    expect(broker.broker.connectionCount).toBe(1);
    await broker.running.clock.advance('2s');
    await client.whenEnded;
    await broker.whenConnectionCount(0);
  });

  test('crossing one of the broker is answered', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.connect();
    client.becomeClosed = () => {};
    client.sendBytes(methodFrame(0, 'connection.open', { virtualHost: '/' }));
    client.sendBytes(methodFrame(0, 'connection.close', { replyCode: 200 }));
    await client.channel(0).expect('connection.close-ok');
    await client.whenEnded;
  });
});

describe('a shutdown', () => {
  test('closes connections with 320 CONNECTION_FORCED and no method', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    const closed = channel.client.whenClosed();
    await broker.running.close();
    expect(await closed).toMatchObject({
      level: 'connection',
      code: 320,
      text: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
      classId: 0,
      methodId: 0,
    });
    await channel.client.whenEnded;
  });

  test('is no cause for warnings about its connections', async () => {
    const warnings: string[] = [];
    const broker = await ProtocolBroker.start({
      onEvent: ({ level, text }) => {
        if (level !== 'info') warnings.push(text);
      },
    });
    await broker.openChannel();
    await broker.running.close();
    expect(warnings).toEqual([]);
  });

  test('ends streams that have not opened a connection', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.dial();
    await broker.whenConnectionCount(1);
    await broker.running.close();
    await client.whenEnded;
  });

  test('is told to a publisher that an alarm has stopped, and its answer is read', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    channel.publish({ exchange: 'amq.fanout' });
    await channel.settle();
    broker.broker.setAlarm('memory', true);
    await channel.client.channel(0).expect('connection.blocked');
    const startMs = performance.now();
    await broker.running.close();
    await channel.client.whenEnded;
    expect(channel.client.closed).toMatchObject({ code: 320 });
    expect(performance.now() - startMs).toBeLessThan(1500);
  });

  test('turns away who comes afterwards', async () => {
    const broker = await ProtocolBroker.start();
    const first = await broker.connect();
    first.becomeClosed = () => {};
    const { port } = broker;
    const closing = broker.running.close();
    const late = await broker.dial().catch(() => undefined);
    expect(port).toBeGreaterThan(0);
    await late?.whenEnded;
    first.destroy();
    await closing;
  });
});

describe('connection.update-secret', () => {
  test('is answered', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    await client.channel(0).call('connection.update-secret', { newSecret: 'token', reason: 'expiry' });
  });
});

describe('accounts that change while a client is connected', () => {
  test('deleting the user closes its connections with 320', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('leaving');
    const client = await broker.connect({ user: 'leaving', password: 'secret' });
    const other = await broker.openChannel();
    expect(broker.broker.deleteUser('leaving')).toBe(true);
    await expect(client.whenClosed()).resolves.toMatchObject({
      code: 320,
      text: "CONNECTION_FORCED - user 'leaving' is deleted",
    });
    await other.settle();
  });

  test('deleting the user during the handshake refuses connection.open with 530', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('leaving');
    const client = await broker.dial();
    await client.authenticate({ user: 'leaving', password: 'secret' });
    broker.broker.deleteUser('leaving');
    client.openVhost();
    await expect(client.whenClosed()).resolves.toMatchObject({ code: 530 });
  });

  test('deleting the vhost closes its connections with 320', async () => {
    const broker = await ProtocolBroker.start();
    broker.broker.addVhost('going');
    const permission = { user: 'guest', vhost: 'going', configure: '.*', write: '.*', read: '.*' };
    broker.broker.access.setPermission(permission);
    const client = await broker.connect({ vhost: 'going' });
    const other = await broker.openChannel();
    expect(broker.broker.deleteVhost('going')).toBe(true);
    await expect(client.whenClosed()).resolves.toMatchObject({
      code: 320,
      text: "CONNECTION_FORCED - vhost 'going' is deleted",
    });
    await other.settle();
  });

  test('a permission that is taken away refuses the next operation with 403', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('limited');
    const client = await broker.connect({ user: 'limited', password: 'secret' });
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue: 'q' });
    broker.addUser('limited', { configure: '^$' });
    await expect(channel.call('queue.declare', { queue: 'q2' })).rejects.toMatchObject({
      level: 'channel',
      code: 403,
      text: "ACCESS_REFUSED - configure access to queue 'q2' in vhost '/' refused for user 'limited'",
    });
  });

  test('a write permission that is taken away refuses the next publish to the same address with 403', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('limited');
    const client = await broker.connect({ user: 'limited', password: 'secret' });
    const channel = await client.openChannel(1);
    await channel.call('confirm.select');
    channel.publish({ exchange: 'amq.direct', routingKey: 'k' });
    await channel.expect('basic.ack');
    broker.addUser('limited', { write: '^$' });
    channel.publish({ exchange: 'amq.direct', routingKey: 'k' });
    await expect(channel.whenClosed()).resolves.toMatchObject({ code: 403, classId: 60, methodId: 40 });
  });

  test('a permission that is given serves the next operation', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('limited', { configure: '^$' });
    const client = await broker.connect({ user: 'limited', password: 'secret' });
    const first = await client.openChannel(1);
    await expect(first.call('queue.declare', { queue: 'q' })).rejects.toMatchObject({ code: 403 });
    broker.addUser('limited');
    await (await client.openChannel(1)).call('queue.declare', { queue: 'q' });
  });
});
