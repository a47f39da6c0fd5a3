import { describe, expect, test } from 'vitest';
import { field, tableOf } from '../../../src/codec/field-table.ts';
import type { MethodName } from '../../../src/codec/methods.ts';
import { FuzzedBroker } from '../../fuzz/fuzzed-broker.ts';
import { openingFrames, PROTOCOL_HEADER } from '../../fuzz/session-frames.ts';
import { bodyFrame, headerFrame, joinBytes, methodFrame, publishFrames } from '../../servers/frame-bytes.ts';

/** A whole life: log in, declare, consume, publish with confirms in one and in several frames, ack, close. */
const SESSION: Uint8Array = joinBytes([
  PROTOCOL_HEADER,
  ...openingFrames(4096),
  methodFrame(1, 'channel.open'),
  methodFrame(1, 'confirm.select'),
  methodFrame(1, 'queue.declare', { queue: 'q', exclusive: true, arguments: { 'x-max-priority': 3 } }),
  methodFrame(1, 'basic.consume', { queue: 'q', consumerTag: 'c' }),
  ...publishFrames(1, { routingKey: 'q' }, { priority: 2, headers: tableOf({ a: [1] }) }, new Uint8Array(9)),
  methodFrame(1, 'basic.publish', { routingKey: 'q' }),
  headerFrame(1, 300, { headers: new Map([['b', field.bool(true)]]) }),
  bodyFrame(1, new Uint8Array(100)),
  bodyFrame(1, new Uint8Array(0)),
  bodyFrame(1, new Uint8Array(200)),
  Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0xce),
  methodFrame(1, 'channel.close', { replyCode: 200 }),
  methodFrame(0, 'connection.close', { replyCode: 200 }),
]);

const ANSWERS: readonly MethodName[] = [
  'connection.start',
  'connection.tune',
  'connection.open-ok',
  'channel.open-ok',
  'confirm.select-ok',
  'queue.declare-ok',
  'basic.consume-ok',
  'channel.close-ok',
  'connection.close-ok',
];

/** The answers that do not depend on how the bytes fall into turns. */
function repliesTo(pieces: readonly Uint8Array[]): MethodName[] {
  const broker = new FuzzedBroker(1);
  const { connection, transport } = broker.connect();
  transport.frameMax = 4096;
  for (const piece of pieces) {
    connection.receive(piece, 0, piece.length);
    broker.settle();
  }
  expect(connection.isClosed).toBe(true);
  expect(broker.store.liveBytes).toBe(0);
  return transport.methods.filter((name) => name.endsWith('-ok') || name.startsWith('connection.'));
}

describe('a session', () => {
  test('is understood when it comes in one piece', () => {
    expect(repliesTo([SESSION])).toEqual(ANSWERS);
  });

  test('is understood when it comes octet by octet', () => {
    const pieces = Array.from(SESSION, (_octet, at) => SESSION.slice(at, at + 1));
    expect(repliesTo(pieces)).toEqual(ANSWERS);
  });

  test('is understood wherever it is cut in two', () => {
    for (let cut = 0; cut <= SESSION.length; cut++) {
      expect(repliesTo([SESSION.slice(0, cut), SESSION.slice(cut)])).toEqual(ANSWERS);
    }
  });

  test('is understood in pieces of any one size', () => {
    for (let size = 2; size < 60; size++) {
      const count = Math.ceil(SESSION.length / size);
      const pieces = Array.from({ length: count }, (_, index) =>
        SESSION.slice(index * size, (index + 1) * size),
      );
      expect(repliesTo(pieces)).toEqual(ANSWERS);
    }
  });

  test('leaves nothing behind wherever its stream breaks off', () => {
    for (let cut = 0; cut <= SESSION.length; cut++) {
      const broker = new FuzzedBroker(1);
      const { connection } = broker.connect();
      connection.receive(SESSION, 0, cut);
      broker.settle();
      if (!connection.isClosed) connection.transportClosed('reset');
      broker.settle();
      expect(broker.broker.connectionCount).toBe(0);
      expect(broker.broker.vhosts.get('/')?.queues.size).toBe(0);
      expect(broker.store.liveBytes).toBe(0);
    }
  });
});
