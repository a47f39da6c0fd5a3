import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DirectChannel } from '../../src/client/direct-channel.ts';
import { type DirectConnection, openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import type { Page } from '../../src/core/message/message-store.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';
import { openingFrames, PROTOCOL_HEADER } from '../fuzz/session-frames.ts';
import { joinBytes, methodFrame } from '../servers/frame-bytes.ts';
import { LOCAL_PEER, RecordingTransport } from '../servers/recording-transport.ts';
import { SurvivingEngine } from '../storage/surviving-engine.ts';

/** A log whose reads can be made to fail; the host stops the broker then, before the error comes out of the read. */
class FailingLog extends MessageLog {
  readFails = false;
  commitCount = 0;
  onFailure: () => void = () => {};

  override pageOf(position: number): Page {
    if (!this.readFails) return super.pageOf(position);
    this.onFailure();
    throw new Error('the page is damaged');
  }

  override commit(): number {
    this.commitCount++;
    return super.commit();
  }
}

let engine: SurvivingEngine;
let log: FailingLog;
let broker: Broker;
let scheduler: VirtualScheduler;
let events: string[];
let connection: DirectConnection;
let channel: DirectChannel;

beforeEach(async () => {
  engine = new SurvivingEngine();
  log = new FailingLog(engine, { cold: new SurvivingEngine() });
  scheduler = new VirtualScheduler(() => broker.turn());
  events = [];
  const credentials = {
    hash: (password: string) => password,
    verify: (password: string, hash: string | undefined, done: (matches: boolean) => void) =>
      done(password === hash),
  };
  broker = new Broker({
    clock: new VirtualClock(0),
    random: new SeededRandom(1),
    scheduler,
    store: log,
    credentials,
    onEvent: ({ level, text }) => {
      if (level !== 'info') events.push(text);
    },
  });
  log.onFailure = () => {
    scheduler.stop();
    broker.halt();
  };
  connection = await openDirectConnection(broker);
  channel = await connection.createChannel();
  await channel.queueDeclare('q', { durable: true });
  await publish('one');
});

afterEach(() => {
  scheduler.stop();
});

function publish(body: string): Promise<void> {
  return channel.publish({ routingKey: 'q', body, properties: { deliveryMode: 2 } });
}

function queue(): Queue {
  return broker.vhosts.get('/')?.queues.get('q') as Queue;
}

test('a read that fails ends the streams, is nobody’s defect, and takes no message away', async () => {
  log.readFails = true;
  await expect(channel.get('q')).rejects.toMatchObject({ name: 'ConnectionClosedError', replyCode: 320 });
  expect([queue().readyCount, queue().unackedCount, queue().readyBytes]).toEqual([1, 0, 3]);
  expect(events).toEqual([]);
  expect(broker.connectionCount).toBe(0);
});

test('what a connection holds stays as it is when its stream ends after that', async () => {
  await channel.get('q');
  await publish('two');
  log.readFails = true;
  await expect(channel.get('q')).rejects.toMatchObject({ replyCode: 320 });
  expect([queue().readyCount, queue().unackedCount]).toEqual([1, 1]);
});

test('a message that comes back and cannot be read is not ready', async () => {
  const message = await channel.get('q');
  log.readFails = true;
  if (message !== undefined) channel.nack(message);
  expect([queue().readyCount, queue().readyBytes]).toEqual([0, 0]);
});

test('nothing that comes in is handled any more', async () => {
  broker.halt();
  await expect(channel.queuePurge('q')).rejects.toMatchObject({ replyCode: 320 });
  expect(queue().readyCount).toBe(1);
  await expect(openDirectConnection(broker)).rejects.toMatchObject({ replyCode: 320 });
});

test('a turn in which it happens commits nothing more', () => {
  const raw = broker.accept(new RecordingTransport(), LOCAL_PEER);
  const receive = (...frames: Uint8Array[]): void => {
    const chunk = joinBytes(frames);
    raw.receive(chunk, 0, chunk.length);
  };
  receive(PROTOCOL_HEADER);
  receive(...openingFrames(131_072));
  engine.isSlow = true;
  // basic.get waits for the declare-ok, and is handled in a turn.
  receive(
    methodFrame(1, 'channel.open'),
    methodFrame(1, 'queue.declare', { queue: 'other', durable: true }),
    methodFrame(1, 'basic.get', { queue: 'q' }),
  );
  scheduler.runTurn();
  log.readFails = true;
  engine.complete();
  const { commitCount } = log;
  expect(() => broker.turn()).toThrow('the page is damaged');
  expect(log.commitCount).toBe(commitCount);
  expect(events).toEqual([]);
});

test('a shutdown that was under way is over, and records nothing', async () => {
  let isDone = false;
  const { commitCount } = log;
  broker.shutdown(() => {
    isDone = true;
  });
  broker.halt();
  expect([isDone, log.commitCount]).toEqual([true, commitCount]);
});
