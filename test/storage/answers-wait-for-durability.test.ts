import { beforeEach, describe, expect, test } from 'vitest';
import { FRAME_METHOD, FrameParser, type FrameSink } from '../../src/codec/frame.ts';
import { decodeMethod } from '../../src/codec/method-codec.ts';
import { Broker } from '../../src/core/broker.ts';
import type { Channel } from '../../src/core/channel/channel.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { openingFrames, PROTOCOL_HEADER } from '../fuzz/session-frames.ts';
import { joinBytes, methodFrame, publishFrames } from '../servers/frame-bytes.ts';
import { LOCAL_PEER, RecordingTransport } from '../servers/recording-transport.ts';
import { SurvivingEngine } from './surviving-engine.ts';

/** Class 60, method 70. */
const BASIC_GET = 60 * 65_536 + 70;
const TURNS_MAX = 1000;

let engine: SurvivingEngine;
let clock: VirtualClock;
let broker: Broker;
let turnIsDue: boolean;
let deadlineMs: number;
let events: string[];

beforeEach(() => {
  engine = new SurvivingEngine();
  engine.isSlow = true;
  broker = makeBroker(new MessageLog(engine, { cold: new SurvivingEngine() }));
  settle();
  engine.complete();
  settle();
});

function makeBroker(store: MessageLog): Broker {
  clock = new VirtualClock(0);
  events = [];
  turnIsDue = true;
  return new Broker({
    clock,
    random: new SeededRandom(1),
    store,
    scheduler: {
      requestTurn: () => {
        turnIsDue = true;
      },
      requestTurnAt: (atMs) => {
        deadlineMs = atMs;
      },
    },
    credentials: {
      hash: (password) => password,
      verify: (password, hash, done) => done(password === hash),
    },
    onEvent: ({ level, text }) => events.push(`${level} ${text}`),
  });
}

/** Runs turns until the broker asks for none. */
function settle(): void {
  for (let turns = 0; turnIsDue; turns++) {
    if (turns > TURNS_MAX) throw new Error('the broker runs turn after turn while it only waits');
    turnIsDue = false;
    broker.turn();
  }
}

/** Moves the clock, and runs what is due in the order of its time. */
function advance(ms: number): void {
  const targetMs = clock.nowMs() + ms;
  while (deadlineMs <= targetMs) {
    clock.moveTo(Math.max(deadlineMs, clock.nowMs()));
    turnIsDue = true;
    settle();
  }
  clock.moveTo(targetMs);
}

/** Everything that was appended becomes durable, and the broker does what it can do then. */
function complete(): void {
  engine.complete();
  settle();
}

/** A client that remembers the methods it got, with their channels: `1 queue.declare-ok`. */
class Client {
  /** Class and method that the last channel.close names. */
  closedBy = 0;
  readonly transport = new RecordingTransport();
  readonly connection: Connection;
  #answers: string[] = [];

  constructor(...channels: number[]) {
    const onFrame: FrameSink['onFrame'] = (type, channel, bytes, start, end) => {
      if (type !== FRAME_METHOD) return;
      const method = decodeMethod(bytes, start, end);
      this.#answers.push(`${channel} ${method.name}`);
      if (method.name === 'channel.close') this.closedBy = method.classId * 65_536 + method.methodId;
    };
    const parser = new FrameParser({ onFrame }, 0);
    this.transport.write = (bytes, end) => {
      parser.push(bytes, 0, end);
      return true;
    };
    this.connection = broker.accept(this.transport, LOCAL_PEER);
    this.receive(PROTOCOL_HEADER);
    this.receive(...openingFrames(131_072));
    this.receive(...channels.map((channel) => methodFrame(channel, 'channel.open')));
    settle();
    this.answers();
  }

  get paused(): boolean {
    return this.transport.paused;
  }

  /** Hands `frames` to the broker as one chunk, without a turn. */
  receive(...frames: Uint8Array[]): void {
    const chunk = joinBytes(frames);
    this.connection.receive(chunk, 0, chunk.length);
  }

  /** The same, and the turns that follow from it. Returns the answers. */
  send(...frames: Uint8Array[]): string[] {
    this.receive(...frames);
    settle();
    return this.answers();
  }

  /** What came since this was asked last. */
  answers(): string[] {
    return this.#answers.splice(0);
  }
}

/** How many messages a queue may deliver before it has recorded how far it is (REACH_STEP). */
const REACH = 16_384;

/** Declares a durable queue `name`, and waits until that is durable. */
function makeQueue(client: Client, name: string): void {
  client.send(declare(name));
  complete();
  client.answers();
}

function declare(queue: string, channel = 1): Uint8Array {
  return methodFrame(channel, 'queue.declare', { queue, durable: true });
}

function publish(routingKey: string, deliveryMode: number, channel = 1): Uint8Array {
  return joinBytes(publishFrames(channel, { routingKey }, { deliveryMode }, Uint8Array.of(1)));
}

describe('the answer to a method about what survives a restart', () => {
  const QUEUE = { queue: 'q', exchange: 'x', routingKey: 'k' };
  const EXCHANGE = { source: 'amq.topic', destination: 'x', routingKey: 'k' };

  test.each([
    ['queue.declare', methodFrame(1, 'queue.declare', { queue: 'new', durable: true })],
    ['queue.declare', methodFrame(1, 'queue.declare', { queue: 'q', durable: true })],
    ['queue.bind', methodFrame(1, 'queue.bind', QUEUE)],
    ['queue.unbind', methodFrame(1, 'queue.unbind', QUEUE)],
    ['queue.unbind', methodFrame(1, 'queue.unbind', { ...QUEUE, exchange: 'not there' })],
    ['queue.purge', methodFrame(1, 'queue.purge', { queue: 'q' })],
    ['queue.delete', methodFrame(1, 'queue.delete', { queue: 'q' })],
    ['queue.delete', methodFrame(1, 'queue.delete', { queue: 'not there' })],
    ['exchange.declare', methodFrame(1, 'exchange.declare', { exchange: 'y', type: 'topic', durable: true })],
    ['exchange.bind', methodFrame(1, 'exchange.bind', EXCHANGE)],
    ['exchange.unbind', methodFrame(1, 'exchange.unbind', EXCHANGE)],
    ['exchange.delete', methodFrame(1, 'exchange.delete', { exchange: 'x' })],
    ['exchange.delete', methodFrame(1, 'exchange.delete', { exchange: 'not there' })],
  ])('%s waits until it is durable', (name, frame) => {
    const client = new Client(1);
    makeQueue(client, 'q');
    client.send(methodFrame(1, 'exchange.declare', { exchange: 'x', type: 'direct', durable: true }));
    complete();
    client.answers();
    // Something is on its way in any case, as it is on a broker with work.
    client.send(methodFrame(1, 'confirm.select'), publish('q', 2));
    expect(client.send(frame)).toEqual([]);
    expect(client.paused).toBe(true);
    complete();
    expect(client.answers()).toContain(`1 ${name}-ok`);
    expect(client.paused).toBe(false);
  });

  test.each([
    methodFrame(1, 'queue.declare', { queue: 'q', durable: true, passive: true }),
    methodFrame(1, 'queue.declare', { queue: 'transient' }),
    methodFrame(1, 'queue.declare', { queue: 'mine', durable: true, exclusive: true }),
    methodFrame(1, 'queue.bind', { queue: 'transient', exchange: 'amq.topic' }),
    methodFrame(1, 'queue.bind', { queue: 'q', exchange: 'passing' }),
    methodFrame(1, 'queue.purge', { queue: 'transient' }),
    methodFrame(1, 'queue.delete', { queue: 'transient' }),
    methodFrame(1, 'exchange.declare', { exchange: 'passing', type: 'topic' }),
    methodFrame(1, 'exchange.declare', { exchange: 'amq.topic', type: 'topic', passive: true }),
    methodFrame(1, 'exchange.bind', { source: 'amq.topic', destination: 'passing' }),
    methodFrame(1, 'exchange.delete', { exchange: 'passing' }),
    methodFrame(1, 'basic.consume', { queue: 'transient' }),
    methodFrame(1, 'basic.qos', { prefetchCount: 1 }),
    methodFrame(1, 'basic.get', { queue: 'transient' }),
  ])('does not wait when nothing of that is in it (%#)', (frame) => {
    const client = new Client(1);
    makeQueue(client, 'q');
    client.send(methodFrame(1, 'queue.declare', { queue: 'transient' }));
    client.send(methodFrame(1, 'exchange.declare', { exchange: 'passing', type: 'topic' }));
    client.send(publish('q', 2));
    client.answers();
    expect(client.send(frame)).toHaveLength(1);
    expect(client.paused).toBe(false);
  });

  test('is not waited for when the client wants none', () => {
    const client = new Client(1);
    const noWait = methodFrame(1, 'queue.declare', { queue: 'q', durable: true, noWait: true });
    expect(client.send(noWait, methodFrame(1, 'basic.qos'))).toEqual(['1 basic.qos-ok']);
  });

  test('comes at once when all is durable already', () => {
    const client = new Client(1);
    makeQueue(client, 'q');
    expect(client.send(declare('q'))).toEqual(['1 queue.declare-ok']);
    expect(client.paused).toBe(false);
  });

  test('tells an old queue’s declarer only when it is durable who else made it', () => {
    const [maker, other] = [new Client(1), new Client(1)];
    expect(maker.send(declare('q'))).toEqual([]);
    expect(other.send(declare('q'))).toEqual([]);
    complete();
    expect([maker.answers(), other.answers()]).toEqual([['1 queue.declare-ok'], ['1 queue.declare-ok']]);
  });

  test('comes in the same call when nothing survives in the store', () => {
    broker = makeBroker(new MessageLog(new MemoryEngine()));
    const client = new Client(1);
    client.receive(declare('q'), methodFrame(1, 'tx.select'), methodFrame(1, 'tx.commit'));
    client.connection.flush();
    expect(client.answers()).toEqual(['1 queue.declare-ok', '1 tx.select-ok', '1 tx.commit-ok']);
  });
});

describe('what a client sends behind an answer that waits', () => {
  test('is handled when it is durable, in its order', () => {
    const client = new Client(1);
    client.receive(
      declare('q'),
      methodFrame(1, 'queue.bind', { queue: 'q', exchange: 'amq.fanout' }),
      methodFrame(1, 'basic.consume', { queue: 'q' }),
      publish('q', 1),
      methodFrame(1, 'basic.qos'),
    );
    settle();
    expect(client.answers()).toEqual([]);
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok']);
    expect(client.paused).toBe(true);
    complete();
    expect(client.answers()).toEqual([
      '1 queue.bind-ok',
      '1 basic.consume-ok',
      '1 basic.qos-ok',
      '1 basic.deliver',
    ]);
    expect(client.paused).toBe(false);
  });

  test('is handled in one go by a broker that keeps nothing', () => {
    broker = makeBroker(new MessageLog(new MemoryEngine()));
    const client = new Client(1);
    expect(client.send(declare('a'), declare('b'), methodFrame(1, 'basic.qos'))).toEqual([
      '1 queue.declare-ok',
      '1 queue.declare-ok',
      '1 basic.qos-ok',
    ]);
  });

  test('waits on every channel of the connection, and on no other connection', () => {
    const [client, other] = [new Client(1, 2), new Client(1)];
    expect(client.send(declare('q', 2), methodFrame(1, 'basic.qos'))).toEqual([]);
    expect(other.send(methodFrame(1, 'basic.qos'))).toEqual(['1 basic.qos-ok']);
    complete();
    expect(client.answers()).toEqual(['2 queue.declare-ok', '1 basic.qos-ok']);
  });

  test('is not looked at while it waits: the broker does not run', () => {
    const client = new Client(1);
    client.send(declare('q'), methodFrame(1, 'basic.qos'));
    expect(turnIsDue).toBe(false);
    advance(1000);
    expect(turnIsDue).toBe(false);
    expect(client.answers()).toEqual([]);
  });

  test('may wait again, as often as there is something to wait for', () => {
    const client = new Client(1);
    const names = Array.from({ length: 50 }, (_, index) => `q${index}`);
    client.receive(...names.map((name) => declare(name)), methodFrame(1, 'basic.qos'));
    settle();
    for (let count = 0; count < names.length; count++) {
      expect(client.answers()).toEqual(count === 0 ? [] : ['1 queue.declare-ok']);
      complete();
    }
    expect(client.answers()).toEqual(['1 queue.declare-ok', '1 basic.qos-ok']);
    expect(client.send(methodFrame(1, 'basic.qos'))).toEqual(['1 basic.qos-ok']);
  });

  test('does not stop what others send to it', () => {
    const [client, other] = [new Client(1), new Client(1)];
    makeQueue(client, 'q');
    client.send(methodFrame(1, 'basic.consume', { queue: 'q', noAck: true }));
    expect(client.send(declare('other'))).toEqual([]);
    other.send(publish('q', 1));
    expect(client.answers()).toEqual(['1 basic.deliver']);
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok']);
  });

  test('is handled in the turns of many connections, all of it in the end', () => {
    const clients = Array.from({ length: 20 }, () => new Client(1));
    const many = Array.from({ length: 2000 }, () => methodFrame(1, 'basic.qos'));
    for (const [index, client] of clients.entries()) client.receive(declare(`q${index}`), ...many);
    settle();
    complete();
    for (const client of clients) expect(client.answers()).toHaveLength(1 + many.length);
  });

  test('that is wrong closes the channel when its turn has come', () => {
    const client = new Client(1);
    client.send(declare('q'), methodFrame(1, 'basic.consume', { queue: 'not there' }), declare('late'));
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok', '1 channel.close']);
    expect(broker.vhosts.get('/')?.queues.has('late')).toBe(false);
    expect(client.send(methodFrame(1, 'channel.close-ok'))).toEqual([]);
    expect(client.paused).toBe(false);
  });
});

describe('a connection whose answer waits', () => {
  test('that has ended gets none', () => {
    const client = new Client(1);
    client.send(declare('q'), publish('q', 2));
    client.connection.transportClosed();
    settle();
    complete();
    expect(client.answers()).toEqual([]);
    expect(broker.connectionCount).toBe(0);
  });

  test('is closed in order by what it sent', () => {
    const client = new Client(1);
    client.send(declare('q'), methodFrame(0, 'connection.close', { replyCode: 200 }));
    expect(client.answers()).toEqual([]);
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok', '0 connection.close-ok']);
    expect(client.transport.closed).toBe(true);
  });

  test('has its channel closed in order', () => {
    const client = new Client(1);
    client.send(declare('q'), methodFrame(1, 'channel.close'), methodFrame(1, 'channel.open'));
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok', '1 channel.close-ok', '1 channel.open-ok']);
  });

  test('gets no answer on a channel that a time-out closed meanwhile', () => {
    const client = new Client(1, 2);
    const args = { 'x-consumer-timeout': 1000 };
    client.send(methodFrame(1, 'queue.declare', { queue: 'slow', arguments: args }));
    client.send(methodFrame(1, 'basic.consume', { queue: 'slow' }), publish('slow', 1));
    client.answers();
    client.send(declare('q'), methodFrame(2, 'basic.qos'));
    advance(60_000);
    expect(client.answers()).toContain('1 channel.close');
    complete();
    expect(client.answers()).toEqual(['2 basic.qos-ok']);
  });

  test('is told of a shutdown, and may leave', () => {
    const client = new Client(1);
    client.send(declare('q'), methodFrame(1, 'basic.qos'));
    let isDown = false;
    broker.shutdown(() => {
      isDown = true;
    });
    settle();
    expect(client.answers()).toEqual(['0 connection.close']);
    expect(client.paused).toBe(false);
    client.send(methodFrame(0, 'connection.close-ok'));
    expect(isDown).toBe(true);
    complete();
    expect(client.answers()).toEqual([]);
  });

  test('is not given up for the heartbeats that are not read', () => {
    const client = new Client(1);
    client.send(declare('q'));
    advance(600_000);
    expect(client.connection.isOpen).toBe(true);
    complete();
    expect(client.answers()).toEqual(['1 queue.declare-ok']);
    advance(600_000);
    expect(client.connection.isOpen).toBe(false);
  });

  test('stays unread when an alarm is on, and reads when both have ended', () => {
    const client = new Client(1);
    client.send(publish('nobody', 1));
    client.send(declare('q'));
    broker.setAlarm('disk', true);
    complete();
    expect(client.answers()).toEqual(['0 connection.blocked', '1 queue.declare-ok']);
    expect(client.paused).toBe(true);
    broker.setAlarm('disk', false);
    expect(client.paused).toBe(false);
    client.send(declare('other'));
    broker.setAlarm('disk', true);
    broker.setAlarm('disk', false);
    expect(client.paused).toBe(true);
    complete();
    expect(client.paused).toBe(false);
  });

  test('pays alone for a defect of the broker that its frames uncover', () => {
    const [client, other] = [new Client(1), new Client(1)];
    client.send(declare('q'), methodFrame(1, 'basic.qos'));
    const channel = client.connection.channels.get(1) as Channel;
    channel.onFrame = () => {
      throw new Error('impossible');
    };
    expect(() => complete()).not.toThrow();
    expect(events.filter((event) => event.startsWith('error'))).toHaveLength(1);
    expect([client.connection.isClosed, other.connection.isOpen]).toEqual([true, true]);
  });
});

describe('a basic.get of what may not be delivered before it is on record how far the queue is', () => {
  /** Returns what is answered at once. */
  function getMany(client: Client): string[] {
    makeQueue(client, 'q');
    client.send(...Array.from({ length: REACH + 2 }, () => publish('q', 1)));
    const get = methodFrame(1, 'basic.get', { queue: 'q', noAck: true });
    return client.send(...Array.from({ length: REACH + 3 }, () => get));
  }

  test('waits until it is, and is then answered as ever', () => {
    const client = new Client(1);
    const first = getMany(client);
    expect(first).toEqual(Array.from({ length: REACH }, () => '1 basic.get-ok'));
    expect(client.paused).toBe(true);
    expect(turnIsDue).toBe(false);
    complete();
    expect(client.answers()).toEqual(['1 basic.get-ok', '1 basic.get-ok', '1 basic.get-empty']);
    expect(client.paused).toBe(false);
  });

  test('fails as it would have failed later when the queue is gone by then', () => {
    const [client, other] = [new Client(1), new Client(1)];
    getMany(client);
    other.send(methodFrame(1, 'queue.delete', { queue: 'q' }));
    complete();
    expect(client.answers()).toEqual(['1 channel.close']);
    expect(client.closedBy).toBe(BASIC_GET);
  });
});

test('acks become durable although nothing else happens', () => {
  const client = new Client(1);
  makeQueue(client, 'q');
  client.send(publish('q', 2), methodFrame(1, 'basic.get', { queue: 'q' }));
  complete();
  const before = engine.lastBlock;
  client.send(methodFrame(1, 'basic.ack', { deliveryTag: 1 }));
  expect(engine.lastBlock).toBe(before + 1);
});

describe('a transaction', () => {
  test('is answered when it is durable, before what the client sent behind it', () => {
    const client = new Client(1);
    makeQueue(client, 'q');
    client.send(methodFrame(1, 'tx.select'));
    client.answers();
    client.send(publish('q', 2), methodFrame(1, 'tx.commit'), methodFrame(1, 'basic.qos'));
    expect(client.answers()).toEqual([]);
    complete();
    expect(client.answers()).toEqual(['1 tx.commit-ok', '1 basic.qos-ok']);
  });

  test('with returned messages gets these first', () => {
    const client = new Client(1);
    client.send(methodFrame(1, 'tx.select'));
    client.answers();
    const returned = joinBytes(publishFrames(1, { routingKey: 'nobody', mandatory: true }));
    const nothingToWaitFor = client.send(returned, methodFrame(1, 'tx.commit'));
    expect(nothingToWaitFor).toEqual(['1 basic.return', '1 tx.commit-ok']);
  });
});
