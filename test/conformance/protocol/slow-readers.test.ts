import { describe, expect, test } from 'vitest';
import { FuzzedBroker, type FuzzedClient } from '../../fuzz/fuzzed-broker.ts';
import { openingFrames, PROTOCOL_HEADER } from '../../fuzz/session-frames.ts';
import { bodyFrame, headerFrame, joinBytes, methodFrame, publishFrames } from '../../servers/frame-bytes.ts';

const MIB = 1024 * 1024;
/** As openingFrames asks for it. */
const HEARTBEAT_MS = 10_000;
const HEARTBEAT_FRAME: Uint8Array = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0xce);

function send({ connection }: FuzzedClient, ...frames: readonly Uint8Array[]): void {
  const bytes = joinBytes(frames);
  connection.receive(bytes, 0, bytes.length);
}

/** A client with channel 1. */
function connect(fuzzed: FuzzedBroker): FuzzedClient {
  const client = fuzzed.connect();
  send(client, PROTOCOL_HEADER, ...openingFrames(131_072), methodFrame(1, 'channel.open'));
  fuzzed.settle();
  return client;
}

/** Publishes a message of 1 MiB, which is more than may wait of answers. */
function publishLarge(client: FuzzedClient, queue: string): void {
  const pieceBytes = MIB / 16;
  send(client, methodFrame(1, 'basic.publish', { routingKey: queue }), headerFrame(1, MIB, {}));
  for (let sent = 0; sent < MIB; sent += pieceBytes) send(client, bodyFrame(1, new Uint8Array(pieceBytes)));
}

/** From now on it reads nothing. Counts the bytes that are written to it. */
function stopReading({ transport }: FuzzedClient): { writtenBytes: number } {
  const counted = { writtenBytes: 0 };
  const write = transport.write.bind(transport);
  transport.congested = true;
  transport.write = (bytes, end) => {
    counted.writtenBytes += end;
    return write(bytes, end);
  };
  return counted;
}

function readAll({ connection, transport }: FuzzedClient): void {
  transport.congested = false;
  connection.drained();
}

/** Messages of 100 kB by basic.get until the broker does not read any more. */
function getUntilPaused(fuzzed: FuzzedBroker, client: FuzzedClient): void {
  send(client, methodFrame(1, 'queue.declare', { queue: 'q' }));
  for (let count = 0; count < 20; count++) {
    send(client, ...publishFrames(1, { routingKey: 'q' }, {}, new Uint8Array(100_000)));
  }
  fuzzed.settle();
  for (let count = 0; count < 20 && !client.transport.paused; count++) {
    send(client, methodFrame(1, 'basic.get', { queue: 'q', noAck: true }));
    fuzzed.settle();
  }
  expect(client.transport.paused).toBe(true);
}

describe('a client with large deliveries on their way that it does not read', () => {
  test('is read from, so that one that writes before it reads cannot lock itself up', () => {
    const fuzzed = new FuzzedBroker(1);
    const client = connect(fuzzed);
    send(client, methodFrame(1, 'queue.declare', { queue: 'q' }));
    send(client, methodFrame(1, 'queue.declare', { queue: 'sent' }));
    for (let count = 0; count < 4; count++) publishLarge(client, 'q');
    fuzzed.settle();
    const { transport } = client;
    const counted = stopReading(client);
    send(client, methodFrame(1, 'basic.consume', { queue: 'q' }));
    fuzzed.settle();
    expect(counted.writtenBytes).toBeGreaterThan(MIB);
    expect(counted.writtenBytes).toBeLessThan(3 * MIB);
    for (let count = 0; count < 24; count++) publishLarge(client, 'sent');
    send(client, methodFrame(1, 'basic.ack', { deliveryTag: 2, multiple: true }));
    fuzzed.settle();
    expect(transport.paused).toBe(false);
    const { queues } = fuzzed.broker.vhosts.get('/') ?? {};
    expect(queues?.get('sent')?.readyCount).toBe(24);
    expect(queues?.get('q')?.unackedCount).toBe(0);
    readAll(client);
    fuzzed.settle();
    expect(transport.methods.filter((name) => name === 'basic.deliver')).toHaveLength(4);
  });

  test('is kept by its heartbeats', () => {
    const fuzzed = new FuzzedBroker(1);
    const client = connect(fuzzed);
    send(client, methodFrame(1, 'queue.declare', { queue: 'q' }));
    publishLarge(client, 'q');
    stopReading(client);
    send(client, methodFrame(1, 'basic.consume', { queue: 'q' }));
    fuzzed.settle();
    expect(client.transport.paused).toBe(false);
    for (let count = 0; count < 100; count++) {
      send(client, HEARTBEAT_FRAME);
      fuzzed.advance(HEARTBEAT_MS);
    }
    expect(client.connection.isOpen).toBe(true);
    fuzzed.advance(3 * HEARTBEAT_MS);
    expect(client.connection.isClosed).toBe(true);
  });
});

describe('a client that does not read its answers, and is not read from therefore', () => {
  test('is given up when it has read nothing for two heartbeat intervals', () => {
    const fuzzed = new FuzzedBroker(1);
    const client = connect(fuzzed);
    stopReading(client);
    getUntilPaused(fuzzed, client);
    fuzzed.advance(HEARTBEAT_MS);
    expect(client.connection.isOpen).toBe(true);
    fuzzed.advance(2 * HEARTBEAT_MS);
    expect(client.connection.isClosed).toBe(true);
  });

  test('is kept while it reads, however slowly', () => {
    const fuzzed = new FuzzedBroker(1);
    const client = connect(fuzzed);
    stopReading(client);
    getUntilPaused(fuzzed, client);
    for (let count = 0; count < 20; count++) {
      client.transport.progressMark++;
      fuzzed.advance(HEARTBEAT_MS);
    }
    expect(client.connection.isOpen).toBe(true);
    readAll(client);
    expect(client.transport.paused).toBe(false);
  });
});

describe('direct replies to a client that does not read', () => {
  test('are dropped when 1 MiB of them waits, and come again once it reads', () => {
    const fuzzed = new FuzzedBroker(1);
    const requester = connect(fuzzed);
    const replier = connect(fuzzed);
    send(requester, methodFrame(1, 'basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true }));
    fuzzed.settle();
    const routingKey = requester.connection.channels.get(1)?.replyAddress ?? '';
    const counted = stopReading(requester);
    const reply = (): void => {
      send(replier, ...publishFrames(1, { routingKey, mandatory: true }, {}, new Uint8Array(100_000)));
      fuzzed.settle();
    };
    for (let count = 0; count < 100; count++) reply();
    const returned = replier.transport.methods.filter((name) => name === 'basic.return').length;
    expect(returned).toBeGreaterThan(80);
    expect(counted.writtenBytes).toBeLessThan(1.5 * MIB);
    expect(requester.transport.methods.filter((name) => name === 'basic.deliver')).toHaveLength(
      100 - returned,
    );
    expect(requester.transport.paused).toBe(false);
    readAll(requester);
    reply();
    expect(requester.transport.methods.filter((name) => name === 'basic.deliver')).toHaveLength(
      101 - returned,
    );
  });
});
