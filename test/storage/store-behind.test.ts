import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DirectConnection, openDirectConnection } from '../../src/client/direct-connection.ts';
import { Broker } from '../../src/core/broker.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { VirtualScheduler } from '../../src/testing/virtual-scheduler.ts';
import { SurvivingEngine } from './surviving-engine.ts';

const MIB = 2 ** 20;
const BODY = new Uint8Array(MIB);

let engine: SurvivingEngine;
let store: MessageLog;
let scheduler: VirtualScheduler;
let publisher: DirectConnection;
let consumer: DirectConnection;

beforeEach(async () => {
  engine = new SurvivingEngine();
  store = new MessageLog(engine, { cold: new SurvivingEngine() });
  scheduler = new VirtualScheduler(() => broker.turn());
  const credentials = {
    hash: (password: string) => password,
    verify: (password: string, hash: string | undefined, done: (matches: boolean) => void) =>
      done(password === hash),
  };
  const environment = {
    clock: new VirtualClock(0),
    random: new SeededRandom(1),
    scheduler,
    store,
    credentials,
  };
  const broker: Broker = new Broker({ ...environment, onEvent: () => {} });
  [publisher, consumer] = [await openDirectConnection(broker), await openDirectConnection(broker)];
});

afterEach(async () => {
  engine.isSlow = false;
  engine.complete();
  await publisher.close();
  await consumer.close();
  scheduler.stop();
});

/** Some rounds of the event loop: what can move has moved. */
async function quiet(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

test('who publishes faster than the disk takes it is not read from until the disk has caught up', async () => {
  const channel = await publisher.createChannel();
  await channel.queueDeclare('q', { durable: true });
  engine.isSlow = true;
  const published: number[] = [];
  const publish = async (index: number): Promise<void> => {
    await channel.publish({ routingKey: 'q', body: BODY, properties: { deliveryMode: 2 } });
    published.push(index);
  };
  for (let index = 0; index < 200; index++) {
    void publish(index);
    await quiet();
  }
  expect(store.pendingBytes).toBeLessThan(80 * MIB);
  const consuming = await consumer.createChannel();
  expect((await consuming.get('q', { noAck: true }))?.body.length).toBe(MIB);

  engine.isSlow = false;
  engine.complete();
  await quiet();
  await quiet();
  expect(published.length).toBe(200);
  expect(store.pendingBytes).toBe(0);
});

test('who publishes nothing is read from all the time', async () => {
  const channel = await publisher.createChannel();
  await channel.queueDeclare('q', { durable: true });
  engine.isSlow = true;
  for (let index = 0; index < 100; index++) {
    void channel.publish({ routingKey: 'q', body: BODY, properties: { deliveryMode: 2 } });
    await quiet();
  }
  const consuming = await consumer.createChannel();
  let got = 0;
  while ((await consuming.get('q', { noAck: true })) !== undefined) got++;
  expect(got).toBeGreaterThan(60);
});
